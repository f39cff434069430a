"""The demo's case before a panel: ten years in a nursing home and a certificate become credit.

Every step is an ordinary verb; one that was made before changes nothing, so a stopped demo goes on.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from xueqiao.creditbank import evidence, recognition
from xueqiao.creditbank.models import Application, ExpertSeat, Unit
from xueqiao.kernel import ids
from xueqiao.people import accounts

if TYPE_CHECKING:
    from xueqiao.people.models import Person

STATE = Application.State
SINCE = date(2024, 6, 1)
# Person, team, body, organisation; all made up.
ROSTER = (
    ("assessor", "academic", "decision", "示例开放大学"),
    ("assessor-2", "academic", "management", "示例职业技术学院"),
    ("expert-labour", "labour", "management", "示例养老服务行业协会"),
    ("expert-evaluation", "evaluation", "certifying", "示例评价认证中心"),
    ("expert-office", "administration", "decision", "示例学分银行管理中心"),
)
INTERVIEW = {
    "held_on": "2025-05-20", "minutes": "50", "with_whom": "评审组五名成员与申请人",
    "questions": "失能老人翻身与压疮预防；突发跌倒的处置；与家属沟通的两个案例", "score": "88",
}  # fmt: skip
UNIT_OF_CERTIFICATE = "SAMPLE-X-ELDERCARE-M"


def _at(month: int, day: int) -> datetime:
    return datetime(2025, month, day, 2, tzinfo=UTC)


def recognise_by_panel() -> Application:
    """Gu Yulan's work and certificate: helper, county, five experts and province each do a step."""
    seats = seat_experts()
    case = _handed_in(_person("learner-2"))
    if case.state == STATE.SUBMITTED:
        case = recognition.accept(
            application=case, by=_person("helper"), at=_at(5, 7), note="原件已核对"
        )
    if case.state == STATE.ACCEPTED:
        county = _person("county")
        case = recognition.screen(application=case, by=county, at=_at(5, 12), note="与单元相符")
        recognition.convene(
            application=case, by=county, at=_at(5, 13), seat_ids=[each.pk for each in seats]
        )
    if case.state == STATE.SCREENING:
        case = _assessed(case)
    if case.state == STATE.ASSESSING:
        case = _voted(case)
    if case.state in (STATE.PROPOSED, STATE.PUBLIC_NOTICE):
        case = recognition.decide(
            application=case, by=_person("province"), at=_at(6, 9),
            reasons="评审组一致同意，公示无异议。",
        )  # fmt: skip
    return case


def seat_experts() -> list[ExpertSeat]:
    """The roster of experts: one seat for each of ``ROSTER``."""
    keeper = _person("province")
    return [
        recognition.seat(
            person=_person(name), team=team, body=body, organisation=organisation,
            valid_from=SINCE, by=keeper, at=_at(1, 6), field="养老护理",
        )
        for name, team, body, organisation in ROSTER
    ]  # fmt: skip


def _handed_in(learner: Person) -> Application:
    at = _at(5, 6)
    case = recognition.apply(
        request_key="demo:application:panel", applicant=learner, by=learner, at=at,
        title="养老院护理工作十年，持有中级证书", claims=[], obtained=date(2025, 4, 30),
        statement="从护理员做到护理组长，带过十几名新人。（示例）", employer="示例幸福养老院",
    )  # fmt: skip
    if case.state != STATE.DRAFT:
        return case
    recognition.add_work(
        application=case, by=learner, occupation="eldercare", employer="示例幸福养老院",
        began=date(2015, 5, 1), ended=date(2025, 4, 30), weekly_hours=40, post="护理组长", at=at,
    )  # fmt: skip
    recognition.add_certificate(
        application=case, by=learner, at=at, kind="1+X", title="老年照护职业技能等级证书（示例）",
        level="中级", issuer="示例评价组织", number="SAMPLE-1X-2023-000815", result="合格",
        obtained=date(2023, 6, 30), media_type="text/plain",
        unit_ids=list(Unit.objects.filter(code=UNIT_OF_CERTIFICATE).values_list("pk", flat=True)),
        content="老年照护职业技能等级证书（示例扫描件）\n".encode(),
    )  # fmt: skip
    evidence.attach(
        application=case, title="劳动合同与社保记录（示例）", media_type="text/plain",
        content=f"{learner.name}，示例幸福养老院，2015-05 至 2025-04。\n".encode(), at=at,
    )  # fmt: skip
    return recognition.submit(application=case, by=learner, at=at)


def _assessed(case: Application) -> Application:
    """Each member declares to be free; the first records what the panel found."""
    for name, *_seat in ROSTER:
        recognition.declare(
            application=case, by=_person(name), is_kin=False, is_employer=False, at=_at(5, 19)
        )
    amounts = dict(case.items.values_list("unit_id", "asked_hundredths"))
    return recognition.assess(
        application=case, by=_person(ROSTER[0][0]), at=_at(5, 20), method="interview",
        amounts=amounts, details=INTERVIEW, no_conflict_declared=True,
        findings="三个案例处置得当，工作年限与社保记录一致，证书在发证机构可查。",
    )  # fmt: skip


def _voted(case: Application) -> Application:
    for name, *_seat in ROSTER:
        recognition.vote(application=case, by=_person(name), at=_at(5, 20), in_favour=True)
    return recognition.propose(application=case, by=_person(ROSTER[0][0]), at=_at(5, 21))


def _person(name: str) -> Person:
    return accounts.by_key(ids.stable_uuid("demo", name))
