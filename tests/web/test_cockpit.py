"""The cockpit: boards of places, the definition behind each number, outlines, emptiness."""

from __future__ import annotations

import csv
import json
import re
from datetime import date
from pathlib import Path

import pytest

from tests import world as small
from tests.world_parts import places
from xueqiao import sample
from xueqiao.kernel import clock
from xueqiao.monitor import queries
from xueqiao.monitor.models import IndicatorRun, IndicatorValue
from xueqiao.network import outline
from xueqiao.network.models import Boundary, Listing, Place
from xueqiao.web.cockpit import outlines

pytestmark = pytest.mark.django_db


@pytest.fixture
def world(db):
    return small.build()


@pytest.fixture
def english(client):
    client.cookies["language"] = "en"
    return client


def value_of(
    code, place, numerator, denominator, *, register="nbs", period=None, reported=None, as_of=None
):
    """A stored value; replaces one that is there."""
    day = as_of or clock.local_date(clock.now())
    place = Place.objects.get(code=place)
    listed = Listing.objects.filter(place=place, valid_to=None).first()
    run = IndicatorRun.objects.create(
        as_of=day, inputs="test", computed_at=clock.now(), values_written=1
    )
    key = {"indicator": code, "register_id": register, "place": place, "period": period or day.year}
    expected = denominator or 0
    IndicatorValue.objects.filter(**key).delete()
    return IndicatorValue.objects.create(
        run=run, version=1, parent=listed.parent, numerator=numerator, denominator=denominator,
        expected=expected, reported=expected if reported is None else reported, as_of=day,
        source_class="real", **key,
    )  # fmt: skip


def text_of(answer):
    """What a reader sees: no tags, single spaces."""
    html = re.sub(r"<(script|style)[^>]*>.*?</\1>", " ", answer.content.decode(), flags=re.DOTALL)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


def test_a_rate_is_shown_with_both_numbers_target_and_state(world, english):
    value_of("N02", "32", 1234, 1244)
    text = text_of(english.get("/cockpit/?register=nbs"))
    assert "99.20 %" in text
    assert "1,234 of 1,244 places" in text
    assert "nearly met" in text
    assert "≥ 100%" in text


@pytest.mark.parametrize(
    ("numerator", "word"), [(100, "target met"), (90, "nearly met"), (89, "below target")]
)
def test_colour_follows_the_target_and_never_the_rank(world, english, numerator, word):
    value_of("N02", "32", numerator, 100)
    chosen = english.get("/cockpit/?indicator=N02&register=nbs").context["board"].chosen
    assert chosen.standing.word == word


def test_an_indicator_without_target_has_no_state(world, english):
    value_of("Q02", "32", 1, 100)
    board = english.get("/cockpit/?indicator=Q02&register=nbs").context["board"]
    assert (board.chosen.standing.code, board.chosen.target) == ("none", "")


def test_every_number_of_the_board_leads_to_its_definition(world, english):
    page = english.get("/cockpit/?indicator=N02&register=nbs&by=city").content.decode()
    opened = set(re.findall(r'href="(/cockpit/indicators/[^"]+)"', page))
    assert any("place=32&" in each for each in opened)
    assert any("place=3209&" in each for each in opened)
    for address in opened:
        assert english.get(address.replace("&amp;", "&")).status_code == 200


def test_the_panel_opens_a_number_to_everything_behind_it(world, english):
    value_of("N02", "3209", 7, 8, reported=6)
    day = clock.local_date(clock.now())
    text = text_of(
        english.get(f"/cockpit/indicators/N02/?place=3209&register=nbs&period={day.year}")
    )
    for part in (
        "87.50",
        "盐城市",
        "7 places",
        "8 places",
        "Statistical",
        "75.0% complete",
        "6 / 8",
        "Records and registers",
        "numerator (places) ÷ denominator (places) × 100 = %",
        "≥ 100%",
        "higher is better",
        "Towns and subdistricts in which",
        "Last computed",
    ):
        assert part in text, part


def test_the_panel_alone_answers_the_board(world, english):
    answer = english.get(
        "/cockpit/indicators/N02/?place=32&register=nbs", headers={"HX-Target": "panel"}
    )
    assert "<html" not in answer.content.decode()
    assert 'id="definition-title"' in answer.content.decode()


@pytest.mark.parametrize(
    "code", ["N02", "N03", "N05", "N06", "P01", "P03", "P09", "Q02", "X01", "F01"]
)
def test_each_indicator_has_a_page(client, db, code):
    page = client.get(f"/cockpit/indicators/{code}/").content.decode()
    assert str(queries.definition(code).title) in page
    assert "select" in page


def test_an_unknown_indicator_place_or_outline_is_not_found(world, english):
    assert english.get("/cockpit/indicators/Z99/").status_code == 404
    assert english.get("/cockpit/999999/").status_code == 404
    answer = english.get("/cockpit/boundaries/32.json")
    assert (answer.status_code, answer.json()["code"]) == (404, "network.no_outline")


