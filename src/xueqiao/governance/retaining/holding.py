"""Legal holds on data of the lake: what stays, whatever its term, until the hold ends."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils.translation import gettext as _

from xueqiao.governance import catalogue
from xueqiao.governance.deciding import Decided, reason_given
from xueqiao.governance.models import LakeHold
from xueqiao.kernel import clock, errors
from xueqiao.lake.retention.held import Held
from xueqiao.records import rules as records
from xueqiao.records.erasure import holds

if TYPE_CHECKING:
    from datetime import date, datetime

    from xueqiao.people.models import Person

Scope = LakeHold.Scope


class HoldUnfit(errors.Refusal):
    """A hold on nothing, on several things, or one that would have ended already."""

    code = "lake.hold_unfit"
    status = 422


@dataclass(frozen=True)
class What:
    """What a hold is on: exactly one of them.

    Attributes:
        place: a ``network.Place``, with all places below.
        person: a ``people.Person``.
    """

    table: str = ""
    place: Any = None
    person: Any = None

    @property
    def scope(self) -> str:
        given = [
            scope
            for scope, value in (
                (Scope.TABLE, self.table), (Scope.PLACE, self.place), (Scope.PERSON, self.person)
            )
            if value
        ]  # fmt: skip
        if len(given) != 1:
            text = _("Say what is held: one table, one place or one person.")
            raise HoldUnfit(text, pointer="scope")
        return given[0]


@transaction.atomic
def place(
    *, what: What, reason: str, by: Person, at: datetime, until: date | None = None
) -> LakeHold:
    """Keep data of the lake from being given up. In force at once, by one person.

    Args:
        until: the first day on which it has ended; None: until somebody lifts it.

    Raises:
        HoldUnfit: not exactly one thing, or an end that is not to come.
        catalogue.UnknownTable: no such table.
        deciding.ReasonMissing: no reason is given.
    """
    scope, said = what.scope, reason_given(reason)
    if what.table:
        catalogue.entry(what.table)
    if until is not None and until <= clock.local_date(at):
        raise HoldUnfit(_("The end has to lie ahead. Choose a later day."), pointer="until")
    return LakeHold.objects.create(
        scope=scope, lake_table=what.table, place=what.place, person=what.person, reason=said,
        until=until, placed_by=by, placed_at=at,
    )  # fmt: skip


@transaction.atomic
def lift(*, hold: LakeHold, reason: str, by: Person, at: datetime) -> LakeHold:
    """End a hold. What it kept goes with the next plan that is counted, not before.

    Raises:
        deciding.Decided: somebody did, or its end has come.
        deciding.ReasonMissing: no reason is given.
    """
    found = LakeHold.objects.select_for_update().get(pk=hold.pk)
    said = reason_given(reason)
    if not LakeHold.objects.in_force(clock.local_date(at)).filter(pk=found.pk).exists():
        raise Decided(_("This hold has ended before."))
    found.lifted_by, found.lifted_at, found.lift_reason = by, at, said
    found.save(update_fields=["lifted_by", "lifted_at", "lift_reason"])
    return found


def tables(at: datetime) -> frozenset[str]:
    """The tables that are held whole at a moment. One query."""
    found = LakeHold.objects.in_force(clock.local_date(at)).filter(scope=Scope.TABLE)
    return frozenset(found.values_list("lake_table", flat=True))


def in_force(at: datetime) -> Held:
    """Everything that is held at a moment, as the lake asks for it.

    What the record store holds is held in the lake as well: its sources, and the actors with
    everybody who is the same human being.
    """
    found = list(LakeHold.objects.in_force(clock.local_date(at)).order_by("pk"))
    sources, actors = holds.held(at)
    return Held(
        tables=frozenset(row.lake_table for row in found if row.lake_table),
        learners=frozenset(
            records.learner_id(0, row.person_id) for row in found if row.person_id is not None
        ),
        actors=frozenset(actors),
        places=frozenset(row.place_id for row in found if row.place_id is not None),
        sources=frozenset(sources),
    )
