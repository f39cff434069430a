"""Retention of the lake: terms by two persons, holds, plans, and receipts of what went."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, date, datetime, timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, transaction

from tests.governance import lakes
from tests.lake import worlds
from xueqiao.governance import deciding, publishing
from xueqiao.governance.models import LakeRetention, LakeTerm
from xueqiao.governance.retaining import holding, planning, receipt, runs, terms
from xueqiao.lake import engines, tables
from xueqiao.lake.retention import lines, scope
from xueqiao.monitor import compute
from xueqiao.monitor.models import IndicatorValue

pytestmark = pytest.mark.django_db
AT = datetime(2026, 3, 2, 8, tzinfo=UTC)
GONE = {"2024-03": 60, "2024-04": 60}


@pytest.fixture
def lake(office, settings, tmp_path, shared_lake):
    """A lake of one's own, of which everything is older than a year."""
    settings.LAKE = shutil.copytree(shared_lake, tmp_path / "lake")
    settings.LAKE_MEMORY = "500MB"
    return settings.LAKE


def keep(office, subject=scope.LOG, months=12, kind="table"):
    """A term in force, by two persons where two are needed."""
    asked = terms.ask(
        scope=kind, subject=subject, months=months, reason="合作协议第七条",
        by=office.province, at=AT,
    )  # fmt: skip
    return (
        deciding.approve(asked=asked, by=office.second, at=AT) if asked.state == "asked" else asked
    )


def months_of(name):
    return {entry.name: term.months for entry, term in terms.effective()}[name]


def test_a_shorter_term_needs_two_and_a_longer_one_does_not(office):
    given = {
        "scope": "table",
        "subject": "learner_day",
        "reason": "规定",
        "by": office.province,
        "at": AT,
    }
    first = terms.ask(**given, months=24)
    assert (first.state, first.shortens, months_of("learner_day")) == ("asked", True, None)
    with pytest.raises(terms.TermWaiting):
        terms.ask(**given, months=36)
    with pytest.raises(deciding.SamePerson):
        deciding.approve(asked=first, by=office.province, at=AT)
    deciding.approve(asked=first, by=office.second, at=AT)
    assert months_of("learner_day") == 24
    with pytest.raises(deciding.Decided):
        deciding.reject(asked=first, by=office.second, at=AT)

    assert terms.ask(**given, months=24) == first
    longer = terms.ask(**given, months=60)
    assert (longer.state, months_of("learner_day")) == ("in_force", 60)
    assert LakeTerm.objects.get(pk=first.pk).state == "ended"
    shorter = terms.ask(**given, months=12)
    deciding.reject(asked=shorter, by=office.second, at=AT)
    assert months_of("learner_day") == 60
    assert terms.ask(**given, months=None).state == "in_force"
    assert months_of("learner_day") is None


def test_the_own_term_comes_first_then_the_longer_default(office):
    keep(office, "3", 36, "level")
    assert months_of("learner_day") == 36
    keep(office, "user.activity", 60, "class")
    levels = {months_of("learner_day"), months_of("learner_month")}
    assert levels <= {36, 60}
    # To give a default up makes the tables it lengthened shorter again.
    kind = next(e.category.value for e, _t in terms.effective() if e.name == "learner_day")
    keep(office, kind, 90, "class")
    assert months_of("learner_day") == 90
    withdrawn = terms.ask(
        scope="class", subject=kind, months=None, reason="撤回", by=office.province, at=AT
    )
    assert withdrawn.state == "asked"
    keep(office, "learner_day", 6)
    assert months_of("learner_day") == 6
    assert months_of("bronze.person") is None


@pytest.mark.parametrize(
    ("kind", "subject", "months", "refusal"),
    [
        ("table", "bronze.person", 12, terms.NoTermHere),
        ("table", "learner", 12, terms.NoTermHere),
        ("table", "learner_day", 0, terms.TermUnfit),
        ("table", "learner_day", 1201, terms.TermUnfit),
        ("level", "9", 12, terms.TermUnfit),
        ("class", "no.such", 12, terms.TermUnfit),
    ],
)
def test_a_term_that_cannot_be_is_refused(office, kind, subject, months, refusal):
    with pytest.raises(refusal):
        keep(office, subject, months, kind)
    with pytest.raises(deciding.ReasonMissing):
        terms.ask(scope="level", subject="3", months=12, reason=" ", by=office.province, at=AT)


