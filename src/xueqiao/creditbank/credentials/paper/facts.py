"""What a paper says, read from the signed document; Chinese with English beside it, as signed."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from xueqiao.creditbank.credentials import addresses, reading
from xueqiao.creditbank.models import Certificate
from xueqiao.kernel import clock

if TYPE_CHECKING:
    from datetime import datetime

Kind = Certificate.Kind
KINDS = {
    Kind.ACHIEVEMENT: ("学分证书", "Certificate of Credit"),
    Kind.TRANSCRIPT: ("学习成绩单", "Transcript of Learning"),
    Kind.CONVERSION: ("学分转换证明", "Certificate of Conversion"),
    Kind.AWARD: ("资历证书", "Certificate of Qualification"),
    Kind.ENDORSEMENT: ("背书", "Endorsement"),
}
LONGEST_TITLE = 60  # characters; longer ones would not fit the picture
Fact = tuple[str, str, str]


@dataclass(frozen=True)
class Paper:
    """The data of ``certificate.typ`` and ``badge.typ``."""

    kind: str
    kind_en: str
    title: str
    title_en: str
    issuer: str
    sample: bool
    facts: list[Fact]
    short: list[Fact]
    rows: list[tuple[str, str, str, str]]
    statements: list[tuple[str, str]]
    number: str
    digest: str
    checking: str
    fonts: list[str] = field(default_factory=list)

    def as_json(self) -> str:
        return json.dumps(asdict(self), ensure_ascii=False)


def of(certificate: Certificate, *, fonts: list[str]) -> Paper:
    """The paper of a signed certificate.

    Args:
        certificate: signed, with its person; its institution is asked whether it is a sample.
        fonts: families to set it in, best first.
    """
    document = json.loads(certificate.document)
    claim = reading.claim(document)
    kind, kind_en = KINDS[Kind(certificate.kind)]
    title, title_en = _titles(document, claim)
    facts = _facts(certificate, claim)
    return Paper(
        kind=kind,
        kind_en=kind_en,
        title=title[:LONGEST_TITLE],
        title_en=title_en[: 2 * LONGEST_TITLE],
        issuer=claim.issuer_name,
        sample=certificate.institution.is_sample,
        facts=facts,
        short=[each for each in facts if each[0] in {"学分", "取得", "签发"}],
        rows=[_row(each) for each in reading.embedded(document)],
        statements=_statements(certificate),
        number=str(certificate.key),
        digest=hashlib.sha256(certificate.document.encode()).hexdigest(),
        checking=addresses.checking(certificate.key),
        fonts=fonts,
    )


def _titles(document: dict[str, Any], claim: reading.Claim) -> tuple[str, str]:
    """Title in Chinese and in English, without the kind in front."""
    named = claim.achievement or claim.name.partition("：")[2] or claim.name
    english = str(document.get("description", "")).rpartition(": ")[2]
    return named, english


def _facts(certificate: Certificate, claim: reading.Claim) -> list[Fact]:
    until = day(claim.valid_until) if claim.valid_until else "长期有效 Does not expire"
    found = [
        ("持有人", "Holder", certificate.person.name),
        ("学分", "Credits", claim.credits),
        ("等级", "Level", claim.level),
        ("成绩", "Result", claim.result),
        ("取得", "Obtained", day(claim.obtained) if claim.obtained else ""),
        ("用途", "Use", str(certificate.content.get("use", ""))),
        ("提供给", "For", str(certificate.content.get("recipient", ""))),
        ("签发", "Issued", day(claim.issued) if claim.issued else ""),
        ("有效期至", "Valid until", until),
    ]
    return [each for each in found if each[2]]


def _row(document: dict[str, Any]) -> tuple[str, str, str, str]:
    claim = reading.claim(document)
    obtained = day(claim.obtained) if claim.obtained else ""
    return claim.achievement or claim.name, claim.issuer_name, obtained, claim.credits


def _statements(certificate: Certificate) -> list[tuple[str, str]]:
    issued = certificate.endorsements.filter(state=Certificate.State.ISSUED).order_by("pk")
    return [
        (each.institution.name, str(each.content.get("comment", "")))
        for each in issued.select_related("institution")
    ]


def day(instant: datetime) -> str:
    """A day in Shanghai as both languages read it."""
    return clock.local_date(instant).isoformat()
