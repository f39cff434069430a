"""Recognition of completed modules: the log's ``hall.completed`` becomes outcome, decision and lot.

Recognition of prior learning, with its steps and people, stands in ``recognition``.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, override

from xueqiao.creditbank import lots, rules, standards
from xueqiao.creditbank.models import Decision, SourceKind, Unit
from xueqiao.kernel import clock, cursor
from xueqiao.records import log

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

READER = "creditbank.recognise"
KIND = "hall.completed"
CREDIT_RULE = "completion.credit"
RESULTS = {"pass": gettext_lazy("pass"), "distinction": gettext_lazy("distinction")}


@dataclass
class Recognised:
    """What a run did, in log entries; ``hundredths`` is the credit posted, in 1/100."""

    read: int = 0
    posted: int = 0
    hundredths: int = 0
    not_passed: int = 0
    repeated: int = 0
    no_unit: int = 0


def waiting() -> int:
    """How many completions have not been read yet."""
    from_here = log.position(READER)
    return cursor.after(log.entries(KIND), from_here).count()


def follow(
    *, now: datetime, limit: int = 1000, advance: Callable[[int], None] | None = None
) -> Recognised:
    """Read the log to its end, a transaction for each batch; a killed run goes on where it was.

    Args:
        advance: told how many entries were read, after each batch.
    """
    total = Recognised()

    def work(batch: list[log.LogEntry]) -> None:
        add(total, recognise(entries=batch, now=now))

    while read := log.follow(reader=READER, rows=log.entries(KIND), work=work, limit=limit):
        if advance:
            advance(read)
    return total


def add(total: Recognised, part: Recognised) -> None:
    """Add the counts of one batch to a total."""
    for name, value in vars(part).items():
        setattr(total, name, getattr(total, name) + value)


@transaction.atomic
def recognise(*, entries: Iterable[log.LogEntry], now: datetime) -> Recognised:
    """Recognise a batch of completions in one transaction.

    Pass and Distinction give one outcome, one decision under the rule ``completion.credit`` and one
    lot of the credit studied. Any other result gives nothing. What was recognised before stays as
    it is, whatever a repeated entry says.
    """
    batch = list(entries)
    count = Recognised(read=len(batch))
    passed: dict[str, log.LogEntry] = {}
    for entry in batch:
        if entry.payload["result"].lower() not in rules.PASSED:
            count.not_passed += 1
        elif _key(entry) in passed:
            count.repeated += 1
        else:
            passed[_key(entry)] = entry
    known = set(Decision.objects.filter(key__in=passed).values_list("key", flat=True))
    count.repeated += len(known)
    fresh = [entry for key, entry in passed.items() if key not in known]
    drafts = _drafts(fresh)
    count.no_unit += len(fresh) - len(drafts)
    lots.post_recognised(drafts=drafts, now=now)
    count.posted = len(drafts)
    count.hundredths = sum(draft.amount_hundredths for draft in drafts)
    return count


def _key(entry: log.LogEntry) -> str:
    return f"completion:{entry.payload['enrolment_id']}"


def _drafts(entries: list[log.LogEntry]) -> list[lots.Draft]:
    units = standards.units_by_module({entry.payload["module_code"] for entry in entries})
    institutions = _institutions({entry.payload["institution_code"] for entry in entries})
    measures = lots.Measures()
    drafts = []
    for entry in entries:
        day = clock.local_date(datetime.fromisoformat(entry.payload["completed_at"]))
        unit = _unit_on(units.get(entry.payload["module_code"], []), day)
        amount = entry.payload["studied_credits_hundredths"]
        if unit is not None and amount > 0:
            institution = institutions.get(entry.payload["institution_code"])
            drafts.append(_draft(entry, unit, institution, day, measures))
    return drafts


def _draft(
    entry: log.LogEntry, unit: Unit, institution: int | None, day: date, measures: lots.Measures
) -> lots.Draft:
    facts: dict[str, Any] = entry.payload
    rule = measures.rule(CREDIT_RULE, day)
    return lots.Draft(
        key=_key(entry),
        person_id=facts["person_id"],
        unit=unit,
        institution_id=institution,
        issuer=facts["institution_code"],
        number=f"{facts['offering_code']}#{facts['enrolment_id']}",
        result=facts["result"],
        amount_hundredths=rules.scaled(
            facts["studied_credits_hundredths"], rule.value["numerator"], rule.value["denominator"]
        ),
        source_kind=_kind(facts),
        obtained=day,
        event_at=datetime.fromisoformat(facts["completed_at"]),
        rule=rule,
        reasons=_reasons(facts["result"].lower()),
        valid_to=measures.valid_to(_kind(facts), day),
        evidence_sha256=(rules.canonical_hash(facts),),
        source=f"{entry.kind} {entry.key}",
    )


def _kind(facts: dict[str, Any]) -> SourceKind:
    """Formal where the class is a presentation of a school's module, otherwise non-formal."""
    return SourceKind.FORMAL if facts["presentation"] else SourceKind.NONFORMAL


def _reasons(result: str) -> str:
    # Kept with the decision for ever, so it is written in the bank's own language, not a reader's.
    with override(settings.LANGUAGE_CODE):
        text = _("Recognised by rule: the module was completed with the result “{result}”.")
        return text.format(result=RESULTS[result])


def _unit_on(units: list[Unit], day: date) -> Unit | None:
    fitting = [u for u in units if u.valid_from <= day and (u.valid_to is None or day < u.valid_to)]
    return fitting[-1] if fitting else None


def _institutions(codes: set[str]) -> dict[str, int]:
    # Named by string: only the network app imports its own models.
    model = apps.get_model("network", "Institution")
    return dict(model._default_manager.filter(code__in=codes).values_list("code", "pk"))
