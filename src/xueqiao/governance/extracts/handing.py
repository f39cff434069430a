"""Handing out files: to who asked, or by a signed link; each time a line in the log of readings."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from django.db import transaction
from django.utils.translation import gettext as _

from xueqiao.governance import readings
from xueqiao.governance.exporting import links
from xueqiao.governance.extracts import copies, designs
from xueqiao.governance.models import LakeReading, Purpose, ResearchExtract, ResearchExtractFile
from xueqiao.kernel import clock, errors, ids
from xueqiao.people import rights

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from xueqiao.people.models import Person

SALT = "xueqiao.lake.extract"


class ExtractOfAnother(errors.Refusal):
    """Somebody else asked for the extract."""

    code = "extract.of_another"
    status = 403


class ExtractOver(errors.Refusal):
    """The file is not there (any more): not ready, withdrawn, ended, out of time."""

    code = "extract.over"


class Opened(NamedTuple):
    """What a link leads to."""

    file: ResearchExtractFile
    path: Path


@transaction.atomic
def take(*, file: ResearchExtractFile, by: Person, at: datetime, way: str = "") -> Path:
    """A file of a copy, for who asked for the extract; written down before it is handed out.

    Args:
        way: the link it is fetched by; "" for a signed-in person.

    Raises:
        ExtractOfAnother, ExtractOver.
        rights.NotAllowed: the role that the extract rests on has ended.
        readings.LogBusy.
    """
    extract = file.extract
    _refuse_over(extract, file, by, at)
    path = copies.folder(extract) / file.name
    if not path.exists():
        raise ExtractOver(over_text())
    detail = {
        "extract": extract.pk, "edition": file.edition, "recipient": file.recipient,
        "file": file.name, "way": way,
    }  # fmt: skip
    readings.note(
        by=by, at=at, what=LakeReading.What.EXTRACT, purpose=Purpose.RESEARCH,
        tables=designs.of(extract).tables, rows=file.rows, detail=detail,
    )  # fmt: skip
    ResearchExtract.objects.filter(pk=extract.pk, handed_at=None).update(handed_at=at)
    return path


def make_link(*, file: ResearchExtractFile, by: Person, at: datetime) -> str:
    """A link to one file, for as long as ``links.LASTS``, to be passed on to its recipient.

    Raises:
        ExtractOfAnother, ExtractOver, rights.NotAllowed.
    """
    _refuse_over(file.extract, file, by, at)
    return links.signed([file.pk], salt=SALT, at=at)


def follow(*, link: str, at: datetime) -> Opened:
    """The file behind a link.

    Raises:
        links.LinkOver: changed, or too old.
        ExtractOver, rights.NotAllowed: its maker could not open it any more either.
    """
    number = links.said(link, salt=SALT, at=at)[0]
    rows = ResearchExtractFile.objects.select_related("extract__asked_by")
    file = rows.filter(pk=number).first()
    if file is None:
        raise links.LinkOver(links.over_text())
    way = ids.digest(link)[:16]
    return Opened(file, take(file=file, by=file.extract.asked_by, at=at, way=way))


def fetched(extract: ResearchExtract) -> list[str]:
    """Whose copies of an extract were fetched, in any edition: names in their order."""
    lines = LakeReading.objects.filter(what=LakeReading.What.EXTRACT, detail__extract=extract.pk)
    numbers = {detail["recipient"] for detail in lines.values_list("detail", flat=True)}
    return [extract.recipients[number - 1] for number in sorted(numbers)]


def over_text() -> str:
    return _("This file is not there (any more). Look at the extract's page.")


def _refuse_over(
    extract: ResearchExtract, file: ResearchExtractFile, by: Person, at: datetime
) -> None:
    if extract.asked_by_id != by.pk:
        raise ExtractOfAnother(_("Only who asked for an extract may fetch it."))
    day = clock.local_date(at)
    is_there = extract.state == ResearchExtract.State.MADE and file.edition == extract.edition
    if not is_there or extract.valid_to <= day:
        raise ExtractOver(over_text())
    rights.check(by, rights.LAKE_ANALYSE, day, place_id=extract.place_id)
