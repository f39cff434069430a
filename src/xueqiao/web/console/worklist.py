"""What waits for a person: each thing with its link and the day by which it should be done."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from django.db.models import Count, Exists, OuterRef, Subquery
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from xueqiao.creditbank import awards, recounts
from xueqiao.creditbank import queries as creditbank
from xueqiao.creditbank.models import Reversal, SealCheck
from xueqiao.creditbank.recognition import waiting
from xueqiao.governance.models import LakeErasure
from xueqiao.hall import queries as hall
from xueqiao.hall.models import Enrolment, EnrolmentState, Offering
from xueqiao.intake import alarms
from xueqiao.intake.models import Alarm
from xueqiao.kernel import clock, credit
from xueqiao.people import rights
from xueqiao.records.models import Erasure, Quarantine
from xueqiao.web.console import alarms as alarm_rows
from xueqiao.web.console import exchange_work, lake_runs, lake_work, rulebook_work, service_work
from xueqiao.web.console.work import SHOWN, Group, Item, first
from xueqiao.web.templatetags.ui import titled

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from django.db.models import QuerySet

    from xueqiao.creditbank.models import Application
    from xueqiao.people.models import Person

    Provider = Callable[[Person, date], "Group | list[Group] | None"]

# Who asks to be forgotten is answered within a month by law; half of it is for the decision.
RESULTS_DAYS, REVERSAL_DAYS, ERASURE_DAYS = 14, 5, 15


def due_level(application: Application) -> str:
    """A badge for what is late; none otherwise."""
    day = application.due_on
    return "bad" if day and day < clock.today() else ""


def read(person: Person, today: date) -> list[Group]:
    """All groups in which something waits, recognition first."""
    with rights.remembered(person, today):
        return [group for group in _groups(person, today) if group and group.count]


def _groups(person: Person, today: date) -> Iterator[Group | None]:
    """The groups of the doors that are open to the person; the others ask nothing."""
    for policy, provider in PROVIDERS:
        if rights.allows(person, policy, today):
            found = provider(person, today)
            yield from found if isinstance(found, list) else [found]


def _cases(person: Person, today: date) -> Group | None:
    """Cases whose next step is the person's, and in which nothing stands against that."""
    found, count = first(waiting.work_queue(person, today))
    items = [_case(each, today) for each in found]
    return Group(
        "recognition",
        _("Recognition of prior learning"),
        count,
        sorted(items, key=lambda item: item.due or date.max),
        reverse("console-recognition"),
    )


def _case(application: Application, today: date) -> Item:
    day = application.due_on
    return Item(
        application.title,
        f"{application.applicant.name} · {application.place.name}"
        f" · {application.get_state_display()}",
        reverse("console-case", args=[application.pk]),
        day,
        day is not None and day < today,
    )


def _conversions(person: Person, today: date) -> Group:
    """Conversions whose credit is reserved until somebody answers."""
    found, count = first(creditbank.conversions_waiting(person, today))
    items = [_conversion(each, today) for each in found]
    address = reverse("console-conversions")
    return Group("conversion", _("Conversions to answer"), count, items, address)


def _conversion(asked: Any, today: date) -> Item:
    day = clock.local_date(asked.reserved_until)
    programme = asked.version.rule.programme
    return Item(
        asked.person.name,
        _("{credits} credits into {programme}").format(
            credits=credit.show(asked.granted_hundredths), programme=titled(programme)
        ),
        reverse("console-conversions"),
        day,
        day < today,
    )


def _awards(person: Person, today: date) -> Group:
    """Applications for qualifications whose credit is reserved until somebody decides."""
    found, count = first(awards.waiting(person, today).prefetch_related(None))
    address = reverse("console-awards")
    items = []
    for each in found:
        day = clock.local_date(each.reserved_until)
        title = titled(each.qualification)
        items.append(Item(each.person.name, title, address, day, day < today))
    return Group("award", _("Awards to decide"), count, items, address)


def _rulebook(person: Person, today: date) -> list[Group]:
    """What waits in the making of agreements and rules; nothing of it has a last day."""
    return [
        Group(code, title, len(lines), [Item(*line, None, False) for line in lines], address)
        for code, title, address, lines in rulebook_work.groups(person, today)
    ]


def _reversals(person: Person, today: date) -> Group:
    """Reversals that wait for a second person, or for the review of a qualification."""
    rows = Reversal.objects.within(person, rights.LOT_REVERSE, today).exclude(asked_by=person)
    rows = rows.filter(state__in=[Reversal.State.ASKED, Reversal.State.REVIEW])
    found, count = first(rows.select_related("lot__person").order_by("asked_at", "pk"))
    items = [_reversal(each, today) for each in found]
    return Group("reversal", _("Reversals to answer"), count, items, reverse("console-reversals"))


