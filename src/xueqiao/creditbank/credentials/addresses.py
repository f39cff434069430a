"""Where certificates, lists and DID documents are published. One place makes these addresses."""

from __future__ import annotations

import re
from uuid import UUID

from django.conf import settings

from xueqiao.kernel.signing import did

LINK = re.compile(
    r"/(?:certificates|verify)/(?:\?certificate=)?"
    r"([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})(?![0-9a-f])",
    re.IGNORECASE,
)


def issuer(institution_code: str) -> str:
    """The did:web of an institution; its document is at ``/did/<code>/did.json``."""
    return did.of(settings.PUBLIC_URL, "did", institution_code)


def status_list(number: int) -> str:
    return f"{settings.PUBLIC_URL}/status/{number}.json"


def certificate(key: UUID) -> str:
    """The identifier of a certificate; ``.json`` behind it is the document, ``/`` the page."""
    return f"{settings.PUBLIC_URL}/certificates/{key}"


def ledger_proof(key: UUID) -> str:
    """The proof that the credit of a certificate stands in the sealed ledger."""
    return f"{certificate(key)}/ledger-proof.json"


def checking(key: UUID) -> str:
    """The page that checks a certificate: what its QR code holds."""
    return f"{settings.PUBLIC_URL}/verify/?certificate={key}"


def share(key: UUID) -> str:
    """The page that shows what a learner shared with whoever has this link."""
    return f"{settings.PUBLIC_URL}/shared/{key}/"


def key_in(link: str) -> UUID | None:
    """The certificate's key in a link to one of our certificates; None when there is none."""
    found = LINK.search(link)
    return UUID(found[1]) if found else None
