"""Asking for a certificate: a row that waits for the job that signs."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Min
from django.utils.translation import gettext as _

from xueqiao.creditbank.models import Certificate, CreditLot
from xueqiao.kernel import clock, errors
from xueqiao.records import log

if TYPE_CHECKING:
    from datetime import datetime


class NotCertifiable(errors.Refusal):
    """The lot is not active, or no institution stands behind it."""

    code = "credentials.not_certifiable"


class NotReplaceable(errors.Refusal):
    """It is not issued, is no certificate of credit, or is being replaced already."""

    code = "credentials.not_replaceable"


class OtherRequest(errors.Refusal):
    """The request key already belongs to a certificate of another lot."""

    code = "credentials.other_request"


@transaction.atomic
def request(
    *, lot_id: int, request_key: str, requested_at: datetime, only_in_transcripts: bool = False
) -> Certificate:
    """Ask for the certificate of a lot. A job signs it; until then it is ``queued``.

    A repeated call with the same key changes nothing and returns the first certificate.

    Args:
        lot_id: an active lot of an institution.
        request_key: what makes the request one, such as ``lot:812``.
        requested_at: aware.
        only_in_transcripts: it is made as a row of one, and has no page of its own until the
            learner asks for it by itself.

    Raises:
        NotCertifiable: the lot is not active, or no institution stands behind it.
        OtherRequest: the key belongs to another lot.
    """
    earlier = Certificate.objects.filter(request_key=request_key).first()
    if earlier:
        return _own_page(_same_or_refuse(earlier, lot_id), only_in_transcripts)
    lot = CreditLot.objects.select_for_update(of=("self",)).get(pk=lot_id)
    if lot.state != CreditLot.State.ACTIVE or lot.institution_id is None:
        raise NotCertifiable(_not_certifiable_text(lot))
    certificate, created = Certificate.objects.get_or_create(
        request_key=request_key,
        defaults={
            "key": uuid.uuid4(),
            "person_id": lot.person_id,
            "institution_id": lot.institution_id,
            "lot": lot,
            "requested_at": requested_at,
            "only_in_transcripts": only_in_transcripts,
            "valid_until": clock.start_of(lot.valid_to) if lot.valid_to else None,
        },
    )
    if not created:
        return _own_page(_same_or_refuse(certificate, lot_id), only_in_transcripts)
    log.append(
        kind="creditbank.certificate_requested",
        key=f"certificate:{certificate.key}",
        event_at=requested_at,
        payload={"certificate_id": certificate.pk, "person_id": lot.person_id, "lot_id": lot.pk},
    )
    return certificate


@transaction.atomic
def replace(*, key: uuid.UUID, request_key: str, requested_at: datetime) -> Certificate:
    """Ask for a certificate anew, as after a corrected name: the earlier one is superseded.

    The earlier one stands until the new one is signed. A repeated call with the same key returns
    the first replacement.

    Raises:
        NotReplaceable: it is not an issued certificate of credit, or is being replaced already.
        NotCertifiable: its lot is not active any more.
    """
    found = Certificate.objects.filter(request_key=request_key).first()
    if found:
        return found
    rows = Certificate.objects.select_for_update(of=("self",)).filter(key=key, lot__isnull=False)
    older = rows.filter(state=Certificate.State.ISSUED, replacement__isnull=True).first()
    if older is None:
        text = _("Only an issued certificate of credit can be replaced, and only once.")
        raise NotReplaceable(text)
    lot = older.lot
    assert lot is not None
    if lot.state != CreditLot.State.ACTIVE:
        raise NotCertifiable(_not_certifiable_text(lot))
    return Certificate.objects.create(
        key=uuid.uuid4(),
        request_key=request_key,
        person_id=older.person_id,
        institution_id=older.institution_id,
        lot=lot,
        replaces=older,
        requested_at=requested_at,
        valid_until=older.valid_until,
    )


def lots_to_certify(limit: int) -> list[int]:
    """The first active lot of each learner, earliest first: at most ``limit`` ids of lots.

    The same lots whether they have a certificate or not, so that asking twice is asking once.
    """
    active = CreditLot.objects.filter(
        state=CreditLot.State.ACTIVE, institution__isnull=False, decision__isnull=False
    )
    firsts = active.values("person_id").annotate(first=Min("pk")).order_by("first")
    return list(firsts.values_list("first", flat=True)[:limit])


def request_first_of_each_learner(*, limit: int, requested_at: datetime) -> int:
    """Ask for the certificates of ``lots_to_certify``; returns how many were new."""
    wanted = {f"lot:{number}": number for number in lots_to_certify(limit)}
    known = set(
        Certificate.objects.filter(request_key__in=wanted).values_list("request_key", flat=True)
    )
    fresh = [key for key in wanted if key not in known]
    for start in range(0, len(fresh), 100):
        with transaction.atomic():
            for key in fresh[start : start + 100]:
                request(lot_id=wanted[key], request_key=key, requested_at=requested_at)
    return len(fresh)


def _own_page(found: Certificate, only_in_transcripts: bool) -> Certificate:
    """Give a certificate its page when the learner asks for it by itself."""
    if found.only_in_transcripts and not only_in_transcripts:
        found.only_in_transcripts = False
        found.save(update_fields=["only_in_transcripts"])
    return found


def _same_or_refuse(earlier: Certificate, lot_id: int) -> Certificate:
    if earlier.lot_id != lot_id:
        text = _("The request {key} already made a certificate of another lot. Use another key.")
        raise OtherRequest(text.format(key=earlier.request_key))
    return earlier


def _not_certifiable_text(lot: CreditLot) -> str:
    if lot.institution_id is None:
        text = _("No institution stands behind “{title}”, so nobody can sign for it.")
    else:
        text = _("“{title}” is not active any more, so no certificate can be made of it.")
    return text.format(title=lot.title_zh)
