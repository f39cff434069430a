"""The acts of the ledger in the reader's words: kinds of vouchers and codes of transfers."""

from __future__ import annotations

from typing import Final

from django.utils.translation import gettext_lazy as _

KINDS: Final = {
    "recognise": _("Credit recognised"),
    "capacity": _("Right to count opened"),
    "reserve": _("Credit reserved"),
    "convert": _("Credit converted"),
    "substitute": _("Courses stood in for"),
    "award": _("Qualification awarded"),
    "void": _("Reservation given back"),
    "expire": _("Validity over"),
    "refresh": _("Validity renewed"),
    "reverse": _("Reversed"),
    "merge": _("Accounts merged"),
}
CODES: Final = {
    **KINDS,
    "grant": _("Credit granted"),
    "use": _("Used for a conversion"),
    "cap": _("Counted towards a cap"),
}


def of(code: str) -> str:
    """The words of a kind or code; what has none stands as it is written."""
    return str(CODES.get(code, code))
