"""Two bodies that agree, who signs for each, and an officer of their province."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from tests.creditbank import factories
from tests.creditbank.factories import AT, DAY, SINCE
from xueqiao.creditbank.models import TransferAgreement
from xueqiao.creditbank.rulebook import agreements
from xueqiao.network.models import Institution, InstitutionKind, Place, Register, Seat
from xueqiao.people.models import Person, Role, RoleKind

__all__ = ["AT", "DAY", "SINCE"]


@dataclass
class Sides:
    """A school that receives, an enterprise that gives, who signs for each, and an officer."""

    place: Place
    school: Institution
    works: Institution
    headmaster: Person
    engineer: Person
    officer: Person


def body_of(code, name, kind, place):
    made = Institution.objects.create(code=code, name=name, kind=kind, valid_from=SINCE)
    register = Register.objects.get(code="nbs")
    Seat.objects.create(institution=made, register=register, place=place, valid_from=SINCE)
    return made


def manager(name, institution, place):
    who = factories.person(name, place)
    Role.objects.create(
        person=who, kind=RoleKind.INSTITUTION, place=place, institution=institution,
        valid_from=SINCE, granted_at=AT,
    )  # fmt: skip
    return who


def sides():
    where = factories.places()
    school = body_of("school", "射阳开放学院", InstitutionKind.OPEN_UNIVERSITY, where.county)
    works = body_of("works", "射阳机械厂", InstitutionKind.ENTERPRISE, where.county)
    return Sides(
        where.county, school, works, manager("校长", school, where.county),
        manager("工程师", works, where.county), factories.provincial(where.province),
    )  # fmt: skip


def text(**changes):
    given = {
        "title_zh": "机械加工培训学分转换协议",
        "title_en": "Agreement on credit of machining courses",
        "terms_zh": "企业培训满 18 学时计 1 学分。",
        "terms_en": "18 hours of training at work are one credit.",
        "valid_from": date(2026, 1, 1),
        "valid_to": date(2030, 1, 1),
        "notice_days": 90,
        "source": "射教〔2013〕12 号",
    }
    return agreements.Text(**{**given, **changes})


def draft(of: Sides, code="A-1", by=None, **changes):
    return agreements.draft(
        request_key=f"draft:{code}", by=by or of.headmaster, code=code, giving=of.works,
        receiving=of.school, text=text(**changes), at=AT,
    )  # fmt: skip


def sign(agreement, by, side, *, at=AT, read=None, office="法定代表人", document=""):
    fresh = TransferAgreement.objects.get(pk=agreement.pk)
    return agreements.sign(
        agreement=fresh, by=by, side=side, office=office, at=at, document=document,
        text_hash=agreements.text_hash(fresh) if read is None else read,
    )  # fmt: skip


def signed(of: Sides, code="A-1", **changes):
    made = draft(of, code, **changes)
    agreements.offer(agreement=made, by=of.headmaster, at=AT)
    sign(made, of.headmaster, "receiving")
    sign(made, of.engineer, "giving")
    made.refresh_from_db()
    return made
