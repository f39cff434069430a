"""Builds of the lake that somebody asks for: a portion a minute, until everything is up to date."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from xueqiao.governance import publishing
from xueqiao.governance.models import BuildRequest
from xueqiao.kernel import errors, lease
from xueqiao.lake import build, catalogue, engines, extract, reconcile, tables
from xueqiao.lake.distinct import making

if TYPE_CHECKING:
    from datetime import datetime

    from xueqiao.people.models import Person

State = BuildRequest.State
PORTION_SECONDS = 40.0


class AlreadyAsked(errors.Refusal):
    """A build waits or runs already; it takes everything in that has arrived by its beginning."""

    code = "governance.build_already_asked"


class Begun(errors.Refusal):
    """A build that has begun cannot be withdrawn."""

    code = "governance.build_begun"


def ask(*, by: Person, at: datetime) -> BuildRequest:
    """Ask that what is new be extracted and every stale table made.

    Raises:
        AlreadyAsked: one waits or runs.
    """
    with transaction.atomic():
        if BuildRequest.objects.select_for_update().to_work().exists():
            raise AlreadyAsked(
                _("A build waits or runs already. It is shown on this page until it has ended.")
            )
        return BuildRequest.objects.create(asked_by=by, asked_at=at)


def withdraw(*, number: int, at: datetime) -> BuildRequest:
    """Take a request back that nobody has begun. A second time changes nothing.

    Raises:
        Begun: its build has begun, or has ended.
    """
    with transaction.atomic():
        request = BuildRequest.objects.select_for_update().get(pk=number)
        if request.state == State.WITHDRAWN:
            return request
        if request.state != State.WAITING:
            raise Begun(_("This build has begun; stopping it would only make the next one longer."))
        request.state, request.ended_at = State.WITHDRAWN, at
        request.save(update_fields=["state", "ended_at"])
        return request


def work(*, now: datetime, seconds: float = PORTION_SECONDS) -> BuildRequest | None:
    """Go on with the build that was asked for, for about so many seconds.

    Safe to stop at any moment and to run again: what was made stays made. While another process is
    at work on the lake the request waits.

    Returns:
        The request, as it then stands; None where there is none, or somebody else works on it.
    """
    request = _claim(now)
    if request is None:
        return None
    try:
        _go_on(request, now, seconds)
    except (tables.LakeBusy, tables.Overtaken) as why:
        request.text = str(why)
    except errors.Refusal as why:
        _end(request, State.FAILED, str(why), now)
    except Exception as why:
        _end(request, State.FAILED, f"{type(why).__name__}: {why}"[:1000], now)
        request.save()
        raise
    request.owner = ""
    request.save()
    return request


def _claim(now: datetime) -> BuildRequest | None:
    with transaction.atomic():
        request = BuildRequest.objects.select_for_update().to_work().order_by("pk").first()
        if request is None or not lease.is_free(request.owner, request.owned_at, at=now):
            return None
        request.state, request.owner, request.owned_at = State.RUNNING, lease.owner(), now
        request.save(update_fields=["state", "owner", "owned_at"])
    return request


def _go_on(request: BuildRequest, now: datetime, seconds: float) -> None:
    """Extract and judge its batches once, then make as many tables as there is time for."""
    if request.extracted_at is None:
        publishing.publish(root=settings.LAKE)
        extract.extract(root=settings.LAKE, of=catalogue.sources(), at=now)
        reconcile.follow(root=settings.LAKE, at=now)
        request.extracted_at = now
        request.save(update_fields=["extracted_at"])
    with engines.configured() as engine:
        outcome = build.run(
            root=settings.LAKE, engine=engine, at=now, name=str(request.key), seconds=seconds
        )
        request.made += len(outcome.built)
        request.text = ""
        if outcome.failed:
            request.failed = len(outcome.failed)
            _end(request, State.FAILED, build.incomplete_text(outcome), now)
        elif not outcome.left:
            request.made += len(
                making.refresh(root=settings.LAKE, engine=engine, told=outcome.told)
            )
            _end(request, State.DONE, "", now)


def _end(request: BuildRequest, state: State, text: str, now: datetime) -> None:
    request.state, request.text, request.ended_at = state, text, now
