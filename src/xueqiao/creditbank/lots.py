"""Credit lots: opening learning accounts, and posting recognised outcomes as lots in batches."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from django.db import transaction

from xueqiao.creditbank import accounts, ledger, rules, standards
from xueqiao.creditbank.models import (
    AccountKind,
    Application,
    Conversion,
    ConversionResult,
    CreditLot,
    Decision,
    LearningAccount,
    LedgerUnit,
    LotParent,
    Outcome,
    RuleTable,
    SourceKind,
    Unit,
)
from xueqiao.kernel import bulk, clock
from xueqiao.records import log

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import date, datetime

POSTED = "creditbank.posted"
OUTCOME_COLUMNS = (
    "id", "person_id", "kind", "institution_id", "issuer", "number", "title_zh", "title_en",
    "result", "certificate_type", "certificate_level", "score_hundredths", "obtained", "valid_to",
    "fingerprint", "evidence_sha256", "source",
)  # fmt: skip
DECISION_COLUMNS = (
    "id", "key", "person_id", "outcome_id", "application_id", "unit_id", "approved",
    "amount_hundredths", "reasons", "rule_id", "decided_by_id", "decided_at", "replaces_id",
)  # fmt: skip
LOT_COLUMNS = (
    "id", "account_id", "person_id", "institution_id", "unit_id", "level_id", "field", "title_zh",
    "title_en", "amount_hundredths", "source_kind", "obtained", "valid_to", "decision_id", "hops",
    "state", "state_since",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Draft:
    """An outcome that is to be recognised: what it is, for how much, under which rule and why.

    ``outcome_id`` names an outcome that is already there, such as a certificate that several units
    rest on; ``replaces_id`` the earlier decision, where this one follows an appeal.
    """

    key: str
    person_id: int
    unit: Unit
    institution_id: int | None
    issuer: str
    number: str
    result: str
    amount_hundredths: int
    source_kind: SourceKind
    obtained: date
    event_at: datetime
    rule: RuleTable
    reasons: str
    valid_to: date | None
    evidence_sha256: tuple[str, ...]
    source: str
    application: Application | None = None
    decided_by_id: int | None = None
    outcome_id: int | None = None
    replaces_id: int | None = None
    certificate_type: str = ""
    certificate_level: int | None = None
    score_hundredths: int | None = None

    def fingerprint(self) -> str:
        """The content of the outcome: whoever holds it, it enters once."""
        parts = [
            self.person_id,
            self.issuer,
            self.number,
            self.unit.code,
            self.obtained.isoformat(),
        ]
        return rules.canonical_hash([*parts, list(self.evidence_sha256)])


@dataclass
class Measures:
    """The rules in force by code and day, read once for each."""

    found: dict[tuple[str, date], RuleTable] = field(default_factory=dict)

    def rule(self, code: str, day: date) -> RuleTable:
        if (code, day) not in self.found:
            self.found[code, day] = standards.rule(code, day)
        return self.found[code, day]

    def valid_to(self, kind: SourceKind, day: date) -> date | None:
        """First day on which credit of this kind can no longer be used; None: it does not lapse."""
        years = self.rule(f"validity.{kind}", day).value["years"]
        return rules.years_later(day, years) if years else None


@transaction.atomic
def open_learning_accounts(*, person_ids: set[int], opened_at: datetime) -> None:
    """Give a learning account to each person who has none. Repeating it changes nothing."""
    have = LearningAccount.objects.filter(person_id__in=person_ids)
    missing = sorted(person_ids - set(have.values_list("person_id", flat=True)))
    LearningAccount.objects.bulk_create(
        [
            LearningAccount(
                number=rules.account_number(person_id), person_id=person_id, opened_at=opened_at
            )
            for person_id in missing
        ],
        ignore_conflicts=True,
    )


def _to_holders(drafts: Sequence[Draft]) -> Sequence[Draft]:
    """What was learnt under an account that has been merged belongs to the account it is in now."""
    merged = LearningAccount.objects.filter(
        person_id__in={draft.person_id for draft in drafts}, merged_into__isnull=False
    )
    now = dict(merged.values_list("person_id", "merged_into__person_id"))
    if not now:
        return drafts
    return [replace(draft, person_id=now.get(draft.person_id, draft.person_id)) for draft in drafts]


@transaction.atomic
def post_recognised(*, drafts: Sequence[Draft], now: datetime) -> list[int]:
    """Write outcome, decision, account, transfer and lot of each draft; all or none.

    The ids of the lots, in the order of the drafts.

    The caller has left out what was recognised before; a key or an outcome that is there already
    stops the whole call by its unique constraint.
    """
    if not drafts:
        return []
    drafts = _to_holders(drafts)
    open_learning_accounts(person_ids={draft.person_id for draft in drafts}, opened_at=now)
    opened = accounts.open_all(_issue_accounts(drafts, now))
    opened |= accounts.open_fresh(
        [_lot_account(draft.key, draft.person_id, now) for draft in drafts]
    )
    outcomes = _write_outcomes(drafts)
    decisions = bulk.numbers(Decision, len(drafts))
    lots = bulk.numbers(CreditLot, len(drafts))
    bulk.insert(
        Decision, DECISION_COLUMNS,
        [_decision(*each, now) for each in zip(decisions, drafts, outcomes, strict=True)],
    )  # fmt: skip
    ledger.post_many(vouchers=[_voucher(draft, opened) for draft in drafts], posted_at=now)
    bulk.insert(
        CreditLot, LOT_COLUMNS,
        [_lot(*each, opened, now) for each in zip(lots, drafts, decisions, strict=True)],
    )  # fmt: skip
    log.append_many([_entry(*each) for each in zip(lots, drafts, decisions, strict=True)])
    return lots


def open_converted(*, conversion: Conversion, at: datetime) -> list[tuple[ConversionResult, int]]:
    """Open the ledger account of the lot of each result; results with account ids, in order.

    Repeating it changes nothing.
    """
    results = list(conversion.results.select_related("target").order_by("pk"))
    openings = [
        _lot_account(_converted_key(conversion, number, each), conversion.person_id, at)
        for number, each in enumerate(results)
    ]
    ids = accounts.open_all(openings)
    return [(each, ids[opening.code]) for each, opening in zip(results, openings, strict=True)]


def write_converted(
    *, conversion: Conversion, opened: Sequence[tuple[ConversionResult, int]],
    parents: Mapping[CreditLot, int], at: datetime,
) -> list[CreditLot]:  # fmt: skip
    """The lots that an approved conversion makes. Inside the transaction that posts it.

    Args:
        opened: each result with the id of its lot's account.
        parents: what is used of each lot behind it, in 1/100 credit. Each is shared among the
            lots by what they are granted, so that the shares add up to what is used.
    """
    weights = [result.granted_hundredths for result, _account in opened]
    shares = {parent: rules.split(amount, weights) for parent, amount in parents.items()}
    made = []
    for number, (result, account_id) in enumerate(opened):
        lot = _converted(conversion, result, account_id, parents, at)
        LotParent.objects.bulk_create(
            [
                LotParent(lot=lot, parent=parent, amount_hundredths=parts[number])
                for parent, parts in shares.items()
            ]
        )
        payload = {
            "lot_id": lot.pk, "person_id": lot.person_id, "decision_id": None, "unit_code": "",
            "issuer": conversion.version.rule.programme.code,
            "amount_hundredths": lot.amount_hundredths,
            "source_kind": str(SourceKind.CONVERTED), "event_at": at.isoformat(),
        }  # fmt: skip
        key = _converted_key(conversion, number, result)
        log.append(kind=POSTED, key=key, event_at=at, payload=payload)
        made.append(lot)
    return made


def _converted(
    conversion: Conversion, result: ConversionResult, account_id: int,
    parents: Mapping[CreditLot, int], at: datetime,
) -> CreditLot:  # fmt: skip
    target, programme = result.target, conversion.version.rule.programme
    day = clock.local_date(at)
    return CreditLot.objects.create(
        account_id=account_id, person_id=conversion.person_id,
        institution_id=programme.institution_id, level=programme.level,
        field=target.field or programme.code, title_zh=target.title_zh, title_en=target.title_en,
        amount_hundredths=result.granted_hundredths, source_kind=SourceKind.CONVERTED,
        obtained=day, valid_to=Measures().valid_to(SourceKind.CONVERTED, day),
        conversion=conversion, credit_group=target,
        hops=1 + max(parent.hops for parent in parents), state_since=at,
    )  # fmt: skip


def _converted_key(conversion: Conversion, number: int, result: ConversionResult) -> str:
    """The cause of a converted lot: the conversion, and the part from the second result on."""
    key = f"conversion:{conversion.pk}"
    return f"{key}:{result.target.code}" if number else key


def lot_code(key: str) -> str:
    """The code of a lot's ledger account."""
    return f"lot:{key}"


