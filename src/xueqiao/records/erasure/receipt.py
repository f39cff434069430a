"""The receipt of an erasure: what went, what stays and why, the digests, who, and when."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from xueqiao.records.models import Erasure

if TYPE_CHECKING:
    from collections.abc import Iterator

    from xueqiao.people.models import Person

HOW = "first 32 hexadecimal digits of SHA-256 of the id in lower case with hyphens"


def read(erasure: Erasure) -> dict[str, Any]:
    """The receipt without its list of digests, for a page and for the head of the file.

    Names of people are those who asked and decided; who was erased appears by kind of identifier.
    """
    return {
        "receipt": erasure.pk,
        "kind": erasure.kind,
        "reach": erasure.reach,
        "reason": erasure.reason,
        "source": erasure.source.code if erasure.source else None,
        "stored_before": _instant(erasure.stored_before),
        "identifiers": [
            {"kind": each.kind, "home_page": each.home_page or None, "hash": each.hash}
            for each in erasure.identifiers.order_by("pk")
        ],
        "requested": _who(erasure.requested_by, erasure.requested_at),
        "decided": _who(erasure.decided_by, erasure.decided_at) | {"note": erasure.note},
        "started_at": _instant(erasure.started_at),
        "finished_at": _instant(erasure.finished_at),
        "state": erasure.state,
        "erased": erasure.done,
        "stays": [{"what": what, "why": why, "count": n} for what, why, n in stays(erasure)],
        "digests": {"how": HOW, "sha256_of_list": erasure.digest},
    }


def digests(erasure: Erasure) -> Iterator[str]:
    """The digests of all ids that an erasure bars, sorted, 32 hexadecimal digits each."""
    rows = erasure.tombstones.order_by("digest").values_list("digest", flat=True)
    return (each.hex for each in rows.iterator(5000))


def stays(erasure: Erasure) -> list[tuple[str, str, int | None]]:
    """What stays, why, and how many; None where it is not counted."""
    kept = erasure.kept
    found: list[tuple[str, str, int | None]] = [
        (
            _("Digests of the ids"),
            _("so that a repeat is recognised; nobody can read an id or a person from them"),
            erasure.tombstones.count(),
        )
    ]
    if kept.get("held"):
        why = _("a legal hold is on them; ask again when it is lifted")
        found.append((_("Statements under a hold"), why, kept["held"]))
    if kept.get("blanked"):
        why = _("they keep other statements void; who voided them is gone")
        found.append((_("Voidings without their author"), why, kept["blanked"]))
    if erasure.kind == Erasure.Kind.PERSON:
        if kept.get("naming"):
            why = _("they are records of others; the index by this person is gone")
            found.append((_("Statements of others that name the person"), why, kept["naming"]))
        why = _("with them a replay is told from new learning")
        hashes = erasure.identifiers.count()
        found.append((_("Keyed hashes of the identifiers"), why, hashes))
        why = _("credit and certificates are evidence of their own; they rest on decisions")
        found.append((_("Credit bank and certificates"), why, None))
    why = _("they count what arrived, and hold no content")
    found.append((_("Counts of batches"), why, None))
    why = _("the log names them to the lake, whose own erasure takes them out")
    found.append((_("Copies in the lake"), why, None))
    found.append((_("Backups"), _("until they expire by the plan of the operator"), None))
    return found


def _who(person: Person | None, at: Any) -> dict[str, Any]:
    return {"by": person.name if person else None, "at": _instant(at)}


def _instant(at: Any) -> str | None:
    return at.isoformat() if at else None