def _reversal(case: Reversal, today: date) -> Item:
    day = clock.local_date(case.asked_at) + timedelta(days=REVERSAL_DAYS)
    address = reverse("console-reversal", args=[case.pk])
    return Item(f"{case.number} · {case.lot.person.name}", case.reason, address, day, day < today)


def _recounts(_person: Person, _today: date) -> Group | None:
    """Recounts of the ledger that found differences and that nobody looks after."""
    found, count = first(recounts.alarms())
    if not found:
        return None
    text = _("{n} accounts disagree with their transfers")
    items = [
        Item(
            str(clock.local_date(each.began_at)), text.format(n=each.differences),
            reverse("console-ledger-recount", args=[each.pk]), None, is_late=True,
        )
        for each in found
    ]  # fmt: skip
    address = reverse("console-ledger-recounts")
    return Group("recount", _("Recounts with differences"), count, items, address)


def _seals(_person: Person, _today: date) -> Group | None:
    """The last check of the sealed ledger, while it stands with differences."""
    last = SealCheck.objects.order_by("-pk").first()
    if last is None or not last.found:
        return None
    text = _("{n} differences from what was sealed").format(n=last.found)
    address = reverse("console-seal-check", args=[last.pk])
    item = Item(str(clock.local_date(last.began_at)), text, address, None, is_late=True)
    return Group("seals", _("The sealed ledger"), 1, [item], reverse("console-seal-checks"))


def _full_classes(person: Person, today: date) -> Group | None:
    rows: QuerySet[Any] = hall.with_seats(
        Offering.objects.run_by(person, today).filter(starts_on__gt=today)
    )
    found, count = first(rows.filter(waiting__gt=0).order_by("starts_on", "pk"))
    items = [_full(each, today) for each in found]
    address = reverse("console-classes") + "?show=waiting"
    return Group("full", _("Classes with more applicants than seats"), count, items, address)


def _full(offering: Any, today: date) -> Item:
    text = ngettext("{n} waits, {seats} seats", "{n} wait, {seats} seats", offering.waiting)
    detail = (
        f"{offering.institution.name} · {text.format(n=offering.waiting, seats=offering.capacity)}"
    )
    day = clock.local_date(offering.enrol_to)
    return Item(
        offering.title, detail, reverse("console-class", args=[offering.pk]), day, day < today
    )


def without_result(person: Person, today: date) -> QuerySet[Offering]:
    """Classes that are over and in which somebody with a seat has no result, oldest first."""
    missing = Enrolment.objects.filter(
        offering=OuterRef("pk"), state=EnrolmentState.ACTIVE, completion=None
    ).order_by()
    counted = missing.values("offering").annotate(n=Count("pk")).values("n")
    ended = Offering.objects.run_by(person, today).filter(Exists(missing), ends_on__lt=today)
    rows = ended.annotate(open_results=Subquery(counted)).select_related("institution")
    return rows.order_by("ends_on", "pk")


def _results(person: Person, today: date) -> Group | None:
    found, count = first(without_result(person, today))
    items = [_open_results(each, today) for each in found]
    address = reverse("console-classes") + "?show=results"
    return Group("results", _("Results to enter"), count, items, address)


def _open_results(offering: Any, today: date) -> Item:
    text = ngettext(
        "{n} learner without a result", "{n} learners without a result", offering.open_results
    )
    day = offering.ends_on + timedelta(days=RESULTS_DAYS)
    return Item(
        offering.title,
        f"{offering.institution.name} · {text.format(n=offering.open_results)}",
        reverse("console-class", args=[offering.pk]),
        day,
        day < today,
    )


def _of_records(_person: Person, _today: date) -> list[Group]:
    """What waits for an operator of records."""
    return [_alarms(), _quarantine()]


def _erasures(person: Person, today: date) -> Group:
    """Erasures that somebody else asked for and that the person may decide about."""
    rows = Erasure.objects.for_second(person).select_related("requested_by")
    found, count = first(rows.order_by("requested_at", "pk"))
    items = [_erasure(each, today) for each in found]
    address = reverse("console-erasures") + f"?state={Erasure.State.ASKED}"
    return Group("erasures", _("Erasures to decide about"), count, items, address)


def _erasure(asked: Erasure, today: date) -> Item:
    day = clock.local_date(asked.requested_at) + timedelta(days=ERASURE_DAYS)
    return Item(
        f"E-{asked.pk} · {asked.get_kind_display()}",
        f"{asked.requested_by.name} · {asked.reason}",
        reverse("console-erasure", args=[asked.pk]),
        day,
        day < today,
    )


