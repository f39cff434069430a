"""Certificates of other bodies behind an application; the same one counts once, for one person."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from xueqiao.creditbank import evidence, moves, rules
from xueqiao.creditbank.models import (
    Application,
    ApplicationItem,
    ClaimedCertificate,
    Evidence,
    Outcome,
    Unit,
)
from xueqiao.creditbank.recognition.refusals import NothingAsked, refuse_amount
from xueqiao.creditbank.rules import recognition as keys
from xueqiao.kernel import clock, errors

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime

    from xueqiao.people.models import Person


class CertificateKnown(errors.Refusal):
    """The same certificate stands behind another application, or is already in an account."""

    code = "certificate.known"


class CertificateExpired(errors.Refusal):
    """The certificate no longer holds."""

    code = "certificate.expired"
    status = 422


class CertificateIncomplete(errors.Refusal):
    """What is printed on every certificate is missing, or its days cannot be."""

    code = "certificate.incomplete"
    status = 422


@transaction.atomic
def add_certificate(
    *,
    application: Application,
    by: Person,
    title: str,
    issuer: str,
    number: str,
    obtained: date,
    unit_ids: Sequence[int],
    media_type: str,
    content: bytes,
    at: datetime,
    kind: str = "",
    level: str = "",
    result: str = "",
    expires: date | None = None,
) -> ClaimedCertificate:
    """Put a certificate with its picture behind a draft, and ask for the units that it shows.

    The same number of the same issuer, the same contents or the same file is refused when it stands
    behind another living application or in anybody's account; in this draft it is the same row.

    Args:
        expires: first day it no longer holds; None: it does not end.
        unit_ids: units asked for because of it, at their full value.
        content: the scan or photo; ``evidence.attach`` says what is taken.

    Raises:
        CertificateKnown, CertificateExpired, CertificateIncomplete, NothingAsked, evidence.*,
        moves.*.
    """
    locked, _repeated = moves.lock(application, "edit", by=by, at=at)
    printed: dict[str, Any] = {
        "kind": kind.strip(), "title": title.strip(), "level": level.strip(),
        "issuer": issuer.strip(), "number": number.strip(), "result": result.strip(),
        "obtained": obtained, "expires": expires,
    }  # fmt: skip
    _refuse_incomplete(printed, clock.local_date(at))
    printed |= {
        "issuer_key": keys.name_key(issuer)[:160],
        "number_key": keys.number_key(number)[:120],
        "content_key": _content_key(locked, printed),
    }
    here = locked.certificates.filter(
        issuer_key=printed["issuer_key"], number_key=printed["number_key"], live=True
    ).first()
    if here is None:
        here = _add(locked, printed, media_type, content, at)
    _ask_for(locked, here, unit_ids)
    return here


@transaction.atomic
def drop_certificate(*, certificate: ClaimedCertificate, by: Person, at: datetime) -> None:
    """Take a certificate and the units that rest on it out of a draft. Repeating it is harmless."""
    locked, _repeated = moves.lock(certificate.application, "edit", by=by, at=at)
    locked.items.filter(certificate=certificate).delete()
    locked.certificates.filter(pk=certificate.pk).delete()


def hold_again(application: Application) -> None:
    """Let a rejected case hold its certificates again, as it is appealed. Raises CertificateKnown.

    Rejection had set them free for another application.
    """
    try:
        with transaction.atomic():
            application.certificates.filter(live=False).update(live=True)
    except IntegrityError:
        text = _(
            "A certificate of this application stands behind another one by now. Take it back there"
            " first, then appeal."
        )
        raise CertificateKnown(text, pointer="number") from None


def check(application: Application, today: date) -> None:
    """Every certificate still holds, and nobody's account got it meanwhile.

    Raises:
        CertificateExpired, CertificateKnown.
    """
    for each in application.certificates.filter(live=True):
        _refuse_expired(each.title, each.expires, today)
        _refuse_recorded(each.issuer_key, each.number, each.number_key)


def _add(
    application: Application, printed: dict[str, Any], media_type: str, content: bytes, at: datetime
) -> ClaimedCertificate:
    _refuse_recorded(printed["issuer_key"], printed["number"], printed["number_key"])
    file = evidence.attach(
        application=application, title=printed["title"], media_type=media_type, content=content,
        at=at,
    )  # fmt: skip
    _refuse_claimed(application, printed, file)
    try:
        with transaction.atomic():
            return ClaimedCertificate.objects.create(
                application=application, evidence=file, file_sha256=file.sha256, added_at=at,
                **printed,
            )  # fmt: skip
    except IntegrityError:
        # Two applications put the same certificate forward at one moment; the other was first.
        raise CertificateKnown(_known_text(application, None), pointer="number") from None


def _ask_for(
    application: Application, certificate: ClaimedCertificate, unit_ids: Sequence[int]
) -> None:
    units = Unit.objects.in_bulk(list(unit_ids))
    if not units or len(units) < len(unit_ids):
        text = _("Choose the units that the certificate shows.")
        raise NothingAsked(text, pointer="units")
    for unit in units.values():
        refuse_amount(unit, unit.credit_hundredths, least=1)
        ApplicationItem.objects.update_or_create(
            application=application, unit=unit,
            defaults={
                "asked_hundredths": unit.credit_hundredths, "certificate": certificate,
                "ground": ApplicationItem.Ground.CERTIFICATE,
            },
        )  # fmt: skip


def _content_key(application: Application, printed: dict[str, Any]) -> str:
    facts = [
        application.applicant_id, keys.name_key(printed["issuer"]), keys.name_key(printed["title"]),
        keys.name_key(printed["level"]), printed["obtained"].isoformat(),
    ]  # fmt: skip
    return rules.canonical_hash(facts)


def _refuse_incomplete(printed: dict[str, Any], today: date) -> None:
    for name in ("title", "issuer", "number"):
        if not printed[name] or (name == "number" and not keys.number_key(printed[name])):
            text = _("Write title, issuer and number as they are printed on the certificate.")
            raise CertificateIncomplete(text, pointer=name)
    obtained, expires = printed["obtained"], printed["expires"]
    if obtained > today or (expires and expires <= obtained):
        text = _(
            "The certificate would be issued on {day} and end on {end}. Copy both days from it."
        )
        end = clock.written(expires) if expires else "–"
        shown = text.format(day=clock.written(obtained), end=end)
        raise CertificateIncomplete(shown, pointer="obtained")
    _refuse_expired(printed["title"], expires, today)


def _refuse_expired(title: str, expires: date | None, today: date) -> None:
    if expires and expires <= today:
        text = _(
            "“{title}” ended on {day} and can no longer be recognised. Renew it with its issuer, "
            "or show what you can do in another way."
        )
        shown = text.format(title=title, day=clock.written(expires))
        raise CertificateExpired(shown, pointer="expires")


def _refuse_recorded(issuer_key: str, number: str, number_key: str) -> None:
    found = Outcome.objects.filter(number__in={number, number_key}).only("issuer")
    if any(keys.name_key(each.issuer) == issuer_key for each in found):
        text = _(
            "The certificate {number} has already become credit. It counts once; look for it in "
            "your account, or ask at your service point if it is not there."
        )
        raise CertificateKnown(text.format(number=number), pointer="number")


def _refuse_claimed(application: Application, printed: dict[str, Any], file: Evidence) -> None:
    living = ClaimedCertificate.objects.filter(live=True).select_related("application")
    checks = (
        ("number", {name: printed[name] for name in ("issuer_key", "number_key")}),
        ("file", {"file_sha256": file.sha256}),
        ("title", {"content_key": printed["content_key"]}),
    )
    for pointer, same in checks:
        found = living.filter(**same).first()
        if found:
            raise CertificateKnown(_known_text(application, found), pointer=pointer)


def _known_text(application: Application, found: ClaimedCertificate | None) -> str:
    if found is None or found.application.applicant_id != application.applicant_id:
        return _(
            "This certificate was already put forward from another account. If it is yours, bring "
            "the original to your service point."
        )
    if found.application_id == application.pk:
        return _(
            "This certificate is already in this application, under the number {number}. Take that "
            "one out first if the number is wrong."
        ).format(number=found.number)
    return _(
        "This certificate already stands behind your application {case}, under the number "
        "{number}. It counts once."
    ).format(case=found.application.number, number=found.number)
