"""An award as a certificate 资历证书: the qualification, its level, and the credit it rests on."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from django.db import transaction

from xueqiao.creditbank.credentials import addresses, document
from xueqiao.creditbank.models import Award, Certificate, CertificateLot, IssuerKey
from xueqiao.kernel import clock, credit, ids

if TYPE_CHECKING:
    from datetime import datetime

Kind, State = Certificate.Kind, Certificate.State


@transaction.atomic
def request(*, award_id: int, requested_at: datetime) -> Certificate | None:
    """Ask for the certificate of an award; a job signs it. Asked twice it is one.

    It rests on every lot behind the award, and is suspended or revoked with them.

    Returns:
        None where no institution awards the qualification: the bank itself signs no certificate.
    """
    award = Award.objects.select_related("qualification__programme").get(pk=award_id)
    qualification = award.qualification
    signer = qualification.institution_id or qualification.programme.institution_id
    if signer is None:
        return None
    made, is_new = Certificate.objects.get_or_create(
        request_key=f"award:{award.number}",
        defaults={
            "key": uuid.uuid4(),
            "kind": Kind.AWARD,
            "person_id": award.person_id,
            "institution_id": signer,
            "requested_at": requested_at,
            "content": {
                "award": award.number,
                "title_zh": qualification.title_zh,
                "title_en": qualification.title_en,
            },
        },
    )
    if is_new:
        lots = dict.fromkeys(award.uses.order_by("pk").values_list("lot_id", flat=True))
        CertificateLot.objects.bulk_create(
            [
                CertificateLot(certificate=made, lot_id=lot_id, position=place)
                for place, lot_id in enumerate(lots)
            ]
        )
    return made


def build(certificate: Certificate, key: IssuerKey, at: datetime) -> dict[str, Any]:
    """The credential, not yet signed."""
    related = ("qualification__level__framework", "qualification__programme")
    award = Award.objects.select_related(*related).get(number=certificate.content["award"])
    qualification = award.qualification
    assert award.awarded_at is not None
    named = ids.stable_uuid("qualification", qualification.code, qualification.version)
    awarded = award.awarded_at.astimezone(clock.LOCAL).isoformat(timespec="seconds")
    return {
        **document.head(certificate, key, at),
        "type": ["VerifiableCredential", "OpenBadgeCredential"],
        "name": f"资历证书：{qualification.title_zh}",
        "description": f"Certificate of qualification: {qualification.title_en}",
        "awardedDate": awarded,
        "credentialSubject": {
            "type": ["AchievementSubject"],
            "identifier": document.identities(certificate),
            "activityEndDate": awarded,
            "creditsEarned": document.number(award.total_hundredths),
            "achievement": {
                "id": f"urn:uuid:{named}",
                "type": ["Achievement"],
                "achievementType": "Certificate",
                "name": qualification.title_zh,
                "description": f"{qualification.title_zh} / {qualification.title_en}",
                "humanCode": award.number,
                "inLanguage": "zh-Hans",
                "criteria": {
                    "narrative": f"{qualification.code} {qualification.version}，"
                    f"共 {credit.show(award.total_hundredths)} 学分"
                },
                "alignment": [document.level(qualification.level)],
            },
        },
        "evidence": _evidence(award),
        "credentialSchema": [document.schema(document.SCHEMA)],
    }


def _evidence(award: Award) -> list[dict[str, Any]]:
    """The credit behind it, each lot by the number of its certificate where it has one."""
    uses = list(award.uses.select_related("lot__account", "part").order_by("pk"))
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
        entry["description"] = f"{use.lot.title_zh}：计入{use.part.title_zh} {amount} 学分"
        found.append(entry)
    return found
