"""The exports of all rooms against the columns of bronze, and the way to a stored figure."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from django.apps import apps
from django.db import connection, models
from django.test.utils import CaptureQueriesContext

from tests import world as small_world
from tests.hall import factories
from tests.lake import worlds
from xueqiao.kernel import flat
from xueqiao.lake import build, catalogue, engines, extract, tables
from xueqiao.lake.sources import Log
from xueqiao.monitor import compute, queries
from xueqiao.monitor.models import IndicatorValue
from xueqiao.network import exports as network
from xueqiao.network.models import Place
from xueqiao.people.models import Person
from xueqiao.records import exports as records

NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)
DAY = date(2026, 3, 2)
MODELS = {
    "bronze.listing": "network.Listing",
    "bronze.closure": "network.Closure",
    "bronze.population": "network.PopulationCell",
    "bronze.institution": "network.Institution",
    "bronze.seat": "network.Seat",
    "bronze.person": "people.Person",
    "bronze.former_home": "people.PersonChange",
    "bronze.actor": "records.Actor",
    "bronze.statement": "records.Statement",
    "bronze.offering": "hall.Offering",
    "bronze.enrolment": "hall.Enrolment",
    "bronze.completion": "hall.Completion",
    "bronze.account": "creditbank.LearningAccount",
    "bronze.lot": "creditbank.CreditLot",
    "bronze.transfer": "creditbank.Transfer",
    "bronze.budget": "funds.ApprovedBudget",
}


def copy(root):
    return extract.extract(root=root, of=catalogue.sources(), at=NOW)


def figures(root, day=DAY):
    with engines.opened(name="duckdb", memory="500MB", root=root) as engine:
        build.build(root=root, engine=engine, at=NOW)
    with engines.opened(name="duckdb", memory="500MB", root=root) as engine:
        return compute.compute(root=root, engine=engine, as_of=day, at=NOW)


@pytest.mark.django_db(transaction=True)
def test_every_table_is_copied_whole_and_once(tmp_path):
    small_world.build(NOW)
    copy(tmp_path)

    counts = tables.row_counts(tmp_path)
    assert {name: counts[name] for name in MODELS} == {
        name: apps.get_model(label).objects.count() for name, label in MODELS.items()
    }
    assert {each.rows for each in copy(tmp_path)} == {None}


def sample(field):
    """A value of a field as both drivers give it, or as only one does."""
    if isinstance(field, models.UUIDField):
        return UUID(int=7)
    if isinstance(field, models.DateTimeField):
        return NOW
    if isinstance(field, models.DateField):
        return DAY
    if isinstance(field, models.BooleanField):
        return True
    return 7 if isinstance(field, models.IntegerField) else "七"


@pytest.mark.embedded
def test_every_column_of_every_export_has_the_type_of_its_field(monkeypatch):
    def rows(export, *_facts):
        fields = [flat.field_of(export.rows.model, path) for path in export.columns.values()]
        return [tuple(sample(field) for field in fields)] * 2

    monkeypatch.setattr(flat.Export, "all", lambda export: [rows(export)])
    monkeypatch.setattr(flat.Export, "after", rows)
    monkeypatch.setattr(records, "leads", dict)
    given = [source for source in catalogue.sources() if isinstance(source, Log) or source.shape]
    for source in given:
        found = source.after(None, 2) if isinstance(source, Log) else next(source.read())
        assert found.schema.equals(source.schema), source.table
        assert found.num_rows == 2
    assert len(given) > 30


@pytest.mark.django_db
def test_a_stamp_tells_of_a_change_that_another_row_makes_up_for():
    nbs, days = factories.register(), (date(2000, 1, 1), date(2001, 1, 1), date(2002, 1, 1))
    for number, (name, day) in enumerate(zip(("A", "B", "C"), days, strict=True), 1):
        Place.objects.create(
            pk=number, origin=nbs, code=str(number), level=2 + number, name=name, valid_from=day,
            search_text=name,
        )  # fmt: skip
    places = Place.objects.order_by("pk")
    stamps = [network.PLACES.stamp()]
    for changed in ({"name": ("B", "A")}, {"valid_from": days[1::-1]}, {"level": (4, 3)}):
        for name, values in changed.items():
            for place, value in zip(places, values, strict=False):
                Place.objects.filter(pk=place.pk).update(**{name: value})
        stamps.append(network.PLACES.stamp())
    Place.objects.filter(pk=1).update(name="Bb")
    stamps.append(network.PLACES.stamp())
    assert len({str(stamp) for stamp in stamps}) == len(stamps)
    assert network.PLACES.stamp() == stamps[-1]


@pytest.mark.django_db(transaction=True)
def test_what_changes_and_goes_below_changes_and_goes_in_bronze(tmp_path):
    home, gone = (Person.objects.create(key=UUID(int=n), opened_at=NOW) for n in (1, 2))
    copy(tmp_path)
    Person.objects.filter(pk=home.pk).update(birth_year=1901, updated_at=NOW + timedelta(days=1))
    number = gone.pk
    gone.delete()

    done = {each.table: (each.rows, each.gone) for each in copy(tmp_path) if each.rows}
    assert done["bronze.person"] == (1, 1)
    present = worlds.rows_of(tmp_path, "bronze.person")
    assert [(row["learner_id"], row["birth_year"]) for row in present] == [(2 * home.pk, 1901)]
    changes = worlds.rows_of(tmp_path, "bronze.person_change")
    assert [row["is_gone"] for row in changes if row["learner_id"] == 2 * number] == [False, True]


@pytest.mark.django_db(transaction=True)
def test_a_figure_is_stored_with_its_numbers_and_read_in_one_query(tmp_path):
    where = small_world.build(NOW)
    copy(tmp_path)
    done = figures(tmp_path)
    assert done.values == IndicatorValue.objects.count() > 0

    with CaptureQueriesContext(
        connection,
    ) as asked:
        found = queries.tiles(
            place=where.province, codes=[one.code for one in queries.definitions()], register="nbs"
        )
        below = queries.children(place=where.province, code="N02", register="nbs")
        over_years = queries.series(place=where.province, code="N02", register="nbs")
    assert len(asked) == 3
    assert all(figure.denominator for code, figure in found.items() if code != "P09")
    assert sum(figure.denominator for figure in below) == found["N02"].denominator
    assert [figure.exact for figure in over_years] == [found["N02"].exact]


@pytest.mark.django_db(transaction=True)
def test_computing_again_changes_nothing_and_another_day_replaces(tmp_path):
    small_world.build(NOW)
    IndicatorValue.objects.all().delete()
    copy(tmp_path)
    first = figures(tmp_path)
    assert figures(tmp_path).values is None
    stored = IndicatorValue.objects.count()

    later = figures(tmp_path, date(2026, 3, 3))

    assert later.values == first.values == stored == IndicatorValue.objects.count()
    assert later.run.pk != first.run.pk
    assert set(IndicatorValue.objects.values_list("run_id", flat=True)) == {later.run.pk}


@pytest.mark.django_db(transaction=True)
def test_last_years_standing_facts_stay_when_a_new_year_is_computed(tmp_path):
    small_world.build(NOW)
    copy(tmp_path)
    figures(tmp_path)
    figures(tmp_path, date(2027, 1, 5))
    assert queries.periods(code="N02", register="nbs") == [2026, 2027]
