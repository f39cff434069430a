"""The demo's recognition and conversion: named people walk the steps, each their own.

Every step is an ordinary verb; one that was made before changes nothing, so a stopped demo goes on.
"""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from xueqiao.creditbank import conversion, evidence, recognition
from xueqiao.creditbank.models import Application, Conversion, CreditLot, RuleVersion, Unit
from xueqiao.kernel import clock, errors, ids
from xueqiao.people import accounts

if TYPE_CHECKING:
    from xueqiao.people.models import Person

STATE = Application.State
# The learner of OULAD whose passed module AAA carries 240 credits, far above the programme's cap.
OULAD_LEARNER = "11391"
RULE = "R-OULAD-BA-SOCIAL"
# 72 credits of the lot make 40: exactly one half of the 80 credits of the programme.
ASKED_HUNDREDTHS = 7200
PRACTICE = {
    "held_on": "2025-03-10", "where": "示例养老服务实训中心",
    "tasks": "翻身与移位；喂饭；测量并记录生命体征", "score": "86", "pass_score": "60",
}  # fmt: skip


class StandardsMissing(errors.Refusal):
    """The demo's standards or lots are not there yet."""

    code = "demo.step_missing"


def _at(month: int, day: int) -> datetime:
    return datetime(2025, month, day, 2, tzinfo=UTC)


def recognise_prior_learning() -> Application:
    """Wang Xiuying's ten years of care become credit: helper, assessor and province each do a step.

    A second application of hers waits at the service point.
    """
    learner, helper, assessor, province = (
        person(name) for name in ("learner", "helper", "assessor", "province")
    )
    care = units("SAMPLE-ELDERCARE-U1", "SAMPLE-ELDERCARE-U2", "SAMPLE-ELDERCARE-U3")
    case = _submitted(
        "1", learner, care, "照料患病母亲和邻居老人十年", "工作和志愿服务证明", _at(3, 3)
    )
    if case.state == STATE.SUBMITTED:
        case = recognition.accept(application=case, by=helper, at=_at(3, 4), note="材料齐全")
    if case.state == STATE.ACCEPTED:
        amounts = dict(zip([unit.pk for unit in care], (200, 250, 100), strict=True))
        case = recognition.assess(
            application=case, by=assessor, at=_at(3, 11), method="practice", amounts=amounts,
            details=PRACTICE,
            findings="模拟床位三项任务全部合格；生命体征记录不够完整，第二单元认定 2.5 学分。",
            no_conflict_declared=True,
        )  # fmt: skip
    if case.state == STATE.ASSESSING:
        case = recognition.propose(application=case, by=assessor, at=_at(3, 12))
    if case.state in (STATE.PROPOSED, STATE.PUBLIC_NOTICE):
        case = recognition.decide(
            application=case, by=province, at=_at(3, 25), reasons="达到标准要求，公示无异议。"
        )
    farm = units("SAMPLE-FARM-U1")
    _submitted("2", learner, farm, "自家大棚种植蔬菜六年", "合作社证明", _at(4, 8))
    return case


def convert_module() -> Conversion:
    """A learner of OULAD converts as much of a module as the programme's cap lets in."""
    now = clock.now()
    learner = accounts.by_key(ids.stable_uuid("oulad", OULAD_LEARNER))
    version = RuleVersion.objects.filter(rule__code=RULE).order_by("number").last()
    lots = CreditLot.objects.filter(person=learner, source_kind="formal")
    lot = lots.order_by("-amount_hundredths", "pk").first()
    if version is None or lot is None:
        text = _("Load the standards and recognise the passed modules first, then run this again.")
        raise StandardsMissing(text)
    asked = conversion.request(
        request_key=f"demo:conversion:{OULAD_LEARNER}", person=learner, by=learner, at=now,
        version_id=version.pk, uses=[conversion.Use(lot.pk, ASKED_HUNDREDTHS)],
    )  # fmt: skip
    if asked.is_pending:
        conversion.approve(
            conversion=asked, by=person("province"), at=now, reason="符合转换协议，达到上限。"
        )
    asked.refresh_from_db()
    return asked


def person(name: str) -> Person:
    return accounts.by_key(ids.stable_uuid("demo", name))


def units(*codes: str) -> list[Unit]:
    found = {unit.code: unit for unit in Unit.objects.filter(code__in=codes)}
    if len(found) < len(codes):
        raise StandardsMissing(_("Load the standards first, then run this again."))
    return [found[code] for code in codes]


def _submitted(  # noqa: PLR0917 - all that makes up the row
    number: str, learner: Person, units: list[Unit], title: str, proof: str, at: datetime
) -> Application:
    claims = [recognition.Claim(unit.pk, unit.credit_hundredths) for unit in units]
    case = recognition.apply(
        request_key=f"demo:application:{number}", applicant=learner, by=learner, title=title,
        claims=claims, obtained=date(2024, 12, 31), at=at,
        statement="边做边学，并得到镇卫生院和合作社的指导。（示例）",
    )  # fmt: skip
    if case.state != STATE.DRAFT:
        return case
    content = f"{proof}（示例）\n{learner.name}，{title}。\n".encode()
    evidence.attach(
        application=case, title=f"{proof}（示例）", media_type="text/plain", content=content, at=at
    )
    return recognition.submit(application=case, by=learner, at=at)
