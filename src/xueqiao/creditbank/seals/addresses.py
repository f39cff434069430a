"""Where the sealed ledger is published, and the names that stand in its signatures."""

from __future__ import annotations

from urllib.parse import urlsplit

from django.conf import settings

from xueqiao.kernel.signing import did


def origin() -> str:
    """The name of the ledger in its checkpoints: its address without the scheme."""
    site = urlsplit(settings.PUBLIC_URL)
    return f"{site.netloc}{site.path}/ledger"


def bank() -> str:
    """The did:web of the bank; its document is at ``/.well-known/did.json``."""
    return did.of(settings.PUBLIC_URL)


def checking() -> str:
    """The page that checks a ledger proof."""
    return f"{settings.PUBLIC_URL}/ledger/check/"


def script() -> str:
    """Where the program that checks a ledger proof without this site is downloaded."""
    return f"{settings.PUBLIC_URL}/ledger/check_ledger_proof.py"


def consistency(old: int, new: int) -> str:
    """The proof that the tree of ``old`` transfers begins that of ``new``."""
    return f"{settings.PUBLIC_URL}/ledger/consistency.json?old={old}&new={new}"
