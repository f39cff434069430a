"""Which statements a request means, which of them may go, and what they are: the dry run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db.models import Count, Q, QuerySet
from django.db.models.functions import TruncMonth

from xueqiao.kernel import clock
from xueqiao.records.erasure import holds
from xueqiao.records.models import Actor, Erasure, ErasureTarget, Statement, StatementAgent

if TYPE_CHECKING:
    from datetime import datetime

SAMPLE = 10
# In place of whoever voided a statement and was erased.
NOBODY = f"account|{settings.PUBLIC_URL}/|erased"


def rows(erasure: Erasure) -> QuerySet[Statement]:
    """Every statement that a request means, whether it may go or not."""
    found = Statement.objects.filter(_meant(erasure))
    # What was blanked by an earlier erasure names nobody any more.
    blank = Actor.objects.filter(ifi=NOBODY).values_list("pk", flat=True).first()
    return found if blank is None else found.filter(Q(actor=None) | ~Q(actor=blank))


def _meant(erasure: Erasure) -> Q:
    if erasure.kind == Erasure.Kind.IDS:
        return Q(uuid__in=ErasureTarget.objects.filter(erasure=erasure).values("uuid"))
    if erasure.kind == Erasure.Kind.PERSON:
        actors = actors_of(erasure)
        did = Q(actor__in=actors)
        return did | Q(pk__in=_naming(actors)) if erasure.reach == Erasure.Reach.ANYWHERE else did
    old = Q(stored_at__lt=erasure.stored_before)
    return old if erasure.source_id is None else old & Q(source=erasure.source_id)


def actors_of(erasure: Erasure) -> list[int]:
    """The actors of a request about a person, lowest first."""
    found = erasure.identifiers.filter(actor__isnull=False).order_by("actor")
    return list(found.values_list("actor", flat=True))


def _naming(actors: list[int]) -> QuerySet[Any]:
    return StatementAgent.objects.filter(actor__in=actors).values("statement")


def naming_only(erasure: Erasure) -> QuerySet[Statement]:
    """Statements of others that name the person: they stay unless the request reaches them."""
    actors = actors_of(erasure)
    others = Statement.objects.filter(pk__in=_naming(actors))
    return others.filter(Q(actor=None) | ~Q(actor__in=actors))


def deletable(erasure: Erasure, at: datetime) -> QuerySet[Statement]:
    """What may go: no hold is on it."""
    return rows(erasure).filter(~holds.condition(at))


def look(erasure: Erasure, at: datetime) -> dict[str, Any]:
    """The dry run: counts by source, verb and month (of the event, in Asia/Shanghai), a sample."""
    meant = rows(erasure)
    held = meant.filter(holds.condition(at)).count()
    may_go = deletable(erasure, at)
    sample = may_go.order_by("pk").values_list("uuid", flat=True)[:SAMPLE]
    month = TruncMonth("event_at", tzinfo=clock.LOCAL)
    return {
        "at": at.isoformat(),
        "statements": may_go.count(),
        "held": held,
        "voiding": may_go.filter(voids__isnull=False).count(),
        "naming": naming_only(erasure).count() if erasure.kind == Erasure.Kind.PERSON else 0,
        "source": _counted(may_go.values_list("source__code")),
        "verb": _counted(may_go.values_list("verb__iri")),
        "month": {
            f"{day:%Y-%m}": n for day, n in _counted(may_go.values_list(month)).items()
        },
        "sample": [str(each) for each in sample],
    }  # fmt: skip


def _counted(grouped: QuerySet[Any, Any]) -> dict[Any, int]:
    return dict(sorted(grouped.annotate(n=Count("pk")).order_by()))
