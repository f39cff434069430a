"""Everything a person has learnt, in one line of time, merged from the apps and paged by key.

Each source gives at most a page of rows behind the cursor, latest first, in one query; the merge
takes the latest of all. So a page costs as many queries as there are sources, however much there
is.
"""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.urls import reverse
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from xueqiao.creditbank import holders
from xueqiao.creditbank.models import (
    ApplicationStep,
    Certificate,
    Conversion,
    CreditLot,
    Outcome,
)
from xueqiao.hall.models import Completion, Enrolment
from xueqiao.kernel import clock, credit
from xueqiao.records.models import Statement
from xueqiao.web import attested
from xueqiao.web.templatetags.ui import titled

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from xueqiao.people.models import Person

SIZE: Final = 25
MOMENT: Final = timedelta(microseconds=1)


@dataclass(frozen=True)
class Entry:
    """One thing in a person's record. ``issuer`` and ``source`` say who vouches for it."""

    kind: str
    at: datetime
    pk: int
    title: str
    detail: str = ""
    issuer: str = ""
    address: str = ""
    amount_hundredths: int = 0

    @property
    def kind_title(self) -> str:
        return str(KINDS[self.kind])


@dataclass(frozen=True)
class Source:
    """Rows of one kind: whose they are, by which column they are in time, how one is shown.

    ``by_day``: the column is a calendar day; such a row stands at the first instant of its day.
    """

    kind: str
    rows: Callable[[list[int]], QuerySet[Any]]
    column: str
    shown: Callable[[Any], dict[str, Any]]
    by_day: bool = False


@dataclass(frozen=True)
class Cursor:
    """The last entry of the page before."""

    at: datetime
    kind: str
    pk: int


@dataclass(frozen=True)
class Page:
    """One page of a timeline; ``following`` is the next page's cursor, or "" on the last."""

    entries: list[Entry]
    following: str
    is_first: bool


KINDS = {
    "class": gettext_lazy("Class begun"),
    "completed": gettext_lazy("Class finished"),
    "online": gettext_lazy("Learnt online"),
    "outcome": gettext_lazy("Learning outcome"),
    "credit": gettext_lazy("Credit posted"),
    "application": gettext_lazy("Recognition"),
    "conversion": gettext_lazy("Conversion"),
    "certificate": gettext_lazy("Certificate issued"),
}
TOLD = ("submit", "post", "reject", "uphold", "change", "revoke")


def read(person: Person, *, after: str = "", kind: str = "", size: int = SIZE) -> Page:
    """A page of a person's record, latest first. One query for each kind that is shown, and one.

    What belongs to accounts that were merged into the person's is theirs too.

    Args:
        after: the cursor of an earlier page; one that does not fit is taken as the start.
        kind: one of ``KINDS``, to see it alone; "" shows all.
    """
    cursor = decode(after)
    people = sorted({person.pk, *holders.persons(person.pk)})
    sources = [each for each in SOURCES if kind in {"", each.kind}]
    found = [entry for each in sources for entry in _take(each, people, cursor, size + 1)]
    found.sort(key=_order)
    following = ""
    if len(found) > size:
        found = found[:size]
        following = encode(found[-1])
    return Page(found, following, cursor is None)


def encode(entry: Entry) -> str:
    """The cursor behind an entry."""
    text = json.dumps([entry.at.isoformat(), entry.kind, entry.pk])
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def decode(text: str) -> Cursor | None:
    """The entry that a cursor names; None for what is none."""
    try:
        padded = text + "=" * (-len(text) % 4)
        at, kind, pk = json.loads(base64.urlsafe_b64decode(padded))
        moment = datetime.fromisoformat(at)
    except (ValueError, TypeError, binascii.Error):
        return None
    fits = kind in KINDS and isinstance(pk, int) and moment.tzinfo is not None
    return Cursor(moment, kind, pk) if fits else None


def _order(entry: Entry) -> tuple[float, int, int]:
    return (-entry.at.timestamp(), RANK[entry.kind], -entry.pk)


def _take(source: Source, people: list[int], cursor: Cursor | None, many: int) -> Iterable[Entry]:
    rows = source.rows(people)
    if cursor is not None:
        rows = rows.filter(_behind(source, cursor))
    for row in rows.order_by(f"-{source.column}", "-pk")[:many]:
        yield Entry(source.kind, _at(source, row), row.pk, **source.shown(row))


def _behind(source: Source, cursor: Cursor) -> Q:
    """Rows that come after the cursor in the order of ``_order``."""
    column = source.column
    same: Any = cursor.at
    earlier = Q(**{f"{column}__lt": cursor.at})
    if source.by_day:
        same = clock.local_date(cursor.at)
        last = clock.local_date(cursor.at - MOMENT)
        earlier = Q(**{f"{column}__lte": last})
        if clock.start_of(same) != cursor.at:
            return earlier
    if RANK[source.kind] > RANK[cursor.kind]:
        return earlier | Q(**{column: same})
    if source.kind == cursor.kind:
        return earlier | Q(**{column: same, "pk__lt": cursor.pk})
    return earlier


