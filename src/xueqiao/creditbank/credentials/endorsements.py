"""Endorsements 背书: a second institution says, signed, that it stands by a certificate.

An endorsement is a certificate of its own kind, with its own bits in the lists of who endorses; it
ends with the certificate that it speaks for.
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils.translation import gettext as _

from xueqiao.creditbank.credentials import addresses, document
from xueqiao.creditbank.credentials.revocation import locked
from xueqiao.creditbank.models import Certificate, IssuerKey
from xueqiao.kernel import clock, errors
from xueqiao.people import rights

if TYPE_CHECKING:
    from datetime import datetime
    from uuid import UUID

    from xueqiao.people.models import Person

Kind, State = Certificate.Kind, Certificate.State


class NotEndorsable(errors.Refusal):
    """The certificate is not issued, is the institution's own, or is endorsed by it already."""

    code = "credentials.not_endorsable"


class NoComment(errors.Refusal):
    """An endorsement says what it stands by."""

    code = "credentials.no_comment"
    status = 422


@transaction.atomic
def request(
    *,
    key: UUID,
    institution_id: int,
    comment: str,
    by: Person,
    request_key: str,
    requested_at: datetime,
) -> Certificate:
    """Ask for an endorsement; a job signs it with the endorsing institution's key.

    A repeated call with the same key returns the first one.

    Args:
        key: the certificate that is endorsed.
        institution_id: who endorses; another institution than its issuer.
        comment: what it stands by, in words for the reader; it is signed.
        by: somebody who holds the right for that institution.

    Raises:
        NotEndorsable, NoComment, rights.NotAllowed, revocation.NoSuchCertificate.
    """
    day = clock.local_date(requested_at)
    roles = rights.roles_in_force(by, rights.CERTIFICATES, day)
    if not roles.filter(institution_id=institution_id).exists():
        raise rights.NotAllowed(rights.not_allowed_text())
    earlier = Certificate.objects.filter(request_key=request_key).first()
    if earlier:
        return earlier
    if not comment.strip():
        text = _("Say what your institution stands by, such as “these credits count with us”.")
        raise NoComment(text, pointer="comment")
    about = locked(key)
    if about.state != State.ISSUED or about.kind == Kind.ENDORSEMENT:
        text = _("Only an issued certificate can be endorsed; this one is “{state}”.")
        raise NotEndorsable(text.format(state=about.get_state_display()), pointer="link")
    mine = about.endorsements.standing().filter(institution_id=institution_id)
    if about.institution_id == institution_id or mine.exists():
        text = _("Another institution than the issuer endorses, and each of them once.")
        raise NotEndorsable(text, pointer="link")
    return Certificate.objects.create(
        key=uuid.uuid4(),
        request_key=request_key,
        kind=Kind.ENDORSEMENT,
        person_id=about.person_id,
        institution_id=institution_id,
        endorses=about,
        requested_at=requested_at,
        valid_until=about.valid_until,
        content={"comment": comment.strip()[:1000]},
    )


def build(certificate: Certificate, key: IssuerKey, at: datetime) -> dict[str, Any]:
    """The credential, not yet signed: an EndorsementCredential of Open Badges 3.0."""
    about = certificate.endorses
    assert about is not None
    return {
        **document.head(certificate, key, at),
        "type": ["VerifiableCredential", "EndorsementCredential"],
        "name": f"背书：{about.institution.name}的证书",
        "description": f"Endorsement of certificate {about.key}",
        "credentialSubject": {
            "id": addresses.certificate(about.key),
            "type": ["EndorsementSubject"],
            "endorsementComment": certificate.content["comment"],
        },
        "credentialSchema": [document.schema(ENDORSEMENT_SCHEMA)],
    }


ENDORSEMENT_SCHEMA = (
    "https://purl.imsglobal.org/spec/ob/v3p0/schema/json/ob_v3p0_endorsementcredential_schema.json"
)
