"""Links by which a program fetches a file of an export without signing in: signed, for a while.

A link says which file, for whom and since when; it opens nothing that its maker could not open at
that moment. A notebook reads it with ``pandas.read_parquet`` or DuckDB's ``read_parquet``.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from django.core import signing
from django.utils.translation import gettext as _

from xueqiao.governance.exporting import asking
from xueqiao.governance.models import LakeExport
from xueqiao.kernel import clock, errors, ids
from xueqiao.people import rights

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from xueqiao.governance.models import LakeExportPart
    from xueqiao.people.models import Person

SALT = "xueqiao.lake.file"
LASTS = timedelta(hours=24)


class LinkOver(errors.Refusal):
    """The link was changed, or its time is over."""

    code = "lake.link_over"
    status = 404


class Opened(NamedTuple):
    """What a link leads to."""

    part: LakeExportPart
    path: Path


def make(*, export: LakeExport, number: int, by: Person, at: datetime) -> str:
    """A link to one file, for as long as ``LASTS``.

    Raises:
        asking.ExportOfAnother, asking.ExportOver.
    """
    if export.asked_by_id != by.pk:
        raise asking.ExportOfAnother(_("Only who asked for an export may fetch or cancel it."))
    if export.state != LakeExport.State.DONE or not export.parts.filter(number=number).exists():
        raise asking.ExportOver(asking.gone_text())
    return signed([export.key.hex, number], salt=SALT, at=at)


def follow(*, link: str, at: datetime) -> Opened:
    """The file behind a link; a reading where it is about persons.

    Raises:
        LinkOver: changed, or too old.
        asking.ExportOver, results.GrantOver: its maker could not open it any more either.
    """
    key, number = said(link, salt=SALT, at=at)
    export = LakeExport.objects.select_related("run", "asked_by").filter(key=key).first()
    if export is None or not _may_ask(export.asked_by, at):
        raise LinkOver(over_text())
    path = asking.take(
        export=export, number=number, by=export.asked_by, at=at, way=ids.digest(link)[:16]
    )
    return Opened(export.parts.get(number=number), path)


def signed(what: list[Any], *, salt: str, at: datetime) -> str:
    """Some things and the time, signed: the text of a link. ``salt``: the kind of link."""
    return signing.dumps([*what, int(at.timestamp())], salt=salt)


def said(link: str, *, salt: str, at: datetime) -> list[Any]:
    """The things that a link was made of.

    Raises:
        LinkOver: changed, or older than ``LASTS``.
    """
    try:
        what: list[Any] = signing.loads(link, salt=salt)
    except signing.BadSignature as why:
        raise LinkOver(over_text()) from why
    if at.timestamp() - what.pop() > LASTS.total_seconds():
        raise LinkOver(over_text())
    return what


def _may_ask(maker: Person, at: datetime) -> bool:
    """Whether who made a link still has the role by which the page would show the file."""
    return rights.allows(maker, rights.LAKE_ANALYSE, clock.local_date(at))


def over_text() -> str:
    hours = int(LASTS.total_seconds() // 3600)
    text = _(
        "This link leads nowhere, or is older than {n} hours. Make a new one on the export's page."
    )
    return text.format(n=hours)
