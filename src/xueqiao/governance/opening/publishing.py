"""Publishing and withdrawing open data: asked by one, decided by a second person.

While it is asked for, the text is fixed and the job makes the files that would be published, so the
second person decides about what everybody will see.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext as _

from xueqiao.governance import deciding
from xueqiao.governance.designs import checking, columns, making
from xueqiao.governance.models import OpenDataset, OpenStep, Shape
from xueqiao.governance.models.edition import newest
from xueqiao.governance.opening import drafting
from xueqiao.kernel import clock, errors
from xueqiao.people import rights

if TYPE_CHECKING:
    from datetime import datetime

    from xueqiao.people.models import Person

State, Verb = OpenDataset.State, OpenStep.Verb
STANDING = (
    "state", "revision", "asked_by", "asked_at", "published_by", "published_at", "leaving_by",
    "withdrawn_at", "failure", "failed_at",
)  # fmt: skip


class NotMade(errors.Refusal):
    """The files that would be published are not made yet, so nobody can judge them."""

    code = "lake.open_not_made"


def design(dataset: OpenDataset) -> checking.Design:
    """What the files of a data set are made of."""
    return checking.Design(dataset.sql, Shape(dataset.shape), dataset.place_id)


def ask(*, dataset: OpenDataset, by: Person, at: datetime) -> OpenDataset:
    """Ask for the publication of a draft. Its query is planned first, outside the transaction.

    Raises:
        rights.NotAllowed, drafting.OpenWrongState.
        checking.…, costs.…, telling.…: the query does not fit its shape, or cannot be planned.
        columns.ColumnUndescribed.
    """
    rights.check(by, rights.LAKE_ANALYSE, clock.local_date(at), place_id=dataset.place_id)
    cost = checking.check(design(dataset))
    names = columns.given(cost.gives, counts=dataset.shape == Shape.COUNTS)
    columns.refuse_undescribed(names, columns.known(names, cost.tables, dataset.meanings))
    with transaction.atomic():
        row = drafting.locked(dataset, by, at, rights.LAKE_ANALYSE, State.DRAFT)
        if row.sql != dataset.sql or row.shape != dataset.shape:
            raise drafting.OpenWrongState(_("Somebody changed it meanwhile. Load the page again."))
        row.state, row.asked_by, row.asked_at = State.ASKED, by, at
        row.save(update_fields=["state", "asked_by", "asked_at"])
        drafting.note(row, Verb.ASK, by, at)
    return row


@transaction.atomic
def return_for_change(
    *, dataset: OpenDataset, by: Person, reason: str, at: datetime
) -> OpenDataset:
    """Make it a draft again, under the next revision. By who asked too.

    Raises:
        rights.NotAllowed, drafting.OpenWrongState, deciding.ReasonMissing.
    """
    row = drafting.locked(dataset, by, at, rights.LAKE_ANALYSE, State.ASKED)
    if row.asked_by_id != by.pk:
        day = clock.local_date(at)
        rights.check(by, rights.LAKE_STEWARD, day, place_id=row.place_id)
    drafting.note(row, Verb.RETURN, by, at, deciding.reason_given(reason))
    return _draft_again(row, at)


@transaction.atomic
def publish(*, dataset: OpenDataset, by: Person, at: datetime) -> OpenDataset:
    """Publish what somebody else asked for; what everybody sees is the edition made since then.

    Raises:
        rights.NotAllowed, drafting.OpenWrongState, deciding.SamePerson.
        NotMade: the files are not there yet, or could not be made.
    """
    row = drafting.locked(dataset, by, at, rights.LAKE_STEWARD, State.ASKED)
    assert row.asked_by_id is not None
    deciding.second_person(row.asked_by_id, by)
    if newest(row.editions.all(), row.revision) is None:
        text = _("Its files are made within some minutes. Look at them, then decide.")
        raise NotMade(row.failure or text)
    row.state, row.published_by, row.published_at = State.PUBLISHED, by, at
    row.save(update_fields=["state", "published_by", "published_at"])
    drafting.note(row, Verb.PUBLISH, by, at)
    return row


@transaction.atomic
def ask_withdrawal(*, dataset: OpenDataset, by: Person, reason: str, at: datetime) -> OpenDataset:
    """Ask that a published data set be withdrawn. It stays public until a second person decides.

    Raises:
        rights.NotAllowed, drafting.OpenWrongState, deciding.ReasonMissing.
    """
    row = drafting.locked(dataset, by, at, rights.LAKE_ANALYSE, State.PUBLISHED)
    drafting.note(row, Verb.LEAVE, by, at, deciding.reason_given(reason))
    row.state, row.leaving_by = State.LEAVING, by
    row.save(update_fields=["state", "leaving_by"])
    return row


@transaction.atomic
def keep(*, dataset: OpenDataset, by: Person, reason: str, at: datetime) -> OpenDataset:
    """Keep published what somebody asked to withdraw, with the reason. By who asked too.

    Raises:
        rights.NotAllowed, drafting.OpenWrongState, deciding.ReasonMissing.
    """
    row = drafting.locked(dataset, by, at, rights.LAKE_STEWARD, State.LEAVING)
    drafting.note(row, Verb.KEEP, by, at, deciding.reason_given(reason))
    row.state, row.leaving_by = State.PUBLISHED, None
    row.save(update_fields=["state", "leaving_by"])
    return row


@transaction.atomic
def withdraw(*, dataset: OpenDataset, by: Person, at: datetime) -> OpenDataset:
    """Withdraw what somebody else asked to withdraw; its page says so, its files go.

    Raises:
        rights.NotAllowed, drafting.OpenWrongState, deciding.SamePerson.
    """
    row = drafting.locked(dataset, by, at, rights.LAKE_STEWARD, State.LEAVING)
    assert row.leaving_by_id is not None
    deciding.second_person(row.leaving_by_id, by)
    row.state, row.withdrawn_at = State.WITHDRAWN, at
    row.save(update_fields=["state", "withdrawn_at"])
    drafting.note(row, Verb.WITHDRAW, by, at)
    transaction.on_commit(lambda: _remove(row, at))
    return row


@transaction.atomic
def revise(*, dataset: OpenDataset, by: Person, at: datetime) -> OpenDataset:
    """Take a withdrawn data set up again as a draft, under the next revision.

    Raises:
        rights.NotAllowed, drafting.OpenWrongState.
    """
    row = drafting.locked(dataset, by, at, rights.LAKE_ANALYSE, State.WITHDRAWN)
    drafting.note(row, Verb.REVISE, by, at)
    return _draft_again(row, at)


def _draft_again(row: OpenDataset, at: datetime) -> OpenDataset:
    row.state, row.revision = State.DRAFT, row.revision + 1
    row.asked_by = row.asked_at = row.published_by = row.published_at = row.leaving_by = None
    row.withdrawn_at, row.failure, row.failed_at = None, "", None
    row.save(update_fields=STANDING)
    transaction.on_commit(lambda: _remove(row, at))
    return row


def _remove(row: OpenDataset, at: datetime) -> None:
    making.remove(row.editions.kept(), at)
