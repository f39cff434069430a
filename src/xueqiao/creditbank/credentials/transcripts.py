"""Transcripts 成绩单: the rows that a learner chose, as signed certificates in one signed record.

Built like a Comprehensive Learner Record 2.0: the certificate of each lot stands in it as it was
signed, and the whole is signed again, so that no row can be added, left out or changed.
"""

from __future__ import annotations

import json
import uuid
from collections import Counter
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils.translation import gettext as _

from xueqiao.creditbank.credentials import asking, document
from xueqiao.creditbank.models import Certificate, CertificateLot, CreditLot, IssuerKey
from xueqiao.kernel import credit, errors
from xueqiao.kernel.signing import canonical, proof

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from xueqiao.people.models import Person

CLR_SCHEMA = (
    "https://purl.imsglobal.org/spec/clr/v2p0/schema/json/clr_v2p0_clrcredential_schema.json"
)
MOST_ROWS = 60


class NoRows(errors.Refusal):
    """No row was chosen, too many, or one that is not the learner's or cannot be certified."""

    code = "credentials.no_rows"
    status = 422


@transaction.atomic
def request(
    *,
    person: Person,
    lot_ids: Sequence[int],
    request_key: str,
    requested_at: datetime,
    valid_until: datetime | None = None,
    use: str = "",
    recipient: str = "",
) -> Certificate:
    """Ask for a transcript of some lots, and for the certificates that they do not have yet.

    It is signed by a job, after its rows are; the institution that stands behind most of the credit
    signs. A repeated call with the same key returns the first transcript.

    Args:
        lot_ids: active lots of the learner, at most ``MOST_ROWS``, in the order of the rows.
        use, recipient: for what and for whom it is made; they become part of the signed text.

    Raises:
        NoRows; asking.NotCertifiable: nobody can sign for one of the lots.
    """
    earlier = Certificate.objects.filter(request_key=request_key, person=person).first()
    if earlier:
        return earlier
    wanted = list(dict.fromkeys(lot_ids))
    found = CreditLot.objects.filter(person=person, pk__in=wanted).order_by("pk")
    lots = {lot.pk: lot for lot in found}
    if not wanted or len(wanted) > MOST_ROWS or len(lots) < len(wanted):
        text = _("Choose between 1 and {most} rows of your own.")
        raise NoRows(text.format(most=MOST_ROWS), pointer="lots")
    for number in sorted(wanted):
        asking.request(
            lot_id=number, request_key=f"lot:{number}", requested_at=requested_at,
            only_in_transcripts=True,
        )  # fmt: skip
    made = Certificate.objects.create(
        key=uuid.uuid4(),
        request_key=request_key,
        kind=Certificate.Kind.TRANSCRIPT,
        person=person,
        institution_id=_signer(list(lots.values())),
        requested_at=requested_at,
        valid_until=valid_until,
        content={"use": use, "recipient": recipient},
    )
    CertificateLot.objects.bulk_create(
        [
            CertificateLot(certificate=made, lot_id=number, position=place)
            for place, number in enumerate(wanted)
        ]
    )
    return made


def build(certificate: Certificate, key: IssuerKey, at: datetime) -> dict[str, Any]:
    """The record, not yet signed. Its rows are issued certificates of active lots."""
    rows = [json.loads(each.document) for each in _rows(certificate)]
    earned = sum(row.lot.amount_hundredths for row in certificate.rows.select_related("lot"))
    credits_ = credit.show(earned)
    found = document.head(certificate, key, at)
    contexts = [canonical.CREDENTIALS, canonical.CLR, *found["@context"][1:]]
    return {
        **found,
        "@context": contexts,
        "type": ["VerifiableCredential", "ClrCredential"],
        "name": f"学习成绩单：{len(rows)} 项成果，{credits_} 学分",
        "description": f"{_purpose(certificate)}Transcript of learning: {len(rows)} outcomes, "
        f"{credits_} credits",
        "credentialSubject": {
            "type": ["ClrSubject"],
            "identifier": document.identities(certificate),
            "verifiableCredential": [_with_one_proof(row) for row in rows],
        },
        "credentialSchema": [document.schema(CLR_SCHEMA)],
    }


def _purpose(certificate: Certificate) -> str:
    use, recipient = certificate.content.get("use"), certificate.content.get("recipient")
    return f"用途：{use}；提供给：{recipient}。" if use and recipient else ""


def _rows(certificate: Certificate) -> list[Certificate]:
    """The issued certificate of each lot, in the order of the rows."""
    places = dict(certificate.rows.values_list("lot_id", "position"))
    issued = Certificate.objects.filter(
        lot_id__in=places, state=Certificate.State.ISSUED, kind=Certificate.Kind.ACHIEVEMENT
    ).order_by("pk")
    newest = {each.lot_id: each for each in issued if each.lot_id is not None}
    return [newest[lot_id] for lot_id in sorted(newest, key=lambda each: places[each])]


def _with_one_proof(row: dict[str, Any]) -> dict[str, Any]:
    """The certificate with the proof that common verifiers read; each proof stands for itself."""
    kept = [each for each in proof.proofs(row) if each.get("cryptosuite") == proof.SUITE]
    return {**row, "proof": kept}


def _signer(lots: list[CreditLot]) -> int:
    """The institution behind most of the credit; of equal ones, the one known longest."""
    weight: Counter[int] = Counter()
    for lot in lots:
        assert lot.institution_id is not None
        weight[lot.institution_id] += lot.amount_hundredths
    return min(weight, key=lambda number: (-weight[number], number))
