import csv
from datetime import date

import pytest
from django.db import DatabaseError, IntegrityError, transaction
from django.utils import translation

from tests.hall import factories
from xueqiao.funds import budgets, exports, intake, queries, rules
from xueqiao.funds.models import ApprovedBudget
from xueqiao.network.models import Listing

pytestmark = pytest.mark.django_db
DAY = date(2020, 3, 1)


@pytest.fixture
def english():
    with translation.override("en"):
        yield


@pytest.fixture
def county():
    made = factories.county()
    Listing.objects.create(
        register=made.register,
        place=made.county,
        code="320924",
        name="射阳县",
        valid_from=factories.SINCE,
    )
    return made.county


def approval(place, **changes):
    facts = {
        "place_id": place.pk,
        "year": 2020,
        "fen": 325_000_000,
        "approved_on": DAY,
        "source": "test",
        "request_key": "k1",
    }
    return budgets.Approval(**(facts | changes))


def file(tmp_path, *rows, columns=intake.COLUMNS):
    path = tmp_path / "budgets.csv"
    with path.open("w", encoding="utf-8", newline="") as text:
        csv.writer(text).writerows([columns, *rows])
    return path


def row(**changes):
    facts = {
        "place_code": "320924",
        "place_name": "射阳县",
        "year": "2020",
        "line": "lifelong_education",
        "fen": "325000000",
        "approved_on": "2020-03-01",
        "source": "示例",
        "is_sample": "1",
    } | changes
    return [facts[name] for name in intake.COLUMNS]


def test_a_budget_is_recorded_once(county):
    first = budgets.approve(approval(county))
    assert budgets.approve(approval(county)).pk == first.pk
    with pytest.raises(budgets.KeyReused):
        budgets.approve(approval(county, fen=1))
    with pytest.raises(budgets.AlreadyApproved):
        budgets.approve(approval(county, request_key="k2"))
    assert queries.approved([county.pk], 2020) == {county.pk: 325_000_000}


def test_a_correction_is_a_further_row(county):
    first = budgets.approve(approval(county))
    more = {"approved_on": date(2020, 6, 1), "source": "test 2", "request_key": "c1"}
    second = budgets.correct(budget_id=first.pk, fen=400_000_000, **more)
    assert budgets.correct(budget_id=first.pk, fen=400_000_000, **more) == second
    with pytest.raises(budgets.NoSuchBudget):
        budgets.correct(budget_id=first.pk, fen=1, **(more | {"request_key": "c2"}))
    assert [(r["budget_id"], r["fen"]) for r in exports.budgets()] == [(second.pk, 400_000_000)]
    assert [r.fen for r in ApprovedBudget.objects.known_on(date(2020, 4, 1))] == [325_000_000]
    assert [r.fen for r in queries.of_place(county.pk)] == [400_000_000]
    third = budgets.correct(
        budget_id=second.pk, fen=0, approved_on=date(2020, 7, 1), source="t", request_key="c3"
    )
    assert queries.approved([county.pk], 2020) == {county.pk: third.fen}


def test_the_database_refuses_a_negative_amount_and_any_change(county):
    with pytest.raises(budgets.NegativeAmount):
        budgets.approve(approval(county, fen=-1))
    with pytest.raises(IntegrityError), transaction.atomic():
        ApprovedBudget.objects.create(**vars(approval(county, fen=-1)))
    budgets.approve(approval(county))
    for change in (
        lambda: ApprovedBudget.objects.update(fen=1),
        ApprovedBudget.objects.all().delete,
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            change()


def test_a_file_is_loaded_once(county, tmp_path):
    path = file(tmp_path, row())
    assert intake.load(path=path) == intake.Counts(1, 325_000_000, 1)
    assert intake.load(path=path) == intake.Counts(1, 325_000_000, 0)


@pytest.mark.parametrize(
    "case",
    [
        ({"fen": "-1"}, "3/fen", "Row 3, column fen"),
        ({"fen": "12.5"}, "3/fen", "'12.5'"),
        ({"fen": ""}, "3/fen", "''"),
        ({"place_code": "999999"}, "3/place_code", "999999"),
        ({"year": "二〇二〇"}, "3/year", "column year"),
        ({"approved_on": "2020-02-30"}, "3/approved_on", "2020-02-30"),
    ],
)
def test_a_bad_cell_is_named_and_nothing_is_written(county, tmp_path, english, case):
    changes, pointer, says = case
    with pytest.raises(intake.CellRefused, match=says) as refused:
        intake.load(path=file(tmp_path, row(), row(**changes)))
    assert refused.value.pointer == pointer
    assert ApprovedBudget.objects.count() == 0


def test_a_file_that_cannot_be_read_says_why(tmp_path, english):
    with pytest.raises(intake.FileUnreadable, match="no file"):
        intake.load(path=tmp_path / "none.csv")
    with pytest.raises(intake.FileUnreadable, match="lacks the column fen"):
        intake.load(path=file(tmp_path, columns=[n for n in intake.COLUMNS if n != "fen"]))
    bad = tmp_path / "gbk.csv"
    bad.write_bytes("place_code,place_name\n320924,射阳县\n".encode("gbk"))
    with pytest.raises(intake.FileUnreadable, match="UTF-8"):
        intake.load(path=bad)


def test_the_sample_is_what_its_rule_says():
    """射阳县 is one row of the census file too, and no county is far from the floor."""
    with intake.SAMPLE.open(encoding="utf-8", newline="") as text:
        rows = {each["place_code"]: each for each in csv.DictReader(text)}
    census = intake.SAMPLE.parent.parent / "regions" / "census2020_county.csv"
    with census.open(encoding="utf-8", newline="") as text:
        people = {each["code"]: int(each["pop"]) for each in csv.DictReader(text)}
    shared = rows.keys() & people.keys()
    assert len(shared) > 200
    each = {code: int(rows[code]["fen"]) / people[code] for code in shared}
    # These took the ground of another place after the census, and its residents with it.
    moved = {code for code, fen in each.items() if not 340 <= fen <= 660}
    assert moved <= {"320613", "321203", "430204"}
    assert any(fen < rules.FLOOR_FEN_PER_RESIDENT for fen in each.values())
    assert any(fen > rules.FLOOR_FEN_PER_RESIDENT for fen in each.values())
    assert int(rows["320924"]["fen"]) == rules.sample_fen("320924", people["320924"])
    assert {row["is_sample"] for row in rows.values()} == {"1"}
    assert all("示例" in row["source"] for row in rows.values())
