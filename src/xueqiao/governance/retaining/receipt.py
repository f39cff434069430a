"""The receipt of what was given up: what went of which table, what stays and why."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from xueqiao.governance import receipts

if TYPE_CHECKING:
    from xueqiao.governance.models import LakeRetention


def read(run: LakeRetention) -> dict[str, Any]:
    """The receipt, for a page and for the file. Instants in UTC; sizes in bytes."""
    return {
        "receipt": f"R-{run.pk}",
        "planned_at": run.planned_at.isoformat(),
        "approved_at": run.decided_at.isoformat() if run.decided_at else None,
        "finished_at": run.finished_at.isoformat() if run.finished_at else None,
        "kept_from": run.lines,
        "given_up": run.found,
        "rows": rows(run.found),
        "files_deleted": run.files,
        "bytes_deleted": run.size_bytes,
        "earlier_versions_left": 0,
        "stays": [{"what": what, "why": why} for what, why in stays(run)],
    }


def digest(run: LakeRetention) -> str:
    """SHA-256 of the receipt; see ``receipts.digest``."""
    return receipts.digest(lambda: read(run))


def rows(found: dict[str, Any]) -> int:
    """Rows of all tables together."""
    return sum(each["rows"] for each in found.values())


def stays(run: LakeRetention) -> list[tuple[str, str]]:
    """What of the time before the lines stays, and why."""
    found = [
        (
            _("Sums over many persons"),
            _("they stay as they were counted last, name nobody, and are not counted anew"),
        ),
        (
            _("Indicators of years that were given up"),
            _("they were published; the next computation leaves them as they are"),
        ),
        (
            _("The records themselves"),
            _("the record store keeps them by terms of its own; the lake does not copy them again"),
        ),
    ]
    if any(each["held"] for each in run.found.values()):
        found.append(
            (_("Rows under a legal hold"), _("they go with a plan after the hold has ended"))
        )
    if any(each["needed"] for each in run.found.values()):
        why = _("a statement that stays is void by them; without them it would count again")
        found.append((_("Voidings"), why))
    why = _("until they expire; a lake restored from one gives the same up again")
    found.append((_("Copies of the lake on other media"), why))
    return found
