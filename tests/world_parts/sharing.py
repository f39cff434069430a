"""What of the world's certificates is shared, and one that is endorsed and suspended."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from xueqiao.creditbank import credentials, sharing
from xueqiao.creditbank.credentials import signing
from xueqiao.creditbank.models import CreditLot, ShareAccess
from xueqiao.people.models import Person


def shared(people: dict[str, Person], now: datetime) -> dict[str, Any]:
    """Primary keys by the names of ``World``: an open share that was looked at, one taken back."""
    learner = people["learner"]
    lot = CreditLot.objects.filter(person=learner).first()
    given = {"person": learner, "use": "recruitment", "until": now + timedelta(days=30), "at": now}
    made = sharing.share(
        request_key="world:1", recipient="示例食品有限公司人力资源部", lot_ids=[lot.pk], **given
    )
    gone = sharing.share(
        request_key="world:2", recipient="示例职业学院招生办", lot_ids=[lot.pk], **given
    )
    signing.sign_queued(limit=10, now=now)
    for visitor, what in (("a", "page"), ("b", "page"), ("b", "pdf")):
        sharing.look(key=made.key, what=ShareAccess.What(what), visitor=visitor, at=now)
    sharing.withdraw(key=gone.key, person=learner, at=now)
    transcript = made.items.get().certificate
    return {
        "share": str(made.key),
        "share_gone": str(gone.key),
        "transcript": str(transcript.key),
    }


def suspended(certificate: str, now: datetime) -> None:
    """Suspended and reinstated once, so that its page has a story."""
    credentials.suspend(key=certificate, reason="举报核查中", at=now)
    credentials.reinstate(key=certificate, reason="查无实据", at=now)
