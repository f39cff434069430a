"""Sharing 共享授权: a learner lets somebody see chosen rows, for a named use, for a limited time.

Each share makes a transcript of its own, signed for this use and this recipient and valid until the
share ends; withdrawing the share revokes it, so that a file that was taken away does not outlive
the consent. Every look is a row that the learner reads
(docs/decisions/0099-shares-are-consents.md).
"""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import override

from xueqiao.creditbank import credentials
from xueqiao.creditbank.credentials import transcripts
from xueqiao.creditbank.models import Certificate, Share, ShareAccess, ShareItem, Use
from xueqiao.kernel import clock, errors, ids
from xueqiao.records import log

if TYPE_CHECKING:
    from collections.abc import Sequence
    from uuid import UUID

    from xueqiao.people.models import Person

LONGEST = timedelta(days=366)
What = ShareAccess.What


class NoRecipient(errors.Refusal):
    """A share names to whom it goes, and its use in own words where none of the list fits."""

    code = "sharing.no_recipient"
    status = 422


class BadPeriod(errors.Refusal):
    """A share ends after it begins, and within a year."""

    code = "sharing.bad_period"
    status = 422


class NothingShared(errors.Refusal):
    """Neither a row nor a certificate was chosen, or one that is not the learner's own."""

    code = "sharing.nothing_shared"
    status = 422


class NoSuchShare(errors.Refusal):
    """No share has this link."""

    code = "sharing.unknown"
    status = 404


class ShareEnded(errors.Refusal):
    """The time of the share is over."""

    code = "sharing.ended"
    status = 410


class ShareWithdrawn(errors.Refusal):
    """The learner has taken the share back."""

    code = "sharing.withdrawn"
    status = 410


@transaction.atomic
def share(
    *,
    person: Person,
    request_key: str,
    use: str,
    recipient: str,
    until: datetime,
    at: datetime,
    use_text: str = "",
    lot_ids: Sequence[int] = (),
    certificate_keys: Sequence[UUID] = (),
) -> Share:
    """Share rows as a transcript, and certificates as they are. A second call changes nothing.

    Args:
        use: one of ``Use``; ``use_text`` says it in own words and is needed for ``Use.OTHER``.
        recipient: a person or body, as the learner names it.
        until: aware; the share and its transcript end then.
        lot_ids: rows of the transcript; active lots of the learner.
        certificate_keys: standing certificates of the learner.

    Raises:
        NoRecipient, BadPeriod, NothingShared; transcripts.NoRows, asking.NotCertifiable.
    """
    earlier = Share.objects.filter(request_key=request_key, person=person).first()
    if earlier:
        return earlier
    _check(use, use_text, recipient, until, at)
    chosen = list(Certificate.objects.own(person).standing().filter(key__in=certificate_keys))
    if len(chosen) < len(set(certificate_keys)) or not (chosen or lot_ids):
        text = _("Choose at least one row or certificate of your own.")
        raise NothingShared(text, pointer="lots")
    made = Share.objects.create(
        key=uuid.uuid4(),
        request_key=request_key,
        person=person,
        use=use,
        use_text=use_text.strip(),
        recipient=recipient.strip(),
        shared_at=at,
        expires_at=until,
    )
    items = [ShareItem(share=made, certificate=each) for each in chosen]
    if lot_ids:
        items.append(ShareItem(share=made, certificate=_made_for(made, lot_ids), made_for_it=True))
    ShareItem.objects.bulk_create(items)
    _tell("shared", made, at)
    return made


@transaction.atomic
def withdraw(*, key: UUID, person: Person, at: datetime) -> Share:
    """Take a share back: the link shows nothing any more, its transcript is revoked.

    A second call changes nothing. Certificates that were not made for the share stay as they are.

    Raises:
        NoSuchShare: not one of the person's.
    """
    found = Share.objects.own(person).select_for_update().filter(key=key).first()
    if found is None:
        raise NoSuchShare(_unknown_text())
    if found.withdrawn_at is not None:
        return found
    found.withdrawn_at = at
    found.save(update_fields=["withdrawn_at"])
    with override("zh-hans"):
        reason = _("The holder has withdrawn the consent for which it was made.")
    for item in found.items.filter(made_for_it=True).select_related("certificate"):
        credentials.revoke(key=item.certificate.key, reason=reason, at=at)
    _tell("share_withdrawn", found, at)
    return found


def look(*, key: UUID, what: str, visitor: str, at: datetime) -> Share:
    """What somebody sees who opens the link; the look is written down first.

    Args:
        what: one of ``ShareAccess.What``: the page or a file.
        visitor: address and browser; kept as a hash only, another one for each share.

    Raises:
        NoSuchShare, ShareEnded, ShareWithdrawn: the last two are written down too.
    """
    found = Share.objects.select_related("person").filter(key=key).first()
    if found is None:
        raise NoSuchShare(_unknown_text())
    over = What.WITHDRAWN if found.withdrawn_at else What.ENDED if at >= found.expires_at else None
    ShareAccess.objects.create(
        share=found, what=over or what, visitor=hashed(found, visitor), at=at
    )
    if over == What.WITHDRAWN:
        raise ShareWithdrawn(_("The holder has taken this back. Ask the holder for a new link."))
    if over == What.ENDED:
        text = _("This link ended on {day}. Ask the holder for a new one.")
        day = clock.written(clock.local_date(found.expires_at))
        raise ShareEnded(text.format(day=day))
    return found


def shown(found: Share) -> list[Certificate]:
    """The certificates of a share, those that wait to be signed too, in the order of choosing."""
    items = found.items.select_related("certificate__institution", "certificate__lot")
    return [item.certificate for item in items.order_by("pk")]


def use_in_words(found: Share) -> str:
    """The use as the learner named it, in the reader's language."""
    return found.use_text if found.use == Use.OTHER else found.get_use_display()


def hashed(found: Share, visitor: str) -> str:
    """Tells visitors of one share apart, and nothing else."""
    return ids.keyed_hash(settings.IDENTITY_KEY, f"share:{found.key}:{visitor}")[:16]


def _check(use: str, use_text: str, recipient: str, until: datetime, at: datetime) -> None:
    if not recipient.strip():
        text = _("Say who will see it: the employer, the school, the office.")
        raise NoRecipient(text, pointer="recipient")
    if use not in Use.values or (use == Use.OTHER and not use_text.strip()):
        raise NoRecipient(_("Say what it is for."), pointer="use_text")
    if not at < until <= at + LONGEST:
        text = _("Choose an end between tomorrow and a year from now.")
        raise BadPeriod(text, pointer="until")


def _made_for(made: Share, lot_ids: Sequence[int]) -> Certificate:
    # What is signed is in Chinese, whatever language the learner reads.
    with override("zh-hans"):
        use = use_in_words(made)
    return transcripts.request(
        person=made.person,
        lot_ids=lot_ids,
        request_key=f"share:{made.key}",
        requested_at=made.shared_at,
        valid_until=made.expires_at,
        use=use,
        recipient=made.recipient,
    )


def _tell(word: str, made: Share, at: datetime) -> None:
    log.append(
        kind=f"creditbank.{word}",
        key=f"share:{made.key}:{word}",
        event_at=at,
        payload={"share_id": made.pk, "person_id": made.person_id, "use": made.use},
    )


def _unknown_text() -> str:
    return _("There is no such link. Ask the holder to send it again.")
