"""The whole sample against the raw files, counted again here without the product's readers."""

import csv
import re
from collections import Counter
from datetime import date

import pytest
from django.db import connection

from tests.network.full.conftest import REGIONS
from xueqiao.network import institutions, population, tree
from xueqiao.network.models import Boundary, Closure, InstitutionKind, Listing, Place, PlaceChange

pytestmark = pytest.mark.usefixtures("whole")

TODAY = date(2026, 11, 22)
REMAINDERS = {
    "连云港市": 263480, "镇江市": 263813, "湘潭市": 279947, "衡阳市": 230543, "岳阳市": 71521,
    "常德市": 49892, "益阳市": 242288, "永州市": 98062,
}  # fmt: skip


def raw(name):
    with (REGIONS / name).open(encoding="utf-8") as text:
        return list(csv.DictReader(text))


def by_level(register, province):
    top = tree.by_code(province)
    return [tree.descendants(top, register, TODAY, level=n).count() for n in range(1, 6)]


def test_the_counts_of_both_registers_are_those_of_the_files():
    for province, villages, nbs, mca in (
        ("32", "divisions_js_l5.csv", [1, 13, 104, 1487, 21958], [1, 13, 95, 1244, 0]),
        ("43", "divisions_hn_l5.csv", [1, 14, 134, 2008, 29534], [1, 14, 122, 1976, 0]),
    ):
        lists = {
            "nbs": raw("divisions_cn_l1_l4.csv") + raw(villages),
            "mca": raw("divisions_mca2025_l1_l4.csv"),
        }
        for register, expected in (("nbs", nbs), ("mca", mca)):
            counted = Counter(
                int(row["level"]) for row in lists[register] if row["code"].startswith(province)
            )
            assert [counted[n] for n in range(1, 6)] == expected
            assert by_level(register, province) == expected


def test_every_change_event_is_kept():
    events = raw("division_changes_1980_2026.csv") + raw("division_changes_supplement.csv")
    assert PlaceChange.objects.count() == len(events) == 481


def test_no_code_is_listed_twice_on_one_day():
    for register in ("nbs", "mca"):
        spans = {}
        found = Listing.objects.filter(register_id=register).order_by("code", "valid_from")
        for code, start, end in found.values_list("code", "valid_from", "valid_to"):
            assert spans.get(code, date.min) is not None, f"{register} {code} overlaps"
            assert spans.get(code, date.min) <= start, f"{register} {code} overlaps"
            spans[code] = end


def test_each_village_has_one_way_up_on_every_day_of_change():
    days = set(Place.objects.exclude(valid_to=None).values_list("valid_to", flat=True))
    for day in sorted(days | {date(2010, 1, 1), TODAY}):
        with connection.cursor() as ask:
            ask.execute(
                "select c.depth, count(*), count(distinct c.descendant_id) from network_closure c "
                "join network_place p on p.id = c.descendant_id where p.level = 5 and "
                "c.register_id = 'nbs' and c.valid_from <= %s and "
                "(c.valid_to is null or c.valid_to > %s) group by c.depth order by c.depth",
                [day, day],
            )
            found = ask.fetchall()
        villages = 21958 + 29534
        assert [row[0] for row in found] == [0, 1, 2, 3, 4]
        # The county of that day is unknown where it was founded later; nothing else is.
        assert [row[1] for row in found if row[0] != 2] == [villages] * 4
        assert all(rows == places for _depth, rows, places in found)


def test_census_of_the_provinces():
    for code, total, old in (("32", 84_748_016, 18_505_345), ("43", 66_444_864, 13_211_281)):
        place = tree.by_code(code)
        assert population.residents(place) == total
        assert population.residents(place, age_from=60) == old
        cities = [place.pk for place in tree.children(place, "nbs", TODAY)]
        assert sum(population.residents_of(cities).values()) == total
        sexes = [population.residents(place, sex=sex) for sex in "12"]
        assert sum(sexes) == total


def recount(row, *, age_from):
    bands = [name for name in row if re.fullmatch(r"[mf]_\d+(_\d+|p)?", name)]
    return sum(int(row[name]) for name in bands if int(re.findall(r"\d+", name)[0]) >= age_from)


def test_census_of_every_city_and_county_on_census_day():
    day = date(2020, 11, 1)
    for row in raw("census2020_county.csv"):
        if row["level"] == "1":
            continue
        code = row["code"][:4] if row["level"] == "2" else row["code"]
        place = tree.by_code(code)
        counted = [population.residents(place, age_from=age, day=day) for age in (0, 60)]
        assert counted == [recount(row, age_from=0), recount(row, age_from=60)], row["county"]
        assert counted[1] == int(row["pop_60p"])