def issue_code(issuer: str) -> str:
    """The code of the account from which a body brings credit into being."""
    return f"issue:{issuer}"


def _write_outcomes(drafts: Sequence[Draft]) -> list[int]:
    """Write the outcomes that are not there yet; the id of each draft's outcome, in their order."""
    fresh = [draft for draft in drafts if draft.outcome_id is None]
    numbers = list(bulk.numbers(Outcome, len(fresh)))
    rows = [_outcome(*each) for each in zip(numbers, fresh, strict=True)]
    bulk.insert(Outcome, OUTCOME_COLUMNS, rows)
    following = iter(numbers)
    return [next(following) if each.outcome_id is None else each.outcome_id for each in drafts]


def _outcome(id_: int, draft: Draft) -> tuple[Any, ...]:
    return (
        id_, draft.person_id, draft.source_kind.value, draft.institution_id, draft.issuer,
        draft.number, draft.unit.title_zh, draft.unit.title_en, draft.result,
        draft.certificate_type, draft.certificate_level, draft.score_hundredths, draft.obtained,
        draft.valid_to, draft.fingerprint(), list(draft.evidence_sha256), draft.source,
    )  # fmt: skip


def _decision(id_: int, draft: Draft, outcome_id: int, now: datetime) -> tuple[Any, ...]:
    application_id = draft.application.pk if draft.application else None
    return (
        id_, draft.key, draft.person_id, outcome_id, application_id, draft.unit.pk, True,
        draft.amount_hundredths, draft.reasons, draft.rule.pk, draft.decided_by_id, now,
        draft.replaces_id,
    )  # fmt: skip


