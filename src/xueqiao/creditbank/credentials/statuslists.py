"""Status lists: a random bit for each certificate, published as a signed credential.

Of each list there are two, of revocations and of suspensions; a certificate has the same bit in
both. The certificate names the first as its status and the second as a reference of that status.
"""

from __future__ import annotations

import json
import secrets
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from xueqiao.creditbank.credentials import addresses, keys
from xueqiao.creditbank.models import Certificate, IssuerKey, StatusList
from xueqiao.kernel.signing import bitstring, canonical, instants, proof

REVOCATION, SUSPENSION = "revocation", "suspension"
State = Certificate.State
# In which states of a certificate its bit is raised.
RAISED = {REVOCATION: (State.REVOKED, State.SUPERSEDED), SUSPENSION: (State.SUSPENDED,)}
REFRESH_AFTER = timedelta(hours=12)


def take_bits(certificates: list[Certificate], *, at: datetime) -> None:
    """Give each certificate that has none a random bit of its issuer's list.

    Inside a transaction; the lists stay locked until it ends. All certificates of one issuer.
    """
    for certificate in certificates:
        if certificate.status_index is not None:
            continue
        room = _with_room(certificate, at)
        index = _free_bit(room)
        StatusList.objects.filter(pk=room.pk).update(taken=room.taken + 1)
        certificate.status_list, certificate.status_index = room, index
        certificate.save(update_fields=["status_list", "status_index"])
    for taken in {each.status_list_id: each.status_list for each in certificates}.values():
        assert taken is not None
        suspensions_beside(taken, at=at)


def _with_room(certificate: Certificate, at: datetime) -> StatusList:
    lists = StatusList.objects.select_for_update().filter(
        institution_id=certificate.institution_id, purpose=REVOCATION
    )
    last = lists.order_by("-pk").first()
    # Half empty always: a random free bit is found quickly, and numbers tell nothing.
    if last and last.taken * 2 < last.length:
        return last
    fresh = StatusList.objects.create(
        institution_id=certificate.institution_id, purpose=REVOCATION, length=bitstring.SHORTEST
    )
    publish(fresh, at=at)
    return fresh


def suspensions_beside(room: StatusList, *, at: datetime) -> StatusList:
    """The list of suspensions beside a list of revocations, made when there is none.

    Inside a transaction that holds the list's row.
    """
    found, made = StatusList.objects.get_or_create(
        beside=room,
        defaults={
            "institution_id": room.institution_id,
            "purpose": SUSPENSION,
            "length": room.length,
        },
    )
    if made:
        publish(found, at=at)
    return found


def _free_bit(room: StatusList) -> int:
    while True:
        index = secrets.randbelow(room.length)
        if not Certificate.objects.filter(status_list=room, status_index=index).exists():
            return index


def publish(room: StatusList, *, at: datetime) -> None:
    """Sign the list as it stands now. Inside a transaction that holds the list's row."""
    shared = room.beside_id or room.pk
    raised = Certificate.objects.filter(status_list=shared, state__in=RAISED[room.purpose])
    institution = room.institution
    key = keys.in_use(institution_id=institution.pk, institution_code=institution.code, at=at)
    indices = raised.values_list("status_index", flat=True)
    unsigned = list_document(room, key, [index for index in indices if index is not None], at)
    private = keys.private(key)
    signed = proof.sign_twice(document=unsigned, key=private, method=key.method, created=at)
    room.document = json.dumps(signed, ensure_ascii=False, separators=(",", ":"))
    room.signed_at = at
    room.save(update_fields=["document", "signed_at"])


def list_document(
    room: StatusList, key: IssuerKey, raised: list[int], at: datetime
) -> dict[str, Any]:
    """The list as a credential, not yet signed."""
    address = addresses.status_list(room.pk)
    return {
        "@context": [canonical.CREDENTIALS],
        "id": address,
        "type": ["VerifiableCredential", "BitstringStatusListCredential"],
        "issuer": key.did,
        "validFrom": instants.show(at),
        "credentialSubject": {
            "id": f"{address}#list",
            "type": "BitstringStatusList",
            "statusPurpose": room.purpose,
            "encodedList": bitstring.encode(raised, room.length),
        },
    }


def refresh(*, now: datetime) -> int:
    """Sign every list anew that was signed more than ``REFRESH_AFTER`` ago. Returns how many."""
    old = StatusList.objects.filter(signed_at__lt=now - REFRESH_AFTER).order_by("pk")
    done = 0
    for number in list(old.values_list("pk", flat=True)):
        with transaction.atomic():
            room = StatusList.objects.select_for_update().get(pk=number)
            if room.signed_at and room.signed_at < now - REFRESH_AFTER:
                publish(room, at=now)
                done += 1
    return done