def test_old_data_say_so(world, english):
    value_of("P01", "32", 1, 100, period=2014, as_of=date(2014, 12, 31))
    board = english.get("/cockpit/?indicator=P01&register=nbs&period=2014").context["board"]
    assert board.chosen.is_stale
    board = english.get("/cockpit/?indicator=N02&register=nbs").context["board"]
    assert not board.chosen.is_stale


def test_before_the_first_computation_the_board_says_what_to_do(world, english):
    IndicatorValue.objects.all().delete()
    text = text_of(english.get("/cockpit/"))
    assert "No indicator has been computed" in text
    assert "xueqiao compute_indicators" in text


def test_the_register_changes_the_denominator(world, english):
    value_of("N02", "32", 1234, 1244, register="mca")
    value_of("N02", "32", 1234, 1487, register="nbs")
    place = Place.objects.get(code="32")
    Listing.objects.create(
        register_id="mca", place=place, code="32", name="江苏省", valid_from=place.valid_from
    )
    assert "99.20 %" in text_of(english.get("/cockpit/?register=mca"))
    assert "82.99 %" in text_of(english.get("/cockpit/?register=nbs"))


def test_drill_keeps_the_choices_and_shows_the_way_back(world, english):
    answer = english.get("/cockpit/3209/?indicator=N02&register=nbs")
    page = answer.content.decode()
    assert [place.name for place in answer.context["board"].ancestors] == ["江苏省"]
    assert "/cockpit/320924/?indicator=N02&amp;register=nbs" in page
    assert "/cockpit/32/?indicator=N02&amp;register=nbs" in page


def test_places_without_a_value_are_counted_and_listed(world, english):
    IndicatorValue.objects.filter(place__code="320923").delete()
    answer = english.get("/cockpit/3209/?indicator=N02&register=nbs")
    figure = answer.context["places"]
    assert [row["value"] for row in figure.rows] == [pytest.approx(99.19), None]
    assert "1 place has no value." in figure.summary


def test_the_board_costs_the_same_for_one_place_and_for_three(
    world, english, django_assert_num_queries
):
    with django_assert_num_queries(9):
        english.get("/cockpit/32/?indicator=N02&register=nbs&by=county")
    province, city = Place.objects.get(code="32"), Place.objects.get(code="3209")
    for code in ("320901", "320902"):
        places.place(code, 3, f"县 {code}", [city, province])
        value_of("N02", code, 1, 2)
    with django_assert_num_queries(9):
        english.get("/cockpit/32/?indicator=N02&register=nbs&by=county")


def test_the_file_holds_the_rows_of_the_table(world, english):
    value_of("N02", "320924", 7, 8)
    value_of("N02", "320923", 1, 8)
    address = "/cockpit/3209/?indicator=N02&register=nbs&figure=places&sort=-number&download=csv"
    lines = b"".join(english.get(address).streaming_content).decode("utf-8-sig").splitlines()
    assert list(csv.reader(lines)) == [
        ["Place", "Value (%)", "Numerator", "Denominator", "Target"],
        ["射阳县", "87.5", "7", "8", "✕ below target"],
        ["阜宁县", "12.5", "1", "8", "✕ below target"],
    ]


def square(x, y, side=1.0):
    ring = [[x, y], [x + side, y], [x + side, y + side], [x, y + side], [x, y]]
    return {"type": "MultiPolygon", "coordinates": [[ring]]}


def test_outlines_are_served_with_codes_and_names_and_kept(world, english, settings, tmp_path):
    settings.HOME = tmp_path
    Boundary.objects.create(place=Place.objects.get(code="320924"), geometry=square(120, 33))
    answer = english.get("/cockpit/boundaries/32.json?level=3")
    shapes = json.loads(answer.content)
    assert [each["properties"] for each in shapes["features"]] == [
        {"name": "320924", "title": "射阳县"}
    ]
    assert shapes["features"][0]["geometry"]["coordinates"] == [
        [[[120.0, 33.0], [121.0, 33.0], [121.0, 34.0], [120.0, 34.0], [120.0, 33.0]]]
    ]
    assert len(list((tmp_path / "cache").iterdir())) == 1
    Boundary.objects.create(place=Place.objects.get(code="320923"), geometry=square(121, 33))
    assert (
        len(json.loads(english.get("/cockpit/boundaries/32.json?level=3").content)["features"]) == 2
    )


def test_the_real_outlines_of_a_province_fit_into_a_page():
    """Both sample provinces, by county: at most 150 KB, and neighbours keep their common border."""
    folder = Path(sample.__path__[0]) / "regions/boundaries"
    for name in ("js_county", "hn_county"):
        found = json.loads((folder / f"{name}.geojson").read_text())["features"]
        shapes = {each["properties"]["code"]: each["geometry"]["coordinates"] for each in found}
        kept = outline.fit(shapes, outlines.AT_MOST_BYTES)
        assert len(json.dumps(kept, separators=(",", ":"))) <= outlines.AT_MOST_BYTES
        assert kept.keys() == shapes.keys()
        assert all(
            len(ring) >= 4 and ring[0] == ring[-1]
            for shape in kept.values()
            for part in shape
            for ring in part
        )
