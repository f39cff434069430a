"""Rows for the credit bank's tests: people, places, roles, accounts, log entries."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import msgspec

from tests.hall import factories as network
from xueqiao.creditbank import accounts, caps, ledger, rules
from xueqiao.creditbank.models import (
    Account,
    AccountKind,
    Award,
    AwardUse,
    LedgerUnit,
    Phase,
    Programme,
    Qualification,
)
from xueqiao.network.models import Institution, InstitutionKind, Place
from xueqiao.people.models import Person, Role, RoleKind
from xueqiao.records import log
from xueqiao.records.models import LogEntry

AT, DAY, SINCE = network.AT, network.DAY, network.SINCE


@dataclass
class Places:
    """A province with one county in it, and another province."""

    province: Place
    county: Place
    elsewhere: Place


def places() -> Places:
    province = network.place("32", 1, "江苏省")
    county = network.place("320924", 3, "射阳县", [province])
    return Places(province, county, network.place("43", 1, "湖南省"))


def person(name, home=None):
    return Person.objects.create(
        key=uuid.uuid4(), name=name, birth_year=1960, home=home, opened_at=AT
    )


def officer(name, kind, place):
    who = person(name, place)
    Role.objects.create(person=who, kind=kind, place=place, valid_from=SINCE, granted_at=AT)
    return who


def helper(place):
    return officer("受理员", RoleKind.HELPER, place)


def assessor(place):
    return officer("评估员", RoleKind.ASSESSOR, place)


def provincial(place):
    return officer("管理中心", RoleKind.PROVINCE, place)


def manager(name, institution_, place):
    """The manager of one institution, wherever its learners live."""
    who = person(name)
    Role.objects.create(
        person=who, kind=RoleKind.INSTITUTION, place=place, institution=institution_,
        valid_from=SINCE,
        granted_at=AT,
    )  # fmt: skip
    return who


def institution(code="SAMPLE-3209-open"):
    return Institution.objects.get_or_create(
        code=code,
        defaults={
            "name": "示例开放大学", "kind": InstitutionKind.OPEN_UNIVERSITY, "valid_from": SINCE,
            "is_sample": True,
        },
    )[0]  # fmt: skip


def account(code, *, no_overdraw=False, unit=LedgerUnit.CREDIT, closed=False):
    kind = AccountKind.LOT if no_overdraw else AccountKind.ISSUE
    return Account.objects.create(
        code=code, unit=unit, kind=kind, no_overdraw=no_overdraw, closed=closed, opened_at=AT
    )


def line(debit, credit, amount, code="test", **more):
    return ledger.Line(debit.pk, credit.pk, amount, code, **more)


def post(debit, credit, amount, key, at=AT):
    return ledger.post(
        key=key, kind="test", lines=[line(debit, credit, amount)], event_at=at, posted_at=at
    )


def completed(who, number, *, result="pass", credits=6000, module="AAA", at=None, key=None):  # noqa: A002
    """A log entry as the hall writes it, appended."""
    at = at or datetime(2014, 6, 30, tzinfo=UTC) + timedelta(minutes=number)
    payload = {
        "enrolment_id": number, "person_id": who.pk, "offering_code": f"OULAD-{module}-2013J",
        "module_code": module, "presentation": "2013J", "institution_code": "SAMPLE-3209-open",
        "result": result, "studied_credits_hundredths": credits, "completed_at": at.isoformat(),
    }  # fmt: skip
    entry = log.entry(
        kind="hall.completed", key=key or f"enrolment:{number}", event_at=at, payload=payload
    )
    log.append_many([entry])
    return LogEntry.objects.get(kind="hall.completed", key=entry.key)


def deeper(version):
    """The next version of a rule, published, that also takes credit converted before."""
    body = rules.read(version.body)
    wide = (rules.Pattern(name=body.sources[0].name),)
    body = msgspec.structs.replace(body, sources=wide, hop_limit=2, level_gap=9)
    version.pk, version.number, version.body = None, version.number + 1, rules.write(body)
    version.save()
    return version


def awarded(lot, amount=1000):
    """A qualification that a learner was awarded by part of a lot; its right is used up."""
    programme = Programme.objects.get(code="SAMPLE-BA-SOCIAL")
    qualification = Qualification.objects.create(
        code=f"Q-{lot.pk}", version="1", title_zh="示例资历", title_en="Sample qualification",
        programme=programme, level=programme.level, institution=None, requirements={},
        reserve_days=60, valid_from=DAY, is_sample=True, source="test",
    )  # fmt: skip
    code = caps.capacity_code(lot.pk, programme.scope.code)
    ids = accounts.open_all(
        [
            _right(caps.ORIGIN, AccountKind.CAPACITY_SOURCE, None, no_overdraw=False),
            _right(code, AccountKind.CAPACITY, lot.person_id, no_overdraw=True),
            _right(f"award:{qualification.code}", AccountKind.CLEARING, None, no_overdraw=False),
        ]
    )
    ledger.post(
        key=f"fund:{code}", kind="capacity", event_at=AT, posted_at=AT,
        lines=[ledger.Line(ids[caps.ORIGIN], ids[code], lot.amount_hundredths, "capacity")],
    )  # fmt: skip
    line = ledger.Line(ids[code], ids[f"award:{qualification.code}"], amount, "award")
    until = AT + timedelta(days=60)
    reservation = ledger.reserve(
        key=f"award:{qualification.code}", lines=[line], event_at=AT, posted_at=AT, expires_at=until
    )
    settlement = ledger.resolve(
        key=f"awarded:{qualification.code}", reservation=reservation, outcome=Phase.POST,
        event_at=AT, posted_at=AT, kind="award",
    )  # fmt: skip
    award = Award.objects.create(
        number=qualification.code, request_key=qualification.code, request_hash="",
        qualification=qualification, person_id=lot.person_id, asked_by_id=lot.person_id,
        total_hundredths=amount, state=Award.State.AWARDED, state_since=AT, asked_at=AT,
        reserved_until=until, awarded_at=AT, reservation=reservation, settlement=settlement,
    )  # fmt: skip
    part = programme.groups.order_by("pk")[0]
    AwardUse.objects.create(award=award, lot=lot, part=part, amount_hundredths=amount)
    return award


def _right(code, kind, owner, *, no_overdraw):
    unit = LedgerUnit.RIGHT.value
    return accounts.Opening(code, unit, kind.value, no_overdraw, AT, person_id=owner)
