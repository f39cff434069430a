"""Fetching under a sharing agreement: by a person or a key of the receiving side, written down."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from django.db import transaction
from django.utils.translation import gettext as _

from xueqiao.governance import readings
from xueqiao.governance.designs import making
from xueqiao.governance.models import (
    EditionFile,
    LakeReading,
    Shape,
    SharedDataset,
    SharedUse,
    SharingAgreement,
)
from xueqiao.governance.models.edition import newest
from xueqiao.governance.sharing import agreements
from xueqiao.kernel import clock, errors
from xueqiao.people import bothsides, rights

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from xueqiao.governance.models import DataEdition
    from xueqiao.people.models import Person

RETRY_SECONDS = 60


class NothingShared(errors.Refusal):
    """There is no such agreement, or no such data set in it, for whoever asks."""

    code = "lake.nothing_shared"
    status = 404


class SharingOver(errors.Refusal):
    """The agreement is not signed, has not begun, or has ended."""

    code = "lake.sharing_over"
    status = 403


class NotMadeYet(errors.Refusal):
    """The first files of a data set are being made."""

    code = "lake.shared_not_made"
    status = 503


class Asker(NamedTuple):
    """Who fetches: a person, or a key of an institution's source.

    Attributes:
        institution_id: of the key's source; None for a person.
        key: the name of the key pair; "" for a person.
    """

    person: Person | None = None
    institution_id: int | None = None
    key: str = ""


class Fetched(NamedTuple):
    """What is handed out."""

    edition: DataEdition
    path: Path


@transaction.atomic
def fetch(*, agreement: str, dataset: str, kind: str, by: Asker, at: datetime) -> Fetched:
    """The newest file of a data set, and one line in the log that both sides see.

    Args:
        agreement, dataset: their codes.
        kind: of ``EditionFile.Kind``.

    Raises:
        NothingShared: none for this asker, or no such kind of file.
        SharingOver, NotMadeYet, making.EditionGone.
    """
    row = _dataset(agreement, dataset, by, at)
    if kind not in EditionFile.Kind.values:
        kinds = ", ".join(EditionFile.Kind.values)
        raise NothingShared(_("Files come as {kinds}.").format(kinds=kinds), pointer="format")
    if not agreements.holds(row.agreement, clock.local_date(at)):
        text = _("This agreement is not in force today. Look at its page for its term.")
        raise SharingOver(text)
    edition = newest(row.editions.all(), row.agreement.revision)
    if edition is None:
        text = _("The files are made within some minutes. Try again then.")
        raise NotMadeYet(row.failure or text)
    path = making.path(edition, kind)
    SharedUse.objects.create(
        agreement=row.agreement, edition=edition, at=at, by=by.person, key=by.key, kind=kind,
        rows=edition.rows,
    )  # fmt: skip
    if row.shape == Shape.ROWS:
        _note(row, edition, by, at)
    return Fetched(edition, path)


def may_fetch(agreement: SharingAgreement, person: Person, at: datetime) -> bool:
    """Whether somebody holds a role of the receiving institution."""
    day = clock.local_date(at)
    return bothsides.speaks_for(person, rights.LAKE_SHARE, agreement.receiving_institution_id, day)


def _dataset(agreement: str, dataset: str, by: Asker, at: datetime) -> SharedDataset:
    rows = SharedDataset.objects.select_related("agreement")
    row = rows.filter(agreement__code=agreement, code=dataset).first()
    if row is None or not _is_receiver(row.agreement, by, at):
        text = _("No data set of this name is shared with you. Look at the agreement's page.")
        raise NothingShared(text)
    return row


def _is_receiver(agreement: SharingAgreement, by: Asker, at: datetime) -> bool:
    if by.person is not None:
        return may_fetch(agreement, by.person, at)
    return by.institution_id == agreement.receiving_institution_id


def _note(row: SharedDataset, edition: DataEdition, by: Asker, at: datetime) -> None:
    """Rows of persons are a reading of the lake too; for a key answers who signed for its side."""
    signed = row.agreement.signatures.filter(
        revision=row.agreement.revision, side=bothsides.Side.RECEIVING
    ).get()
    readings.note(
        by=by.person or signed.person, at=at, what=LakeReading.What.FILE,
        purpose=row.agreement.purpose, tables=sorted(edition.versions), rows=edition.rows,
        detail={"agreement": row.agreement.code, "dataset": row.code, "key": by.key,
                "edition": edition.number},
    )  # fmt: skip