def _at(source: Source, row: Any) -> datetime:
    value = row
    for part in source.column.split("__"):
        value = getattr(value, part)
    if isinstance(value, date) and not isinstance(value, datetime):
        return clock.start_of(value)
    assert isinstance(value, datetime)
    return value


def _classes(people: list[int]) -> QuerySet[Any]:
    rows = Enrolment.objects.filter(person__in=people, enrolled_at__isnull=False)
    return rows.select_related("offering__institution")


def _class(row: Enrolment) -> dict[str, Any]:
    return {
        "title": row.offering.title,
        "detail": row.get_state_display(),
        "issuer": row.offering.institution.name,
        "address": reverse("class", args=[row.offering_id]),
    }


def _completions(people: list[int]) -> QuerySet[Any]:
    rows = Completion.objects.filter(enrolment__person__in=people)
    return rows.select_related("enrolment__offering__institution")


def _completion(row: Completion) -> dict[str, Any]:
    offering = row.enrolment.offering
    return {
        "title": offering.title,
        "detail": row.get_result_display(),
        "issuer": offering.institution.name,
        "address": reverse("class", args=[offering.pk]),
    }


def _statements(people: list[int]) -> QuerySet[Any]:
    voiding = Statement.objects.filter(voids=OuterRef("uuid"))
    rows = Statement.objects.filter(actor__person__in=people, voids=None).exclude(Exists(voiding))
    return rows.select_related("verb", "activity", "source")


def _statement(row: Statement) -> dict[str, Any]:
    names = ((row.activity.definition or {}) if row.activity else {}).get("name", {})
    language = "en" if get_language() == "en" else "zh"
    fitting = [text for tag, text in names.items() if tag.startswith(language)]
    title = next(iter([*fitting, *names.values()]), row.activity.iri if row.activity else "")
    return {
        "title": title or _("Learning record"),
        "detail": row.verb.iri.rsplit("/", 1)[-1],
        "issuer": row.source.name,
    }


def _outcomes(people: list[int]) -> QuerySet[Any]:
    return Outcome.objects.filter(person__in=people).select_related("institution")


def _outcome(row: Outcome) -> dict[str, Any]:
    issuer = row.institution.name if row.institution else row.issuer
    return {
        "title": titled(row),
        "detail": f"{row.get_kind_display()} · {row.number}",
        "issuer": issuer,
    }


def _lots(people: list[int]) -> QuerySet[Any]:
    rows = CreditLot.objects.filter(person__in=people)
    return rows.select_related("account", "institution", "level")


def _lot(row: CreditLot) -> dict[str, Any]:
    level = _("level {n}").format(n=row.level.number)
    return {
        "title": titled(row),
        "detail": f"{row.get_source_kind_display()} · {level} · {row.get_state_display()}",
        "issuer": row.institution.name if row.institution else "",
        "amount_hundredths": row.amount_hundredths,
        "address": reverse("account"),
    }


def _steps(people: list[int]) -> QuerySet[Any]:
    rows = ApplicationStep.objects.filter(application__applicant__in=people, verb__in=TOLD)
    return rows.select_related("application")


def _step(row: ApplicationStep) -> dict[str, Any]:
    return {
        "title": row.application.title,
        "detail": row.get_to_state_display(),
        "issuer": row.application.number,
        "address": reverse("application", args=[row.application_id]),
    }


def _conversions(people: list[int]) -> QuerySet[Any]:
    return Conversion.objects.filter(person__in=people).select_related("version__rule__programme")


def _conversion(row: Conversion) -> dict[str, Any]:
    into = titled(row.version.rule.programme)
    return {
        "title": _("{credits} credits into {programme}").format(
            credits=credit.show(row.granted_hundredths), programme=into
        ),
        "detail": row.get_state_display(),
        "address": reverse("bank"),
    }


def _certificates(people: list[int]) -> QuerySet[Any]:
    rows = Certificate.objects.filter(
        person__in=people, issued_at__isnull=False, only_in_transcripts=False
    )
    return rows.select_related("lot", "institution", "endorses", "conversion__version__rule")


def _certificate(row: Certificate) -> dict[str, Any]:
    # A transcript is open to others only while it is shared; its holder finds it there.
    is_shared = row.kind == Certificate.Kind.TRANSCRIPT
    return {
        "title": attested.title(row),
        "detail": row.get_state_display(),
        "issuer": row.institution.name if row.institution else "",
        "address": reverse("shares") if is_shared else reverse("certificate", args=[row.key]),
    }


SOURCES: Final = (
    Source("certificate", _certificates, "issued_at", _certificate),
    Source("conversion", _conversions, "asked_at", _conversion),
    Source("credit", _lots, "account__opened_at", _lot),
    Source("outcome", _outcomes, "obtained", _outcome, by_day=True),
    Source("application", _steps, "at", _step),
    Source("completed", _completions, "completed_at", _completion),
    Source("online", _statements, "event_at", _statement),
    Source("class", _classes, "enrolled_at", _class),
)
# At one moment what follows from something stands above it.
RANK: Final = {each.kind: rank for rank, each in enumerate(SOURCES)}
