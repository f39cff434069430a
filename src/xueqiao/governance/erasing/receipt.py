"""The receipt of an erasure in the lake: what went where, what stays and why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from xueqiao.governance import receipts
from xueqiao.records.erasure import told

if TYPE_CHECKING:
    from xueqiao.governance.models import LakeErasure


def read(ticket: LakeErasure) -> dict[str, Any]:
    """The receipt, for a page and for the file. Instants in UTC; sizes in bytes."""
    return {
        "receipt": f"E-{ticket.erasure_id}",
        "digest_of_tombstones": told.finished([ticket.erasure_id]).get(ticket.erasure_id),
        "announced_at": _instant(ticket.announced_at),
        "finished_at": _instant(ticket.finished_at),
        "statements": ticket.statements,
        "blanked": ticket.blanked,
        "rows_taken_out": ticket.found,
        "built_anew": ticket.rebuilt,
        "files_deleted": ticket.files,
        "bytes_deleted": ticket.size_bytes,
        "earlier_versions_left": 0,
        "stays": [{"what": what, "why": why} for what, why in stays(ticket)],
    }


def digest(ticket: LakeErasure) -> str:
    """SHA-256 of the receipt; see ``receipts.digest``."""
    return receipts.digest(lambda: read(ticket))


def stays(ticket: LakeErasure) -> list[tuple[str, str]]:
    """What of a person stays in the lake or comes from it, and why."""
    found = [
        (
            _("Sums over many persons"),
            _(
                "they were built anew without the statements, except for years given up by their "
                "term, and name nobody"
            ),
        ),
        (
            _("Indicators that were computed before"),
            _("they are counts of a day that was published; the next computation counts anew"),
        ),
        (
            _("Enrolments, credit and certificates"),
            _("they are evidence of their own, and follow the decisions about them"),
        ),
        (
            _("Numbers in the logs of the tables"),
            _(
                "names of files, numbers of rows, and the days of what was added together; nothing "
                "that says whose"
            ),
        ),
    ]
    if ticket.blanked:
        why = _("they keep other statements void; all columns that say who are empty")
        found.append((_("Voidings without their author"), why))
    why = _("until they expire; a lake restored from one is brought up to date by the same log")
    found.append((_("Copies of the lake on other media"), why))
    found += [_handed_out(each) for each in ticket.handed_out]
    return found


def _handed_out(given: dict[str, Any]) -> tuple[str, str]:
    names = _(", ").join(given["recipients"])
    if "agreement" in given:
        what = _("Rows fetched under the agreement {code}: {names}")
        why = _(
            "they were fetched before, under keys of the agreement in the place of names; the "
            "agreement says what they are for"
        )
        return what.format(code=given["agreement"], names=names), why
    what = _("Copies of research extract X-{number}: {names}").format(
        number=given["extract"], names=names
    )
    why = _(
        "they were handed out before and may hold rows of the person, without a name; who asked "
        "for them has been told to have them destroyed"
    )
    return what, why


def _instant(at: Any) -> str | None:
    return at.isoformat() if at else None