def _lot_account(key: str, person_id: int, now: datetime) -> accounts.Opening:
    return accounts.Opening(
        lot_code(key), LedgerUnit.CREDIT.value, AccountKind.LOT.value, no_overdraw=True,
        opened_at=now, person_id=person_id,
    )  # fmt: skip


def _issue_accounts(drafts: Sequence[Draft], now: datetime) -> list[accounts.Opening]:
    issuers = {draft.issuer: draft.institution_id for draft in drafts}
    return [
        accounts.Opening(
            issue_code(issuer), LedgerUnit.CREDIT.value, AccountKind.ISSUE.value, no_overdraw=False,
            opened_at=now, institution_id=institution,
        )
        for issuer, institution in issuers.items()
    ]  # fmt: skip


def _voucher(draft: Draft, opened: Mapping[str, int]) -> ledger.Voucher:
    line = ledger.Line(
        debit=opened[issue_code(draft.issuer)], credit=opened[lot_code(draft.key)],
        amount_hundredths=draft.amount_hundredths, code="recognise",
    )  # fmt: skip
    return ledger.Voucher(draft.key, "recognise", (line,), draft.event_at, draft.reasons)


def _lot(
    id_: int, draft: Draft, decision_id: int, opened: Mapping[str, int], now: datetime
) -> tuple[Any, ...]:
    unit = draft.unit
    return (
        id_, opened[lot_code(draft.key)], draft.person_id, draft.institution_id, unit.pk,
        unit.level_id, unit.field, unit.title_zh, unit.title_en, draft.amount_hundredths,
        draft.source_kind.value, draft.obtained, draft.valid_to, decision_id, 0,
        CreditLot.State.ACTIVE.value, now,
    )  # fmt: skip


def _entry(lot_id: int, draft: Draft, decision_id: int) -> log.LogEntry:
    payload = {
        "lot_id": lot_id,
        "person_id": draft.person_id,
        "decision_id": decision_id,
        "unit_code": draft.unit.code,
        "issuer": draft.issuer,
        "amount_hundredths": draft.amount_hundredths,
        "source_kind": str(draft.source_kind),
        "event_at": draft.event_at.isoformat(),
    }
    return log.entry(kind=POSTED, key=draft.key, event_at=draft.event_at, payload=payload)