def _lake_erasures(_person: Person, _today: date) -> Group:
    """Erasures that the lake was told of and cannot carry out."""
    rows = LakeErasure.objects.held_up().select_related("erasure")
    found, count = first(rows.order_by("announced_at", "pk"))
    items = [
        Item(
            f"E-{each.erasure_id} · {each.erasure.get_kind_display()}",
            each.held_up_text,
            reverse("console-lake-erasure", args=[each.erasure_id]),
            None,
            is_late=True,
        )
        for each in found
    ]
    address = reverse("console-lake-erasures")
    return Group("lake-erasures", _("Erasures held up in the lake"), count, items, address)


def _lake_build(_person: Person, _today: date) -> Group:
    """The build of the lake that was asked for last, if it failed."""
    address = reverse("console-lake-runs")
    items = [
        Item(title, text, address, None, is_late=True) for title, text in lake_runs.last_failed()
    ]
    return Group("lake-runs", _("Builds of the lake that failed"), len(items), items, address)


def _alarms() -> Group:
    """Alarms that nobody looks after yet, oldest first."""
    rows = Alarm.objects.filter(closed_at=None, acknowledged_at=None).select_related("source")
    found, count = first(rows.order_by("opened_at", "pk"))
    address = alarm_rows.address(alarm_rows.SOURCES)
    items = [
        Item(
            f"{each.source.name} · {each.get_kind_display()}",
            alarms.text(each),
            address,
            None,
            False,
        )
        for each in found
    ]
    return Group("alarms", _("Alarms of sources"), count, items, address)


def _quarantine() -> Group:
    waiting = Quarantine.objects.waiting()
    rows = waiting.values("batch__source__code", "batch__source__name").annotate(n=Count("pk"))
    found: list[dict[str, Any]] = list(rows.order_by("-n"))  # type: ignore[arg-type]
    items = [_held(row) for row in found[:SHOWN]]
    return Group(
        "quarantine",
        _("Records in quarantine"),
        sum(row["n"] for row in found),
        items,
        reverse("console-records"),
    )


def _held(row: dict[str, Any]) -> Item:
    text = ngettext("{n} item not believed", "{n} items not believed", row["n"])
    address = reverse("console-quarantine") + f"?source={row['batch__source__code']}"
    return Item(row["batch__source__name"], text.format(n=f"{row['n']:,}"), address, None, False)


def _service(person: Person, today: date) -> list[Group]:
    """What waits at service points."""
    return [
        Group(
            kind.code,
            kind.title,
            len(kind.things),
            [
                Item(*each, is_late=bool(each.due and each.due < today))
                for each in kind.things[:SHOWN]
            ],
            kind.address,
        )
        for kind in service_work.read(person, today)
    ]


# Whose work it is, and who reads it; recognition first.
PROVIDERS: tuple[tuple[rights.Policy, Provider], ...] = (
    (rights.RECOGNITION_QUEUE, _cases),
    (rights.CONVERSION_DECIDE, _conversions),
    (rights.CONVERSION_DECIDE, _awards),
    (rights.LOT_REVERSE, _reversals),
    (rights.LEDGER_SEE, _recounts),
    (rights.LEDGER_SEE, _seals),
    (rights.ROSTER, _full_classes),
    (rights.ROSTER, _results),
    (rights.RECORDS_OPERATE, _of_records),
    (rights.RECORDS_ERASE, _erasures),
    (rights.LAKE_PRIVACY, _lake_erasures),
    (rights.LAKE_OPERATE, _lake_build),
    (rights.LAKE_STEWARD, lake_work.requests),
    (rights.LAKE_STEWARD, lake_work.extracts),
    (rights.LAKE_ANALYSE, lake_work.copies),
    (rights.LAKE_STEWARD, lake_work.open_data),
    (rights.LAKE_STEWARD, lake_work.sharing_drafts),
    (rights.LAKE_SHARE, lake_work.sharing),
    (rights.LAKE_STEWARD, lake_work.contracts),
    (rights.LAKE_OPERATE, lake_work.data_alarms),
    (rights.AGREEMENTS, _rulebook),
    (rights.EXCHANGE, exchange_work.differences),
    (rights.RESULTS_ACCEPT, exchange_work.sheets_waiting),
    (rights.SERVICE_OPENING, _service),
    (rights.LAKE_STEWARD, lake_work.guards),
    (rights.LAKE_STEWARD, lake_work.shorter_terms),
    (rights.LAKE_STEWARD, lake_work.plans),
)
