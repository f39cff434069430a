"""Two bodies that agree, who signs for each, and an officer of their province."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from tests.creditbank import factories
from tests.creditbank.factories import AT, DAY, SINCE
from xueqiao.creditbank import standards
from xueqiao.creditbank.models import ConversionRule, Programme, TransferAgreement
from xueqiao.creditbank.rulebook import agreements, consultation, publication, texts
from xueqiao.creditbank.rulebook import making as making_verbs
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


@dataclass
class Making:
    """A rule under an agreement that both sides have signed, and a programme of the school's."""

    of: Sides
    agreement: TransferAgreement
    programme: Programme
    rule: ConversionRule


def making():
    standards.load()
    of = sides()
    agreement = signed(of)
    programme = Programme.objects.get(code="SAMPLE-AS-IT")
    rule = making_verbs.open_rule(
        code="R-WORKS", agreement=agreement, programme=programme, title_zh="机械培训转入专科",
        title_en="Machining courses into the associate programme", by=of.engineer, at=AT,
    )  # fmt: skip
    return Making(of, agreement, programme, rule)


def says(**changes):
    given = {
        "body": {
            "sources": [{"source_kinds": ["nonformal"]}], "cardinality": {"kind": "sum"},
            "targets": [{"code": "ELECTIVE"}], "value": {"kind": "ratio", "denominator": 2},
        },
        "reserve_days": 60, "valid_from": date(2026, 10, 1), "valid_to": None,
        "source": "双方会议纪要 2026-3",
    }  # fmt: skip
    return making_verbs.Says(**{**given, **changes})


def body(**changes):
    return {**says().body, **changes}


def drafted(of: Making, **changes):
    return making_verbs.draft(rule=of.rule, says=says(**changes), by=of.of.engineer, at=AT)


def consulted(of: Making, version, at=AT):
    """Checked and consulted on: in the state from which both sides sign."""
    making_verbs.check(version=version, by=of.of.engineer, at=at)
    opened = consultation.start(
        version=version, question="拟调整比例，请提意见。", by=of.of.engineer, at=at,
        closes_on=at.date() + timedelta(days=6),
    )  # fmt: skip
    later = at + timedelta(days=7)
    consultation.close(consultation=opened, summary="无异议", by=of.of.engineer, at=later)
    version.refresh_from_db()
    return version


def sign_version(version, by, side, *, at=AT, read=None, document=""):
    return publication.sign(
        version=version, side=side, by=by, at=at, document=document,
        text_hash=texts.text_hash(version) if read is None else read,
    )  # fmt: skip


def published(of: Making, **changes):
    made = consulted(of, drafted(of, **changes))
    sign_version(made, of.of.engineer, "giving")
    sign_version(made, of.of.headmaster, "receiving")
    return publication.publish(version=made, by=of.of.officer, at=AT + timedelta(days=8))
