"""Asking for a research extract, and the steward's decision; never by who asked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from django.db import transaction
from django.utils.translation import gettext as _

from xueqiao.governance import deciding, grants, rules
from xueqiao.governance.extracts import designs
from xueqiao.governance.models import Purpose, ResearchExtract
from xueqiao.kernel import clock, errors
from xueqiao.people import rights

if TYPE_CHECKING:
    from datetime import date, datetime

    from django.db.models import QuerySet

    from xueqiao.people.models import Person

State = ResearchExtract.State
LEAST_K, MOST_K, USUAL_K = 5, 1000, 10
LEAST_DIVERSITY, MOST_DIVERSITY = 2, 20
MOST_RECIPIENTS: Final = 10
MOST_MONTHS: Final = 120


class ExtractIncomplete(errors.Refusal):
    """Something that an extract needs is missing, or does not fit together."""

    code = "extract.incomplete"
    status = 422


class ExtractTooWide(errors.Refusal):
    """More is asked than anybody may have: too little hiding, too long, too many."""

    code = "extract.too_wide"
    status = 422


@dataclass(frozen=True)
class Wish:
    """What somebody asks for; as the columns of ``ResearchExtract``."""

    design: str
    known: tuple[str, ...]
    follows: bool
    purpose: str
    ethics: str
    recipients: tuple[str, ...]
    place_id: int
    first_month: date
    last_month: date
    k: int
    diversity: int
    sensitive: tuple[str, ...]
    valid_to: date


@transaction.atomic
def ask(*, request_key: str, by: Person, wish: Wish, at: datetime) -> ResearchExtract:
    """Ask for an extract, once for each request key.

    Raises:
        rights.NotAllowed: no role that reads for this place.
        grants.PurposeNotYours: no role of the person reads for research.
        ExtractIncomplete, ExtractTooWide.
    """
    found = ResearchExtract.objects.filter(request_key=request_key, asked_by=by).first()
    if found:
        return found
    day = clock.local_date(at)
    rights.check(by, rights.LAKE_ANALYSE, day, place_id=wish.place_id)
    if Purpose.RESEARCH not in grants.may_ask_for(by, day):
        raise grants.PurposeNotYours(_("Your roles do not read for research."))
    _refuse_incomplete(wish, day)
    _refuse_wide(wish, day)
    design = designs.DESIGNS[wish.design]
    return ResearchExtract.objects.create(
        request_key=request_key, asked_by=by, asked_at=at, design=wish.design,
        known=[name for name in design.known if name in wish.known],
        follows=wish.follows and design.is_monthly, purpose=wish.purpose.strip(),
        ethics=wish.ethics.strip(), recipients=[each.strip() for each in wish.recipients],
        place_id=wish.place_id, first_month=wish.first_month, last_month=wish.last_month,
        k=wish.k, diversity=wish.diversity if wish.sensitive else 1,
        sensitive=[name for name in design.sensitive if name in wish.sensitive],
        valid_to=wish.valid_to,
    )  # fmt: skip


@transaction.atomic
def decide(
    *, extract: ResearchExtract, by: Person, is_granted: bool, note: str, at: datetime
) -> ResearchExtract:
    """Grant an extract, which the job then makes, or refuse it with a reason.

    Raises:
        rights.NotAllowed: not the steward of the place.
        deciding.SamePerson, deciding.Decided; deciding.ReasonMissing: a refusal without a reason.
    """
    locked = ResearchExtract.objects.select_for_update().get(pk=extract.pk)
    rights.check(by, rights.LAKE_STEWARD, clock.local_date(at), place_id=locked.place_id)
    deciding.second_person(locked.asked_by_id, by)
    if locked.state != State.ASKED:
        raise deciding.Decided(stands_text(locked))
    locked.note = note.strip() if is_granted else deciding.reason_given(note)
    locked.state = State.GRANTED if is_granted else State.REFUSED
    locked.decided_by, locked.decided_at = by, at
    locked.save(update_fields=["state", "decided_by", "decided_at", "note"])
    return locked


def overlapping(extract: ResearchExtract) -> QuerySet[ResearchExtract]:
    """Extracts of the same rows that were handed out or may be: together they can tell more.

    By design and period, whatever the place; the newest first.
    """
    rows = ResearchExtract.objects.filter(
        design=extract.design, first_month__lte=extract.last_month,
        last_month__gte=extract.first_month, decided_at__isnull=False,
    )  # fmt: skip
    told = rows.exclude(state__in=[State.REFUSED, State.FAILED]).exclude(pk=extract.pk)
    return told.order_by("-pk")


def stands_text(extract: ResearchExtract) -> str:
    text = _("This extract stands at “{state}” by now. Load the page again.")
    return text.format(state=extract.get_state_display())


def _refuse_incomplete(wish: Wish, day: date) -> None:
    design = designs.DESIGNS.get(wish.design)
    if design is None:
        raise ExtractIncomplete(_("Choose one of the data sets."), pointer="design")
    if not set(design.known) & set(wish.known):
        text = _("Choose at least one of the columns of persons.")
        raise ExtractIncomplete(text, pointer="known")
    if set(wish.sensitive) - set(design.sensitive):
        text = _("This data set does not have that sensitive column. Leave it out.")
        raise ExtractIncomplete(text, pointer="sensitive")
    if not wish.purpose.strip():
        raise ExtractIncomplete(_("Say what you want to find out."), pointer="purpose")
    if not wish.ethics.strip():
        text = _("Give the number under which an ethics board has approved the research.")
        raise ExtractIncomplete(text, pointer="ethics")
    if not wish.recipients or not all(each.strip() for each in wish.recipients):
        raise ExtractIncomplete(_("Name everybody who gets a copy."), pointer="recipients")
    if len({each.strip() for each in wish.recipients}) < len(wish.recipients):
        text = _("Each recipient is named once, so that a copy leads to one of them.")
        raise ExtractIncomplete(text, pointer="recipients")
    if wish.last_month < wish.first_month:
        text = _("The last month lies before the first one. Turn them round.")
        raise ExtractIncomplete(text, pointer="last_month")
    if wish.valid_to <= day:
        raise ExtractIncomplete(_("Choose an end that lies ahead."), pointer="valid_to")


def _refuse_wide(wish: Wish, day: date) -> None:
    if not LEAST_K <= wish.k <= MOST_K:
        text = _("Each person has to be hidden among {least} to {most}. Usual are {usual}.")
        text = text.format(least=LEAST_K, most=MOST_K, usual=USUAL_K)
        raise ExtractTooWide(text, pointer="k")
    most = min(wish.k, MOST_DIVERSITY)
    if wish.sensitive and not LEAST_DIVERSITY <= wish.diversity <= most:
        text = _("A sensitive column needs {least} to {most} values in each class.")
        text = text.format(least=LEAST_DIVERSITY, most=most)
        raise ExtractTooWide(text, pointer="diversity")
    if len(wish.recipients) > MOST_RECIPIENTS:
        text = _("At most {n} recipients get a copy. Ask for a second extract for the others.")
        raise ExtractTooWide(text.format(n=MOST_RECIPIENTS), pointer="recipients")
    if months(wish.first_month, wish.last_month) > MOST_MONTHS:
        text = _("An extract covers {n} months at most. Choose a later first month.")
        raise ExtractTooWide(text.format(n=MOST_MONTHS), pointer="first_month")
    longest = rules.LONGEST_DAYS[Purpose.RESEARCH.value]
    if wish.valid_to > day + timedelta(days=longest):
        text = _("For this purpose an extract stays {n} days at most. Choose an earlier end.")
        raise ExtractTooWide(text.format(n=longest), pointer="valid_to")


def months(first: date, last: date) -> int:
    """Months from one to another, both counted.

    >>> from datetime import date
    >>> months(date(2025, 12, 1), date(2026, 2, 1))
    3
    """
    return 12 * (last.year - first.year) + last.month - first.month + 1
