"""The demo's whole chain: four ways of learning become one qualification, each step by its verb.

Wang Xiuying holds a “1+X” certificate, finished an evening class, worked ten years in the care of
the elderly (``demo.recognise_prior_learning``) and passed a module. A plan converts them under
three agreements with caps, and the qualification is awarded. A step that was made changes nothing.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from django.apps import apps

from xueqiao.creditbank import awards, completions, conversion, demo, planner, recognition
from xueqiao.creditbank.credentials import conversions as certificates
from xueqiao.creditbank.models import Application, Award, Conversion, Qualification
from xueqiao.hall import completion, enrolment, offerings
from xueqiao.kernel import clock
from xueqiao.people import demo as people

if TYPE_CHECKING:
    from xueqiao.creditbank.models import Certificate
    from xueqiao.people.models import Person

STATE = Application.State
QUALIFICATION = "SAMPLE-Q-CARE"
BEGINS, ENDS = date(2025, 2, 24), date(2025, 5, 30)
# Code, title, module, presentation, credit: the second is a module of the Open University's data.
CLASSES = (
    ("SAMPLE-EVENING-2025", "社区夜校：居家照护（示例）", "EVENING-CARE", "", 200),
    ("SAMPLE-AAA-2025", "开放大学模块 AAA（示例班）", "AAA", "2025B", 6000),
)
CHECKED = {
    "compared_with": "老年照护（中级）职业技能等级标准",
    "register_checked": "yes",
    "how_checked": "在发证机构登记中核对姓名、编号和有效期（示例）",
}


def learn(*, learner: Person, by: Person) -> int:
    """Two classes are joined and passed, and their completions recognised; the credit posted."""
    institution = _named("network.Institution", people.COLLEGE)
    for code, title, module, presentation, credit in CLASSES:
        made = offerings.create(
            code=code, capacities={"general": 30}, title=title, institution_id=institution.pk,
            place_id=institution.seats.order_by("pk").first().place_id, term="2025春",
            module_code=module, presentation=presentation, starts_on=BEGINS, ends_on=ENDS,
            enrol_from=_at(1, 6), enrol_to=_at(2, 20), credit_hundredths=credit, is_sample=True,
        )  # fmt: skip
        joined = enrolment.enrol(
            offering_id=made.pk, person_id=learner.pk, by_person_id=learner.pk, at=_at(2, 10),
            request_key=f"demo:{code}",
        )  # fmt: skip
        completion.complete(
            enrolment_id=joined.pk, result=completion.Result.PASS, completed_at=_at(5, 30),
            studied_credits_hundredths=credit, by_person_id=by.pk,
        )  # fmt: skip
    return completions.follow(now=clock.now()).hundredths


def recognise_certificate(
    *, learner: Person, helper: Person, assessor: Person, province: Person
) -> Application:
    """The “1+X” certificate: put forward, checked with its issuer's register, decided."""
    unit = demo.units("SAMPLE-1X-ELDERCARE-M")[0]
    case = recognition.apply(
        request_key="demo:application:1x", applicant=learner, by=learner, at=_at(6, 3),
        title="老年照护职业技能等级证书（中级，示例）", claims=[], obtained=date(2024, 6, 20),
    )  # fmt: skip
    if case.state == STATE.DRAFT:
        recognition.add_certificate(
            application=case, by=learner, at=_at(6, 3), kind="1+X", title="老年照护", level="中级",
            issuer="示例评价组织", number="SAMPLE-1X-2024-0001", result="合格",
            obtained=date(2024, 6, 20), unit_ids=[unit.pk], media_type="text/plain",
            content="老年照护职业技能等级证书（中级）编号 SAMPLE-1X-2024-0001（示例）\n".encode(),
        )  # fmt: skip
        case = recognition.submit(application=case, by=learner, at=_at(6, 3))
    if case.state == STATE.SUBMITTED:
        case = recognition.accept(application=case, by=helper, at=_at(6, 4), note="材料齐全")
    if case.state == STATE.ACCEPTED:
        case = recognition.assess(
            application=case, by=assessor, at=_at(6, 9), method="equal", details=CHECKED,
            amounts={unit.pk: unit.credit_hundredths}, no_conflict_declared=True,
            findings="证书真实有效，达到单元要求。",
        )  # fmt: skip
    if case.state == STATE.ASSESSING:
        case = recognition.propose(application=case, by=assessor, at=_at(6, 10))
    if case.state in (STATE.PROPOSED, STATE.PUBLIC_NOTICE):
        case = recognition.decide(
            application=case, by=province, at=_at(6, 20), reasons="证书有效，公示无异议。"
        )
    return case


def convert(*, learner: Person, province: Person) -> list[Conversion]:
    """The best plan is asked for as a whole, and the receiving side approves each part of it."""
    goal, now = _goal(), clock.now()
    key = "demo:plan:care"
    asked = conversion.asked_with(learner, f"{key}:")
    if not asked:
        plan = planner.plan(person=learner, qualification=goal, day=clock.local_date(now))
        asked = planner.convert(
            request_key=key, person=learner, by=learner, qualification=goal, digest=plan.digest,
            at=now,
        )  # fmt: skip
    for each in asked:
        if each.is_pending:
            conversion.approve(
                conversion=each, by=province, at=clock.now(), reason="符合转换协议。"
            )
        each.refresh_from_db()
    return asked


def award(*, learner: Person, province: Person) -> Award:
    """The qualification is asked for with what counts, and awarded by somebody else."""
    asked = awards.ask(
        request_key="demo:award:care", person=learner, by=learner, qualification_id=_goal().pk,
        at=clock.now(),
    )  # fmt: skip
    if asked.state == Award.State.REQUESTED:
        asked = awards.award(award=asked, by=province, at=clock.now(), reason="达到全部要求。")
    return asked


def certify(*, conversions: list[Conversion]) -> list[Certificate]:
    """A certificate of each conversion; the job signs them."""
    return [
        certificates.request(
            conversion_id=each.pk, request_key=f"demo:conversion:{each.pk}",
            requested_at=clock.now(),
        )
        for each in conversions
    ]  # fmt: skip


def _goal() -> Qualification:
    today = clock.today()
    found: Qualification = planner.in_force(today).get(code=QUALIFICATION)
    return found


def _named(model: str, code: str) -> Any:
    # Named by string: only an app itself imports its models.
    return apps.get_model(model)._default_manager.get(code=code)


def _at(month: int, day: int) -> datetime:
    return datetime(2025, month, day, 2, tzinfo=UTC)
