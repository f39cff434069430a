"""Loading of a small folder: what is written, run again, stopped half-way."""

from datetime import UTC, date, datetime

import pytest

from tests.network import folders
from xueqiao.network import population, tree
from xueqiao.network.loading import boundaries, census, places
from xueqiao.network.models import (
    Boundary,
    Closure,
    Listing,
    LoadedStep,
    Place,
    PlaceChange,
    PopulationCell,
    Settlement,
    Succession,
)

NOW = datetime(2026, 1, 1, tzinfo=UTC)
BEGIN, MERGED = date(2010, 1, 1), date(2020, 12, 31)
TODAY = date(2026, 1, 1)
TABLES = (Place, Listing, Closure, PlaceChange, Succession, PopulationCell, Settlement, Boundary)


@pytest.fixture
def folder(tmp_path):
    return folders.write(tmp_path)


@pytest.fixture
def loaded(db, folder):
    places.load_places(folder=folder, at=NOW)
    return folder


def rows():
    """Every row of every table, as they would be after any way of loading."""
    return {model.__name__: list(model.objects.order_by("pk").values_list()) for model in TABLES}


def listed(register):
    found = Listing.objects.filter(register_id=register).order_by("code", "valid_from")
    return [
        (row.code, row.name, row.place.code, row.valid_from, row.valid_to)
        for row in found.select_related("place")
        if row.place.level in {3, 4}
    ]


def test_a_town_is_known_by_its_name_before_its_code(loaded):
    assert listed("mca") == [
        ("320602", "崇川区", "320613", BEGIN, MERGED),
        ("320611", "港闸区", "320611", BEGIN, MERGED),
        ("320613", "崇川区", "320613", MERGED, None),
        ("320613001", "和平桥街道", "320613002", BEGIN, None),
        ("320613002", "城东街道（撤销）", "320613001", BEGIN, None),
        ("320613012", "中兴街道", "320671001", BEGIN, None),
        ("320613015", "江海街道", "320613015", BEGIN, None),
    ]


def test_the_mark_of_a_register_is_not_part_of_the_name(loaded):
    marked = Listing.objects.get(is_marked_dissolved=True)
    assert (marked.name, marked.place.name) == ("城东街道（撤销）", "城东街道")


def test_every_register_has_its_own_counts(loaded):
    assert tree.counts(register="nbs", day=TODAY) == {1: 1, 2: 1, 3: 2, 4: 4, 5: 5}
    assert tree.counts(register="mca", day=TODAY) == {1: 1, 2: 1, 3: 1, 4: 4}
    assert tree.counts(register="nbs", day=date(2020, 12, 30)) == {1: 1, 2: 1, 3: 3, 4: 4, 5: 5}


def closure_of(name, register):
    found = Closure.objects.filter(descendant__name=name, register_id=register)
    found = found.select_related("ancestor").order_by("valid_from", "depth")
    return [
        (row.ancestor.name, row.depth, row.carried, row.valid_from, row.valid_to) for row in found
    ]


@pytest.mark.parametrize("register", ["nbs", "mca"])
def test_ground_of_an_ended_place_is_carried_to_its_successor(loaded, register):
    assert closure_of("港闸区", register) == [
        ("港闸区", 0, False, BEGIN, MERGED),
        ("南通市", 1, False, BEGIN, MERGED),
        ("江苏省", 2, False, BEGIN, MERGED),
        ("崇川区", 1, True, MERGED, None),
        ("南通市", 2, True, MERGED, None),
        ("江苏省", 3, True, MERGED, None),
    ]


def test_a_new_code_changes_nothing_in_the_tree(loaded):
    assert closure_of("和平桥街道", "nbs") == [
        ("和平桥街道", 0, False, BEGIN, None),
        ("崇川区", 1, False, BEGIN, None),
        ("南通市", 2, False, BEGIN, None),
        ("江苏省", 3, False, BEGIN, None),
    ]


def test_residents_are_counted_once_before_and_after_the_merger(loaded):
    county, city = tree.by_code("320613"), tree.by_code("3206")
    ended = tree.by_code("320611")
    before, after = date(2020, 11, 1), TODAY
    assert [population.residents(county, day=day) for day in (before, after)] == [50, 80]
    assert [population.residents(ended, day=day) for day in (before, after)] == [30, 0]
    assert [population.residents(city, day=day) for day in (before, after)] == [100, 100]
    assert population.residents(ended) == 30
    assert population.residents(city, age_from=60, sex="2") == 40
    assert population.settlement(county) == (50, 30)


def test_what_no_county_counts_stays_with_the_city(loaded):
    city = tree.by_code("3206")
    rest = PopulationCell.objects.filter(is_remainder=True)
    assert {cell.place_id for cell in rest} == {city.pk}
    assert sum(cell.residents for cell in rest) == 20


def test_ages_that_cut_a_band_are_refused(loaded):
    with pytest.raises(population.AgesSplitBand) as refusal:
        population.residents(tree.by_code("3206"), age_from=3)
    assert [text for text in ("2020", "3", "1", "4") if text not in str(refusal.value)] == []


def test_a_second_run_adds_nothing(loaded):
    before = rows()
    again = places.load_places(folder=loaded, at=datetime(2027, 1, 1, tzinfo=UTC))
    assert [step.is_new for step in again] == [False] * 4
    assert rows() == before


@pytest.mark.parametrize("module", [census, boundaries])
def test_stopped_half_way_it_goes_on_with_the_step_that_was_not_finished(
    db, folder, monkeypatch, module
):
    """A step that breaks after it has written leaves nothing; the next run completes the load."""

    class PowerCutError(Exception):
        pass

    real = module.load

    def cut_off(*given):
        real(*given)
        raise PowerCutError

    monkeypatch.setattr(module, "load", cut_off)
    with pytest.raises(PowerCutError):
        places.load_places(folder=folder, at=NOW)
    monkeypatch.undo()
    done = {"places", "closure"} | ({"census"} if module is boundaries else set())
    assert set(LoadedStep.objects.values_list("name", flat=True)) == done
    assert (PopulationCell.objects.count() > 0) == (module is boundaries)
    assert Boundary.objects.count() == 0
    again = places.load_places(folder=folder, at=NOW)
    assert {step.name for step in again if not step.is_new} == done
    assert population.residents(tree.by_code("32")) == 100
    assert Boundary.objects.count() == 2
