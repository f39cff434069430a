"""A conversion as a certificate of its own: what it gave, on which sources it rests, where it is
posted.

It names each source by its certificate (or by its lot), the rule and version that decided, and the
leaf hash of each posting, which the ledger's published tree proves.
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils.translation import gettext as _

from xueqiao.creditbank.credentials import addresses, document
from xueqiao.creditbank.models import (
    Certificate,
    CertificateLot,
    Conversion,
    CreditLot,
    IssuerKey,
    Phase,
    Transfer,
)
from xueqiao.kernel import clock, credit, errors, ids

if TYPE_CHECKING:
    from datetime import datetime

Kind, State = Certificate.Kind, Certificate.State


class NotConverted(errors.Refusal):
    """The conversion is not approved, or no institution stands behind it."""

    code = "credentials.not_converted"


@transaction.atomic
def request(*, conversion_id: int, request_key: str, requested_at: datetime) -> Certificate:
    """Ask for the certificate of an approved conversion; the receiving institution signs.

    It rests on the lots used and on the lots given: when one of them is frozen or reversed, it is
    suspended or revoked with it. A repeated call with the same key returns the first one.

    Raises:
        NotConverted.
    """
    earlier = Certificate.objects.filter(request_key=request_key).first()
    if earlier:
        return earlier
    rows = Conversion.objects.select_related("version__rule__programme")
    conversion = rows.get(pk=conversion_id)
    used = list(conversion.uses.order_by("pk").select_related("lot"))
    receiving = conversion.version.rule.programme.institution_id
    # A programme that several schools offer together has no institution of its own.
    signer = receiving or next((use.lot.institution_id for use in used), None)
    if conversion.state != Conversion.State.APPROVED or signer is None:
        text = _("Only an approved conversion behind which an institution stands is certified.")
        raise NotConverted(text)
    made = Certificate.objects.create(
        key=uuid.uuid4(),
        request_key=request_key,
        kind=Kind.CONVERSION,
        person_id=conversion.person_id,
        institution_id=signer,
        conversion=conversion,
        requested_at=requested_at,
    )
    given = conversion.lots.order_by("pk").values_list("pk", flat=True)
    behind = dict.fromkeys([*given, *(use.lot_id for use in used)])
    CertificateLot.objects.bulk_create(
        [
            CertificateLot(certificate=made, lot_id=lot_id, position=place)
            for place, lot_id in enumerate(behind)
        ]
    )
    return made


def build(certificate: Certificate, key: IssuerKey, at: datetime) -> dict[str, Any]:
    """The credential, not yet signed."""
    conversion = certificate.conversion
    assert conversion is not None
    programme = conversion.version.rule.programme
    given = list(conversion.lots.select_related("account").order_by("pk"))
    return {
        **document.head(certificate, key, at),
        "type": ["VerifiableCredential", "OpenBadgeCredential"],
        "name": f"学分转换证明：{programme.title_zh}",
        "description": f"Certificate of conversion: {programme.title_en}",
        "credentialSubject": {
            "type": ["AchievementSubject"],
            "identifier": document.identities(certificate),
            "activityEndDate": conversion.state_since.astimezone(clock.LOCAL).isoformat(
                timespec="seconds"
            ),
            "creditsEarned": document.number(sum(lot.amount_hundredths for lot in given)),
            "achievement": _achievement(conversion, given),
        },
        "evidence": [*_sources(conversion), *_postings(given)],
        "credentialSchema": [document.schema(document.SCHEMA)],
    }


def _achievement(conversion: Conversion, given: list[CreditLot]) -> dict[str, Any]:
    version = conversion.version
    rule, programme = version.rule, version.rule.programme
    parts = "；".join(f"{lot.title_zh} {credit.show(lot.amount_hundredths)} 学分" for lot in given)
    return {
        "id": f"urn:uuid:{ids.stable_uuid('rule', rule.code, str(version.number))}",
        "type": ["Achievement"],
        "achievementType": "Achievement",
        "name": programme.title_zh,
        "description": f"{programme.title_zh} / {programme.title_en}",
        "inLanguage": "zh-Hans",
        "humanCode": f"{rule.code} v{version.number}",
        "criteria": {"narrative": f"按规则 {rule.code} 第 {version.number} 版转换：{parts}"},
        "alignment": [document.level(programme.level)],
    }


def _sources(conversion: Conversion) -> list[dict[str, Any]]:
    """What was used, each by the number of its certificate where it has one."""
    uses = list(conversion.uses.select_related("lot__account").order_by("pk"))
    proofs = dict(
        Certificate.objects.filter(
            lot_id__in=[use.lot_id for use in uses], state=State.ISSUED, kind=Kind.ACHIEVEMENT
        ).values_list("lot_id", "key")
    )
    found = []
    for use in uses:
        entry = document.evidence(use.lot)
        if use.lot_id in proofs:
            entry["id"] = addresses.certificate(proofs[use.lot_id])
        amount = credit.show(use.amount_hundredths)
        entry["genre"] = "source"
        entry["description"] = f"{use.lot.title_zh}：使用 {amount} 学分 credits used"
        found.append(entry)
    return found


def _postings(given: list[CreditLot]) -> list[dict[str, Any]]:
    """The posting of each lot given, by the hash under which the ledger's tree holds it."""
    rows = Transfer.objects.filter(
        credit__in=[lot.account_id for lot in given], phase=Phase.POST, reverses__isnull=True
    ).order_by("pk")
    return [
        {
            "id": f"urn:uuid:{ids.stable_uuid('transfer', row.key)}",
            "type": ["Evidence"],
            "genre": "ledger",
            "name": f"分录 {row.key}",
            "description": f"leaf sha256:{row.leaf_hash}",
        }
        for row in rows
    ]
