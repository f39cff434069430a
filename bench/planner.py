"""The planner: a learner with 200 lots and 1,000 rules in force. Bar: 300 ms an answer.

Twice: the rules spread over ten programmes, as in a province, and all into the one that is asked
for, which is the worst there is. Reading the case, the search and the reasons are all counted; the
solver was loaded before, as in a process that has answered once. The rules are drawn with a fixed
seed: three in four by ratio, the others a fixed value for two units together; one in three has a
limit of its own.
"""

from __future__ import annotations

import random
import statistics
import time
import uuid
from datetime import date, timedelta

from django.core.management import call_command

from xueqiao.creditbank import lots, planner, rulebodies, standards
from xueqiao.creditbank.models import (
    ConversionRule,
    CountingScope,
    CreditGroup,
    Programme,
    Qualification,
    RuleVersion,
    SourceKind,
    Standard,
    TransferAgreement,
    Unit,
)
from xueqiao.kernel import clock
from xueqiao.people.models import Person

LOTS, RULES, UNITS, PROGRAMMES, ANSWERS = 200, 1000, 150, 10, 15
PARTS = 6
SINCE = date(2013, 1, 1)


def units() -> list[Unit]:
    standard = Standard.objects.get(code="SAMPLE-ELDERCARE")
    return Unit.objects.bulk_create(
        Unit(
            standard=standard, code=f"BENCH-{n}", version="1", title_zh=f"单元 {n}",
            title_en=f"Unit {n}", level_id=standard.level_id, field="bench",
            credit_hundredths=1000, notional_hours=180, valid_from=SINCE, source="bench",
        )
        for n in range(UNITS)
    )  # fmt: skip


def learner(found: list[Unit], pick: random.Random) -> Person:
    person = Person.objects.create(key=uuid.uuid4(), name="学员", opened_at=clock.now())
    now, rule = clock.now(), lots.Measures().rule("prior.credit", clock.local_date(clock.now()))
    drafts = [
        lots.Draft(
            key=f"bench:{n}", person_id=person.pk, unit=pick.choice(found), institution_id=None,
            issuer="BENCH", number=str(n), result="pass", amount_hundredths=pick.randint(50, 800),
            source_kind=SourceKind.CERTIFICATE, obtained=SINCE + timedelta(days=n * 10),
            event_at=now, rule=rule, reasons="", valid_to=None, evidence_sha256=(), source="bench",
        )
        for n in range(LOTS)
    ]  # fmt: skip
    lots.post_recognised(drafts=drafts, now=now)
    return person


def programme(number: int) -> Programme:
    sample = Programme.objects.get(code="SAMPLE-AS-IT")
    made = Programme.objects.create(
        code=f"BENCH-{number}", title_zh="专业", title_en="Programme", level=sample.level,
        scope=CountingScope.objects.get(code="SAMPLE-ASSOCIATE"), total_hundredths=12_000,
        cap_numerator=1, cap_denominator=2, is_sample=True, source="bench",
    )  # fmt: skip
    CreditGroup.objects.bulk_create(
        CreditGroup(
            programme=made, code=f"P{n}", title_zh=f"模块 {n}", title_en=f"Part {n}",
            credit_hundredths=2000,
        )
        for n in range(PARTS)
    )  # fmt: skip
    return made


def body(pick: random.Random) -> dict:
    named = [f"BENCH-{pick.randrange(UNITS)}" for _n in range(3)]
    part = f"P{pick.randrange(PARTS)}"
    limits = [{"on": "rule", "hundredths": 600}] if pick.random() < 1 / 3 else []
    if pick.random() < 1 / 4:
        sources = [{"units": [unit], "at_least_hundredths": 150} for unit in named[:2]]
        return {
            "sources": sources, "cardinality": {"kind": "all"}, "value": {"kind": "fixed"},
            "targets": [{"code": part, "credit_hundredths": 250}], "level_gap": 9,
            "limits": limits,
        }  # fmt: skip
    numerator, denominator = pick.choice(((1, 1), (5, 9), (2, 3), (3, 4)))
    value = {"kind": "ratio", "numerator": numerator, "denominator": denominator}
    return {
        "sources": [{"units": named}], "cardinality": {"kind": "sum"}, "value": value,
        "targets": [{"code": part}], "level_gap": 9, "limits": limits,
    }  # fmt: skip


def rules(into: list[Programme], pick: random.Random) -> None:
    agreement = TransferAgreement.objects.get(code="SAMPLE-AGREEMENT-1")
    made = ConversionRule.objects.bulk_create(
        ConversionRule(
            code=f"{into[0].code}-R{n}", agreement=agreement, programme=into[n % len(into)],
            title_zh=f"规则 {n}", title_en=f"Rule {n}",
        )
        for n in range(RULES)
    )  # fmt: skip
    RuleVersion.objects.bulk_create(
        RuleVersion(
            rule=rule, number=1, body=rulebodies.rule(body(pick), rule.programme), reserve_days=60,
            valid_from=SINCE, state=RuleVersion.State.PUBLISHED, published_at=clock.now(),
            source="bench",
        )
        for rule in made
    )  # fmt: skip


def qualification(goal: Programme) -> Qualification:
    asked = {
        "total_hundredths": 12_000, "residence_least_hundredths": 1800,
        "groups": [{"code": f"P{n}", "least_hundredths": 500} for n in range(PARTS)],
    }  # fmt: skip
    return Qualification.objects.create(
        code=goal.code, version="1", title_zh="资历", title_en="Qualification", programme=goal,
        level=goal.level, requirements=rulebodies.requirements(asked, goal), reserve_days=60,
        valid_from=SINCE, is_sample=True, source="bench",
    )  # fmt: skip


def measure(person: Person, goal: Programme, what: str) -> list[dict]:
    today = clock.local_date(clock.now())
    found = planner.in_force(today).get(pk=qualification(goal).pk)
    planner.plan(person=person, qualification=found, day=today)
    walls, cores, proven, credits = [], [], 0, 0  # noqa: A001 - what people call it
    for _answer in range(ANSWERS):
        wall, core = time.perf_counter(), time.process_time()
        plan = planner.plan(person=person, qualification=found, day=today)
        walls.append(1000 * (time.perf_counter() - wall))
        cores.append(1000 * (time.process_time() - core))
        proven += plan.proven
        credits = plan.planned_hundredths  # noqa: A001
    return [
        {"what": f"{what}, median", "value": statistics.median(walls), "unit": "ms",
         "limit": "≤ 300"},
        {"what": f"{what}, of it processor", "value": statistics.median(cores), "unit": "ms"},
        {"what": f"{what}, answers proven best", "value": 100 * proven / ANSWERS, "unit": "%"},
        {"what": f"{what}, credits planned", "value": credits / 100, "unit": "credits"},
    ]  # fmt: skip


def run() -> list[dict]:
    call_command("migrate", verbosity=0)
    standards.load()
    pick = random.Random(1)
    person = learner(units(), pick)
    spread = [programme(number) for number in range(PROGRAMMES)]
    rules(spread, pick)
    rows = measure(person, spread[0], "200 lots, 1,000 rules into 10 programmes")
    alone = programme(PROGRAMMES)
    rules([alone], pick)
    return rows + measure(person, alone, "200 lots, 1,000 rules into one programme")