def test_a_plan_is_counted_allowed_by_a_second_person_and_leaves_a_receipt(office, lake):
    with pytest.raises(runs.NothingDue):
        runs.ask(by=office.province, at=AT)
    keep(office)
    before = worlds.rows_of(lake, "place_month")
    run = runs.ask(by=office.province, at=AT)
    assert run.plan["lines"][scope.LOG] == "2025-01"
    assert run.plan["tables"][scope.LOG]["months"] == GONE
    with pytest.raises(runs.PlanOpen):
        runs.ask(by=office.second, at=AT)
    assert runs.raise_due(now=AT) is None
    assert runs.work(now=AT) is None
    with pytest.raises(deciding.SamePerson):
        runs.approve(run=run, note="", by=office.province, at=AT)
    runs.approve(run=run, note="同意", by=office.second, at=AT)

    done = runs.work(now=AT)

    assert (done.state, done.held_up_by) == ("done", "")
    assert done.found[scope.LOG]["months"] == GONE
    assert done.files > 0
    assert worlds.rows_of(lake, "learner_day") == []
    assert worlds.rows_of(lake, "place_month") == before
    whole = receipt.read(LakeRetention.objects.get())
    assert done.digest == receipt.digest(LakeRetention.objects.get())
    assert whole["rows"] == receipt.rows(done.found) >= 240
    assert "learner" not in json.dumps(whole["given_up"][scope.LOG])
    assert runs.work(now=AT) is None
    assert planning.look(at=AT).rows == 0
    assert runs.raise_due(now=AT + timedelta(days=1)) is None


def test_indicators_of_years_that_were_given_up_stay_as_published(office, lake):
    def published():
        with engines.configured() as engine:
            compute.compute(root=lake, engine=engine, as_of=date(2026, 3, 2), at=AT)
        rows = IndicatorValue.objects.filter(indicator="P09").order_by("period", "place_id")
        return list(rows.values_list("period", "place_id", "numerator"))

    before = published()
    assert (2024, office.where.village.pk) in {row[:2] for row in before}
    keep(office)
    runs.approve(run=runs.raise_due(now=AT), note="", by=office.province, at=AT)
    runs.work(now=AT)
    assert published() == before


def test_the_platform_asks_by_itself_and_not_again_for_what_was_rejected(office, lake):
    keep(office)
    run = runs.raise_due(now=AT)
    assert run.asked_by is None
    with pytest.raises(deciding.ReasonMissing):
        runs.reject(run=run, note="", by=office.province, at=AT)
    runs.reject(run=run, note="审计未完", by=office.province, at=AT)
    assert runs.raise_due(now=AT + timedelta(days=1)) is None
    # The next year more is due.
    assert runs.raise_due(now=AT + timedelta(days=366)) is not None


def test_what_became_longer_or_was_held_since_the_approval_stays(office, lake):
    keep(office)
    keep(office, "quality.score", 12)
    run = runs.ask(by=office.province, at=AT)
    runs.approve(run=run, note="", by=office.second, at=AT)
    holding.place(
        what=holding.What(place=office.where.village), reason="诉讼", by=office.operator, at=AT
    )
    keep(office, "quality.score", 600)

    done = runs.work(now=AT)

    assert done.lines["quality.score"] < run.plan["lines"]["quality.score"]
    left = {row["learner_id"] for row in worlds.rows_of(lake, "learner_day")}
    assert left == lakes.living("village")
    assert done.found["learner_day"]["held"] == 2 * len(left)
    assert any("hold" in each["what"] for each in receipt.read(done)["stays"])


