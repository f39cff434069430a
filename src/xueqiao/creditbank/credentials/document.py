"""What a certificate says: an Open Badges 3.0 credential made from a lot and what stands behind it.

The text is Chinese with English beside it, whatever language the reader has chosen: it is signed.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from django.conf import settings

from xueqiao.creditbank.credentials import addresses
from xueqiao.creditbank.models import Certificate, CreditLot, IssuerKey, Level, SourceKind
from xueqiao.kernel import clock, credit, ids
from xueqiao.kernel.signing import canonical, instants

if TYPE_CHECKING:
    from datetime import datetime

SCHEMA = (
    "https://purl.imsglobal.org/spec/ob/v3p0/schema/json/ob_v3p0_achievementcredential_schema.json"
)
NAME_IDENTITY = "ext:name"
# The hall's results in the words of a certificate; others stand as their issuer writes them.
RESULTS = {"pass": "合格 Pass", "distinction": "优秀 Distinction"}
TAG = "tag:xueqiao.example,2026"


def build(certificate: Certificate, key: IssuerKey, at: datetime) -> dict[str, Any]:
    """The credential, not yet signed.

    Args:
        certificate: with its lot, list and bit.
        key: the issuer's key; its identifier becomes the issuer.
        at: the instant of issue.
    """
    lot = certificate.lot
    assert lot is not None
    return {
        **head(certificate, key, at),
        "type": ["VerifiableCredential", "OpenBadgeCredential"],
        "name": f"学分证书：{lot.title_zh}",
        "description": f"Certificate of credit: {lot.title_en}",
        "awardedDate": instants.show(_awarded(lot)),
        "credentialSubject": _subject(certificate, lot),
        "evidence": [evidence(lot), ledger_proof(certificate)],
        "credentialSchema": [schema(SCHEMA)],
    }


def head(certificate: Certificate, key: IssuerKey, at: datetime) -> dict[str, Any]:
    """What every credential of ours has: contexts, number, issuer, period, status."""
    found = {
        "@context": [
            canonical.CREDENTIALS,
            canonical.OPEN_BADGES,
            canonical.OPEN_BADGES_EXTENSIONS,
        ],
        "id": addresses.certificate(certificate.key),
        "issuer": _issuer(certificate, key),
        "validFrom": instants.show(at),
        "credentialStatus": _status(certificate),
    }
    if certificate.valid_until:
        found["validUntil"] = instants.show(certificate.valid_until)
    return found


def schema(address: str) -> dict[str, str]:
    """The schema that a credential names for its form."""
    return {"id": address, "type": "1EdTechJsonSchemaValidator2019"}


def identities(certificate: Certificate) -> list[dict[str, Any]]:
    """Who holds it, as salted hashes: the portable identifier, and the name."""
    # Made from the certificate's key, so that signing again gives the same text.
    salt = ids.keyed_hash(settings.IDENTITY_KEY, f"certificate:{certificate.key}")[:32]
    claimed = {"identifier": str(certificate.person.key), NAME_IDENTITY: certificate.person.name}
    return [
        {
            "type": "IdentityObject",
            "hashed": True,
            "identityHash": identity_hash(value, salt),
            "identityType": kind,
            "salt": salt,
        }
        for kind, value in claimed.items()
    ]


def number(hundredths: int) -> int | float:
    """Credits as a JSON number: 150 is 1.5, 200 is 2. Whole ones stay whole in every language."""
    whole, part = divmod(hundredths, credit.HUNDREDTHS)
    return whole if not part else hundredths / credit.HUNDREDTHS


def result(lot: CreditLot) -> str:
    """The result as the certificate states it, "" where there is none."""
    found = lot.decision.outcome.result if lot.decision and lot.decision.outcome else ""
    return RESULTS.get(found, found)


def identity_hash(value: str, salt: str) -> str:
    """An Open Badges IdentityHash: SHA-256 of the value followed by the salt."""
    return "sha256$" + hashlib.sha256((value + salt).encode()).hexdigest()


def _issuer(certificate: Certificate, key: IssuerKey) -> dict[str, Any]:
    institution = certificate.institution
    profile = {
        "id": key.did,
        "type": ["Profile"],
        "name": institution.name,
        "url": settings.PUBLIC_URL,
    }
    if institution.is_sample:
        profile["description"] = "示例机构 Sample institution"
    return profile


def _awarded(lot: CreditLot) -> datetime:
    return lot.decision.decided_at if lot.decision else lot.state_since


def _subject(certificate: Certificate, lot: CreditLot) -> dict[str, Any]:
    subject: dict[str, Any] = {
        "type": ["AchievementSubject"],
        "identifier": identities(certificate),
        "activityEndDate": clock.start_of(lot.obtained).astimezone(clock.LOCAL).isoformat(),
        "creditsEarned": number(lot.amount_hundredths),
        "achievement": _achievement(lot),
    }
    found = result(lot)
    if found:
        subject["result"] = [
            {
                "type": ["Result"],
                "resultDescription": _result_name(lot),
                "status": "Completed",
                "value": found,
            }
        ]
    return subject


def _achievement(lot: CreditLot) -> dict[str, Any]:
    unit = lot.unit
    worth = unit.credit_hundredths if unit else lot.amount_hundredths
    found = {
        "id": _achievement_name(lot),
        "type": ["Achievement"],
        "achievementType": "Course" if lot.source_kind == SourceKind.FORMAL else "Achievement",
        "name": lot.title_zh,
        "description": f"{lot.title_zh} / {lot.title_en}",
        "humanCode": unit.code if unit else "",
        "inLanguage": "zh-Hans",
        "fieldOfStudy": lot.field,
        "creditsAvailable": number(worth),
        "criteria": {"narrative": _criteria(lot)},
        "alignment": [level(lot.level)],
        "resultDescription": [
            {
                "id": _result_name(lot),
                "type": ["ResultDescription"],
                "name": "成绩 Result",
                "resultType": "Result",
            }
        ],
    }
    return {name: value for name, value in found.items() if value != ""}


def _criteria(lot: CreditLot) -> str:
    stated = "；".join(map(str, lot.unit.criteria)) if lot.unit else ""
    return stated or (lot.decision.reasons if lot.decision else "") or lot.title_zh


def level(found: Level) -> dict[str, Any]:
    """The level of the qualification framework as an alignment."""
    framework = found.framework
    return {
        "type": ["Alignment"],
        "targetType": "ext:QualificationLevel",
        "targetName": found.name_zh,
        "targetFramework": framework.name_zh,
        "targetCode": str(found.number),
        "targetUrl": f"{TAG}:frameworks/{framework.code}/{framework.version}/{found.number}",
    }


def evidence(lot: CreditLot) -> dict[str, Any]:
    """The lot in the ledger that stands behind what is attested."""
    return {
        "id": f"urn:uuid:{ids.stable_uuid('lot', lot.account.code)}",
        "type": ["Evidence"],
        "genre": "ledger",
        "name": f"学分批次 {lot.account.code}",
        "description": f"{credit.show(lot.amount_hundredths)} 学分已入账 credits posted",
    }


def ledger_proof(certificate: Certificate) -> dict[str, Any]:
    """Where the proof lies that the lot stands in the sealed ledger, under the newest root."""
    return {
        "id": addresses.ledger_proof(certificate.key),
        "type": ["Evidence"],
        "genre": "ledger-proof",
        "name": "账本证明 Ledger proof",
        "description": "学分变动在封存账本中的包含证明 Inclusion in the sealed ledger",
    }


def _status(certificate: Certificate) -> dict[str, Any]:
    """Its bit in the list of revocations, and the list of suspensions as what belongs to it.

    The Open Badges schema takes one status only, and wants revocation there.
    """
    assert certificate.status_list is not None
    address = addresses.status_list(certificate.status_list.pk)
    return {
        "id": f"{address}#{certificate.status_index}",
        "type": "BitstringStatusListEntry",
        "statusPurpose": "revocation",
        "statusListIndex": str(certificate.status_index),
        "statusListCredential": address,
        "statusReference": addresses.status_list(certificate.status_list.suspensions.pk),
    }


def _achievement_name(lot: CreditLot) -> str:
    parts = ("unit", lot.unit.code, lot.unit.version) if lot.unit else ("lot", lot.account.code)
    return f"urn:uuid:{ids.stable_uuid(*parts)}"


def _result_name(lot: CreditLot) -> str:
    return f"{_achievement_name(lot)}#result"
