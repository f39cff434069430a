"""Lots and certificates for the tests of certificates, made through verbs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from tests.creditbank import factories
from xueqiao.creditbank import completions, credentials, standards
from xueqiao.creditbank.models import Certificate, CreditLot

ASKED = datetime(2025, 9, 2, 1, tzinfo=UTC)
NOW = datetime(2025, 9, 2, 2, tzinfo=UTC)
LATER = NOW + timedelta(days=1)


def lots(count, *, first=1):
    """As many lots, of as many learners, recognised from the log."""
    standards.load()
    factories.institution()
    entries = [
        factories.completed(factories.person(f"学员 {number}"), number, result="distinction")
        for number in range(first, first + count)
    ]
    completions.recognise(entries=entries, now=factories.AT)
    return list(CreditLot.objects.order_by("pk"))


def queued(count):
    """As many certificates that wait to be signed."""
    return [
        credentials.request(lot_id=lot.pk, request_key=f"lot:{lot.pk}", requested_at=ASKED)
        for lot in lots(count)
    ]


def issued(count=1):
    """As many signed certificates."""
    queued(count)
    credentials.sign_queued(limit=count, now=NOW)
    return list(Certificate.objects.order_by("pk"))