def test_the_eight_cities_keep_what_no_county_counts():
    day = date(2020, 11, 1)
    found = {}
    for city in tree.places(register="nbs", level=2, day=day):
        counties = [place.pk for place in tree.children(city, "nbs", day)]
        rest = population.residents(city, day=day) - sum(
            population.residents_of(counties, day=day).values()
        )
        if rest:
            found[city.name] = rest
    assert found == REMAINDERS


@pytest.mark.parametrize(
    ("code", "listed_as", "now"),
    [
        ("320571", "320576", "苏州工业园区"),
        ("431121", "431181", "祁阳市"),
        ("430221", "430212", "渌口区"),
        ("320602", "320613", "崇川区"),
        ("320684", "320614", "海门区"),
    ],
)
def test_a_new_code_or_name_leaves_a_place_the_same(code, listed_as, now):
    assert tree.by_code(code) == tree.by_code(listed_as)
    assert tree.by_code(listed_as).name == now


@pytest.mark.parametrize(
    ("ended", "successor", "last_year"),
    [("320611", "320613", 2020), ("320705", "320706", 2014), ("321271", "321203", 2022),
     ("320502", "320508", 2012)],
)  # fmt: skip
def test_a_merged_place_ends_and_its_residents_go_with_the_ground(ended, successor, last_year):
    old, new = tree.by_code(ended), tree.by_code(successor)
    assert old.valid_to == date(last_year, 12, 31)
    assert old.succession.successor == new
    assert old not in list(tree.places(register="nbs", level=3, day=TODAY))
    assert tree.ancestors(old, "nbs", TODAY)[-1] == new
    on_its_own = population.residents(old)
    before = population.residents(new, day=date(last_year, 12, 30))
    assert population.residents(new) >= before + on_its_own


def test_the_same_nine_digits_are_two_towns():
    nbs, mca = tree.by_code("320104006", "nbs"), tree.by_code("320104006", "mca")
    assert (nbs.name, mca.name) == ("五老村街道", "中华门街道")
    assert tree.by_code("320104009", "mca") == nbs
    assert tree.search("中华门", day=TODAY, level=4) == [mca]


def test_outlines_are_those_of_the_civil_affairs_cities_and_counties():
    for province, cities, counties in (("32", 13, 95), ("43", 14, 122)):
        top = tree.by_code(province)
        for level, number in ((2, cities), (3, counties)):
            drawn = Boundary.objects.filter(
                place__in=tree.descendants(top, "mca", TODAY, level=level)
            )
            assert drawn.count() == number
            assert not drawn.filter(place__lon=None).exists()


def covered(register, province, **what):
    top = tree.by_code(province)
    places = set(tree.descendants(top, register, TODAY, level=4).values_list("pk", flat=True))
    found = institutions.count(register=register, level=4, day=TODAY, **what)
    return sum(place in places for place in found), len(places)


def test_the_sample_institutions_are_as_many_as_published():
    jiangsu = institutions.in_place(tree.by_code("32"), "nbs", TODAY)
    kinds = Counter(jiangsu.values_list("kind", flat=True))
    assert kinds == {
        InstitutionKind.OPEN_UNIVERSITY: 86,
        InstitutionKind.COMMUNITY_COLLEGE: 100,
        InstitutionKind.TOWN_CENTRE: 1234,
        InstitutionKind.VILLAGE_SCHOOL: 15000,
        InstitutionKind.ELDER_UNIVERSITY: 70,
    }
    assert all(name.endswith("（示例）") for name in jiangsu.values_list("name", flat=True))
    assert not jiangsu.filter(is_sample=False).exists()


def test_town_centres_cover_as_the_two_registers_say():
    assert covered("mca", "32", kind="town_centre") == (1234, 1244)
    assert covered("nbs", "32", kind="town_centre") == (1234, 1487)
    sheyang = tree.by_code("320924")
    for register, towns in (("mca", 13), ("nbs", 19)):
        seated = institutions.in_place(sheyang, register, TODAY).filter(kind="town_centre")
        assert (seated.count(), tree.children(sheyang, register, TODAY).count()) == (13, towns)


def test_elders_are_served_in_most_towns_and_not_in_every_city():
    served, towns = covered("mca", "32", kind="", serves_elders=True)
    assert served / towns > 0.7
    met, cities = institutions.coverage(
        register="nbs", level=2, kind="elder_university", day=TODAY, least=4
    )
    assert (met, cities) == (19, 27)


def test_a_centre_sits_in_one_county_whatever_the_register():
    """Where a register lacks the county (a zone), the city is the same."""
    rows = Closure.objects.filter(
        ancestor__level=2, descendant__seats__institution__kind="town_centre"
    )
    found = {}
    for institution, _register, city in rows.filter(valid_to=None).values_list(
        "descendant__seats__institution_id", "descendant__seats__register_id", "ancestor_id"
    ):
        found.setdefault(institution, set()).add(city)
    assert len(found) == 3180
    assert all(len(cities) == 1 for cities in found.values())
