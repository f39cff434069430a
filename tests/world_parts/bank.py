"""The credit of the world: a module recognised, a certificate, an application on its road."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from xueqiao.creditbank import completions, evidence, queries, recognition, seals, standards
from xueqiao.creditbank.credentials import asking, signing
from xueqiao.creditbank.models import CreditLot
from xueqiao.creditbank.recognition import waiting
from xueqiao.kernel import clock
from xueqiao.people.models import Person
from xueqiao.records import log

PDF = b"%PDF-1.4\n% a letter of the employer\n%%EOF\n"


def credit(people: dict[str, Person], now: datetime) -> dict[str, Any]:
    """Primary keys by the names of ``World``."""
    standards.load()
    # Not ``follow``: inside a test's transaction PostgreSQL's horizon hides the test's own entries.
    completions.recognise(entries=log.entries("hall.completed"), now=now)
    lot = CreditLot.objects.get(person=people["learner"])
    made = asking.request(lot_id=lot.pk, request_key=f"lot:{lot.pk}", requested_at=now)
    signing.sign_queued(limit=10, now=now)
    seals.seal(now=now - timedelta(hours=1), at_most=1)
    seals.seal(now=now)
    return {
        "lot": lot.pk,
        "version": usable_rule(people["learner"], now),
        "certificate": str(made.key),
        "draft": application(people["learner"], "照顾家中老人十年", now - timedelta(days=4)).pk,
        "application": submitted(people, now - timedelta(days=9)).pk,
    }


def usable_rule(person: Person, now: datetime) -> int:
    """A published rule under which the learner's credit counts."""
    (row,) = queries.lots(person, clock.local_date(now))
    return row.usable[0].version.pk


def application(person: Person, title: str, at: datetime) -> Any:
    unit = standards.claimable(clock.local_date(at)).first()
    claim = recognition.Claim(unit.pk, unit.credit_hundredths)
    return recognition.apply(
        request_key=f"world:{title}",
        applicant=person,
        by=person,
        title=title,
        claims=[claim],
        statement="照顾两位长辈起居、喂饭、翻身，学会了观察与记录。",
        obtained=clock.local_date(at),
        at=at,
    )


def submitted(people: dict[str, Person], at: datetime) -> Any:
    """Handed in by the learner, accepted by the county's institution, waiting for the assessor."""
    made = application(people["learner"], "社区助老志愿服务", at)
    evidence.attach(
        application=made, title="社区证明", media_type="application/pdf", content=PDF, at=at
    )
    recognition.submit(application=made, by=people["learner"], at=at)
    recognition.accept(
        application=made, by=people["helper"], at=at + timedelta(days=2), note="材料齐全"
    )
    assert waiting.work_queue(people["assessor"], clock.local_date(at)).filter(pk=made.pk).exists()
    return made
