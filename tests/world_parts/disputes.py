"""Cases further on their road: before a panel, on public notice with an objection, rejected.

Of the served site and of the tests that ask for them; all are of one claimant of their own.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from tests.world_parts import staff
from tests.world_parts.places import SINCE
from xueqiao.creditbank import evidence, recognition, standards
from xueqiao.creditbank.models import Unit
from xueqiao.kernel import clock
from xueqiao.people import roles
from xueqiao.people.models import Person, Role, RoleKind

PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000040000000408020000002693092900000011494441"
    "54789c63f8ffe3051c3110c70100ac402df1b36e860f0000000049454e44ae426082"
)
PDF = b"%PDF-1.4\n% a letter\n%%EOF\n"
EXPERTS = (
    ("钱学文", "academic", "decision", "示例大学"),
    ("孙建工", "labour", "management", "示例行业协会"),
    ("李评卫", "evaluation", "certifying", "示例评价中心"),
    ("周政民", "administration", "management", "示例管理中心"),
)
PORTFOLIO = {"pieces": "3", "authentic": "yes", "how_checked": "电话核实"}


def cases(people: dict[str, int], now: datetime | None = None) -> dict[str, int]:
    """Primary keys of the cases by the names of ``World``."""
    now = now or clock.now()
    found = {name: Person.objects.get(pk=pk) for name, pk in people.items()}
    home = found["neighbour"].home_id
    assert home is not None
    found["claimant"] = staff.person("claimant", "冯玉梅", home, now - timedelta(days=60))
    panel = panelled(found, now - timedelta(days=12))
    return {
        "panel_case": panel.pk,
        "panel_file": panel.certificates.get().evidence_id,
        "noticed": noticed(found, now - timedelta(days=3)).pk,
        "rejected": rejected(found, now - timedelta(days=30)).pk,
    }


def begun(people: dict[str, Person], title: str, at: datetime, claims: list[Any]) -> Any:
    applicant = people["claimant"]
    made = recognition.apply(
        request_key=f"world:{title}", applicant=applicant, by=applicant, title=title,
        claims=claims, obtained=date(2025, 12, 31), at=at, employer="示例养老院",
    )  # fmt: skip
    evidence.attach(
        application=made, title="单位证明", media_type="application/pdf",
        content=PDF + title.encode(), at=at,
    )  # fmt: skip
    return made


def accepted(people: dict[str, Person], draft: Any, at: datetime) -> Any:
    made = recognition.submit(application=draft, by=people["claimant"], at=at)
    return recognition.accept(application=made, by=people["helper"], at=at)


def panelled(people: dict[str, Person], at: datetime) -> Any:
    """Ten years of work and a certificate, screened by the county, before its panel."""
    draft = begun(people, "养老院护理十年，并持有证书", at, [])
    recognition.add_work(
        application=draft, by=draft.applicant, occupation="eldercare", employer="示例养老院",
        began=date(2015, 1, 1), ended=date(2024, 12, 31), weekly_hours=40, post="护理员", at=at,
    )  # fmt: skip
    recognition.add_certificate(
        application=draft, by=draft.applicant, at=at, kind="1+X", title="老年照护职业技能等级证书",
        level="中级", issuer="示例评价组织", number="1X-2024-000017", obtained=date(2024, 6, 30),
        unit_ids=[Unit.objects.get(code="SAMPLE-X-ELDERCARE-M").pk], media_type="image/png",
        content=PNG,
    )  # fmt: skip
    made = accepted(people, draft, at)
    made = recognition.screen(application=made, by=people["county"], at=at, note="内容与单元相符")
    members = [people["assessor"], *(expert(people, *each, at=at) for each in EXPERTS)]
    seats = [seat(people, people["assessor"], "academic", "decision", "示例学院", at)]
    seats += [
        seat(people, who, *each[1:], at) for who, each in zip(members[1:], EXPERTS, strict=True)
    ]
    recognition.convene(
        application=made, by=people["county"], at=at, seat_ids=[each.pk for each in seats]
    )
    for who in members[:3]:
        recognition.declare(application=made, by=who, is_kin=False, is_employer=False, at=at)
    return made


def expert(
    people: dict[str, Person], name: str, team: str, _body: str, _organisation: str, at: datetime
) -> Person:
    place = Role.objects.get(person=people["assessor"], kind=RoleKind.ASSESSOR).place_id
    who = staff.person(f"expert-{team}", name, place, at)
    roles.grant(
        person_id=who.pk, kind=RoleKind.ASSESSOR.value, place_id=place, institution_id=None,
        valid_from=SINCE, at=at,
    )  # fmt: skip
    return who


def seat(  # noqa: PLR0917 - all that makes up the seat
    people: dict[str, Person], who: Person, team: str, body: str, organisation: str, at: datetime
) -> Any:
    return recognition.seat(
        person=who, team=team, body=body, organisation=organisation, valid_from=SINCE,
        by=people["province"], at=at, field="养老护理",
    )  # fmt: skip


def proposed(people: dict[str, Person], title: str, at: datetime) -> Any:
    unit = standards.claimable(clock.local_date(at)).first()
    claim = recognition.Claim(unit.pk, unit.credit_hundredths)
    made = accepted(people, begun(people, title, at, [claim]), at)
    made = recognition.assess(
        application=made, by=people["assessor"], at=at, method="portfolio",
        amounts={unit.pk: unit.credit_hundredths}, findings="三件材料相互印证。",
        no_conflict_declared=True, details=PORTFOLIO,
    )  # fmt: skip
    return recognition.propose(application=made, by=people["assessor"], at=at)


def noticed(people: dict[str, Person], at: datetime) -> Any:
    made = proposed(people, "村里助老员三年", at)
    recognition.object_to(
        application=made, name="王某", contact="13900000000", at=at,
        reasons="其中一年他在外地务工，没有做助老员。",
    )  # fmt: skip
    return made


def rejected(people: dict[str, Person], at: datetime) -> Any:
    made = proposed(people, "照护邻居老人五年", at)
    return recognition.reject(
        application=made, by=people["province"], at=at + timedelta(days=20),
        reasons="单位证明没有公章，无法核实。",
    )  # fmt: skip
