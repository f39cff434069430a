"""How much a source may send: a bucket of statements that fills by the minute.

One bucket for all processes lies in the database. A process takes a portion out of it and spends it
without asking, so a source within its limit costs a query for every few hundred statements, and all
processes together still let through no more than the limit.

A request is let in while something is left, and what it brings is taken off even where that leaves
less than nothing: no request is too large to be ever sent, and who sent in advance waits longer.

Source: the token bucket, as in RFC 2697 section 3 (colour-blind, without the second bucket).
"""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext as _

from xueqiao.kernel import errors
from xueqiao.records import rules
from xueqiao.records.models import Allowance

if TYPE_CHECKING:
    from datetime import datetime

    from xueqiao.records.models import Source

PAUSE = timedelta(minutes=5)
# A process takes a twelfth of a minute at once: what is lost when it ends, and what another process
# may have to wait for, is five seconds' worth.
PORTIONS = 12


class TooFast(errors.Refusal):
    """The source sent as many statements as it may for now.

    Attributes:
        retry_after_seconds: when the next request will be let in.
    """

    code = "records.too_fast"
    status = 429
    retry_after_seconds: int = 1


class Paused(TooFast):
    """Nothing is taken from the source for now; the operator paused it."""

    code = "records.source_paused"


class RequestTooLarge(errors.Refusal):
    """The request has more bytes than one of this source may have."""

    code = "records.request_too_large"
    status = 413


_taken: dict[int, int] = {}
_guard = threading.Lock()


def admit(source: Source, *, at: datetime) -> None:
    """Let a request of statements in, or say when to come again.

    Raises:
        Paused: the source is paused.
        TooFast: nothing is left in its bucket.
    """
    if source.paused_at is not None and source.paused_at <= at:
        text = _(
            "Nothing is taken from {name} for now: it was paused. Keep what you have and send it "
            "later."
        )
        raise _later(Paused(text.format(name=source.name)), int(PAUSE.total_seconds()))
    if not source.rate_limit:
        return
    with _guard:
        held = _taken.get(source.pk, 0)
        if held > 0:
            return
        # From here on the debt is this thread's to settle.
        _taken[source.pk] = 0
    portion, wait = _fetch(source, -held, at)
    with _guard:
        _taken[source.pk] += portion
    if wait:
        text = _(
            "{name} may send {limit} statements a minute and has sent more. Send the next request "
            "in {wait} s."
        )
        why = TooFast(text.format(name=source.name, limit=source.rate_limit, wait=wait))
        raise _later(why, wait)


def check_size(source: Source, size: int) -> None:
    """Refuse a request of more bytes than the source may send at once.

    Raises:
        RequestTooLarge: it has more.
    """
    if source.most_bytes and size > source.most_bytes:
        text = _("A request of {name} brings at most {most} bytes; this one has {size}. Split it.")
        raise RequestTooLarge(text.format(name=source.name, most=source.most_bytes, size=size))


def spend(source: Source, statements: int) -> None:
    """Take off what a request that was let in brought."""
    if source.rate_limit:
        with _guard:
            _taken[source.pk] = _taken.get(source.pk, 0) - statements


@transaction.atomic
def _fetch(source: Source, debt: int, at: datetime) -> tuple[int, int]:
    """Settle what was spent in advance and take the next portion: statements, seconds to wait."""
    full = {"left": source.rate_limit * rules.PARTS, "filled_at": at}
    Allowance.objects.get_or_create(source=source, defaults=full)
    row = Allowance.objects.select_for_update().get(source=source)
    left = rules.filled(row.left, source.rate_limit, at - row.filled_at) - debt * rules.PARTS
    portion, wait = rules.portion(left, source.rate_limit, -(-source.rate_limit // PORTIONS))
    row.left, row.filled_at = left - portion * rules.PARTS, max(at, row.filled_at)
    row.save(update_fields=["left", "filled_at"])
    return portion, wait


def _later(why: TooFast, seconds: int) -> TooFast:
    why.retry_after_seconds = seconds
    return why