def test_a_hold_on_a_table_stops_what_was_begun_and_its_lifting_adds_nothing(office, lake):
    first = holding.place(
        what=holding.What(place=office.where.village), reason="诉讼", by=office.operator, at=AT
    )
    keep(office)
    days, events = (worlds.rows_of(lake, name) for name in ("learner_day", "stage.event"))
    run = runs.ask(by=office.province, at=AT)
    planned = {name: each["rows"] for name, each in run.plan["tables"].items()}
    runs.approve(run=run, note="", by=office.second, at=AT)
    with tables.locked(lake, "extract"):
        assert runs.work(now=AT).held_up_by == "lake.busy"
    # The plan is on its way: now a table is held, and what the plan did not count comes free.
    holding.place(what=holding.What(table="stage.event"), reason="x", by=office.operator, at=AT)
    holding.lift(hold=first, reason="结案", by=office.province, at=AT)

    done = runs.work(now=AT)

    assert done.state == "done"
    assert worlds.rows_of(lake, "stage.event") == events
    assert "stage.event" not in {**done.lines, **lines.of(lake)}
    gone = {name: each["rows"] for name, each in done.found.items()}
    assert gone == {name: rows for name, rows in planned.items() if name != "stage.event"}
    mine = lakes.living("village")
    assert worlds.rows_of(lake, "learner_day") == [r for r in days if r["learner_id"] in mine]
    # Both come with the next plan, which somebody has to allow.
    again = runs.raise_due(now=AT)
    assert again.plan["tables"]["learner_day"]["rows"] == 2 * len(mine)


def test_a_hold_ends_by_its_day_or_by_somebody(office, lake):
    person = office.where.village
    with pytest.raises(holding.HoldUnfit):
        holding.place(what=holding.What(), reason="x", by=office.operator, at=AT)
    with pytest.raises(holding.HoldUnfit):
        holding.place(
            what=holding.What(table="learner_day"), reason="x", by=office.operator, at=AT,
            until=date(2026, 3, 2),
        )  # fmt: skip
    dated = holding.place(
        what=holding.What(table="learner_day"), reason="x", by=office.operator, at=AT,
        until=date(2026, 4, 1),
    )  # fmt: skip
    holding.place(what=holding.What(place=person), reason="y", by=office.operator, at=AT)
    assert holding.in_force(AT).tables == {"learner_day"}
    assert holding.in_force(AT).places == {person.pk}
    later = AT + timedelta(days=60)
    assert holding.in_force(later).tables == frozenset()
    with pytest.raises(deciding.Decided):
        holding.lift(hold=dated, reason="z", by=office.province, at=later)
    holding.lift(hold=dated, reason="z", by=office.province, at=AT)
    assert holding.tables(AT) == frozenset()


def test_a_table_under_a_hold_has_no_line(office, lake):
    keep(office)
    holding.place(what=holding.What(table=scope.LOG), reason="x", by=office.operator, at=AT)
    assert planning.due(at=AT) == {}


def test_a_lake_made_anew_knows_its_lines_before_it_takes_anything_in(office, lake):
    keep(office)
    runs.approve(run=runs.raise_due(now=AT), note="", by=office.province, at=AT)
    known = runs.work(now=AT).lines
    shutil.rmtree(lake)
    assert publishing.publish(root=lake)
    assert lines.of(lake) == known
    assert not publishing.publish(root=lake)


def test_a_refusal_holds_a_plan_up_and_the_next_run_goes_on(office, lake, capsys):
    # The command asks the clock: short enough on any day from now on.
    keep(office, months=3)
    runs.approve(run=runs.raise_due(now=AT), note="", by=office.province, at=AT)
    with tables.locked(lake, "extract"), pytest.raises(CommandError):
        call_command("retain_lake")
    run = LakeRetention.objects.get()
    assert (run.state, run.held_up_by, run.found) == ("running", "lake.busy", {})
    call_command("retain_lake", "--plan")
    assert scope.LOG in capsys.readouterr().out

    call_command("retain_lake")

    run.refresh_from_db()
    assert (run.state, run.held_up_by, run.found[scope.LOG]["rows"]) == ("done", "", 120)
    call_command("retain_lake")
    call_command("retain_lake", "--plan")


def test_the_database_keeps_plans_and_terms_as_they_were(office, lake):
    term = keep(office)
    run = runs.raise_due(now=AT)
    for model, pk, change in (
        (LakeTerm, term.pk, {"months": 1}),
        (LakeRetention, run.pk, {"plan": {}}),
        (LakeRetention, run.pk, {"state": "approved"}),
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            model.objects.filter(pk=pk).update(**change)
