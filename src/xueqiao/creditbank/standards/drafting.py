"""Drafts of frameworks and standards: begun, copied from a version, edited, discarded.

A draft is edited by whoever began it and by the authority; ``publishing`` makes it a fact. Every
act leaves an audit row.
"""

from __future__ import annotations

import dataclasses
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from xueqiao.creditbank.models import (
    Level,
    QualificationFramework,
    Standard,
    StandardChange,
    Unit,
)
from xueqiao.kernel import clock, errors
from xueqiao.people import rights

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import date, datetime

    from xueqiao.people.models import Person

Kept = QualificationFramework | Standard
Row = TypeVar("Row", QualificationFramework, Standard)
Verb = StandardChange.Verb


class VersionTaken(errors.Refusal):
    """The code and version belong to another framework, standard or unit."""

    code = "standards.version_taken"


class NotADraft(errors.Refusal):
    """What was published is kept; a change is a new version."""

    code = "standards.not_a_draft"


class FieldMissing(errors.Refusal):
    """A field that everybody relies on is empty or out of range."""

    code = "standards.field_missing"
    status = 422


@dataclass(frozen=True, slots=True)
class LevelFacts:
    """A level of a framework and its descriptors."""

    number: int
    name_zh: str
    name_en: str
    knowledge: str
    skills: str
    competence: str
    source: str = ""


@dataclass(frozen=True, slots=True)
class FrameworkFacts:
    """What a version of a framework says about itself."""

    name_zh: str
    name_en: str
    valid_from: date
    source: str
    is_sample: bool = False


@dataclass(frozen=True, slots=True)
class StandardFacts:
    """What a version of a standard says about itself; ``level_id`` is of a published framework."""

    title_zh: str
    title_en: str
    level_id: int
    field: str
    owner: str
    valid_from: date
    source: str
    is_sample: bool = False


@dataclass(frozen=True, slots=True)
class UnitFacts:
    """A unit of a standard; credit in hundredths, hours of learning."""

    code: str
    title_zh: str
    title_en: str
    level_id: int
    field: str
    credit_hundredths: int
    notional_hours: int
    source: str
    outcomes: list[str] = dataclasses.field(default_factory=list)
    criteria: list[str] = dataclasses.field(default_factory=list)
    module_code: str = ""


@transaction.atomic
def draft_framework(
    *, code: str, version: str, facts: FrameworkFacts, by: Person, at: datetime
) -> QualificationFramework:
    """Begin a version of a framework. Raises VersionTaken, FieldMissing, rights.NotAllowed."""
    _may_draft(by, at)
    row = QualificationFramework(code=code, version=version, is_draft=True, drafted_by=by)
    return _save(row, facts, Verb.DRAFTED, by, at)


@transaction.atomic
def draft_standard(
    *, code: str, version: str, facts: StandardFacts, by: Person, at: datetime
) -> Standard:
    """Begin a version of a standard. Raises VersionTaken, FieldMissing, rights.NotAllowed."""
    _may_draft(by, at)
    row = Standard(code=code, version=version, is_draft=True, drafted_by=by)
    return _save(row, facts, Verb.DRAFTED, by, at)


@transaction.atomic
def change(*, draft: Row, facts: FrameworkFacts | StandardFacts, by: Person, at: datetime) -> Row:
    """Change what a draft says about itself; nothing is written when nothing differs.

    Raises:
        NotADraft, FieldMissing, rights.NotAllowed.
    """
    row = lock(draft, by=by, at=at)
    if all(getattr(row, name) == value for name, value in asdict(facts).items()):
        return row
    return _save(row, facts, Verb.CHANGED, by, at)


@transaction.atomic
def set_levels(
    *, draft: QualificationFramework, levels: Sequence[LevelFacts], by: Person, at: datetime
) -> list[Level]:
    """Give a draft these levels, in place of those it had. Raises as ``change``."""
    row = lock(draft, by=by, at=at)
    numbers = [each.number for each in levels]
    if sorted(numbers) != list(range(1, len(numbers) + 1)):
        raise FieldMissing(_("Number the levels from 1, without a gap."), pointer="levels")
    row.levels.all().delete()
    made = [
        Level(framework=row, is_draft=True, **asdict(each) | {"source": each.source or row.source})
        for each in levels
    ]
    Level.objects.bulk_create(made)
    note(row, Verb.CHANGED, by, at, f"1–{len(made)}")
    return made


@transaction.atomic
def save_unit(
    *, draft: Standard, facts: UnitFacts, by: Person, at: datetime, unit_id: int | None = None
) -> Unit:
    """Add a unit to a draft, or change one of it; the unit has the version of its standard.

    Raises:
        VersionTaken: another standard has a unit of this code and version.
        NotADraft, FieldMissing, rights.NotAllowed.
    """
    row = lock(draft, by=by, at=at)
    _refuse_gaps(facts, optional={"module_code", "outcomes", "criteria"})
    found = row.units.filter(pk=unit_id).first() if unit_id else None
    unit = found or Unit(standard=row, is_draft=True)
    for name, value in asdict(facts).items():
        setattr(unit, name, value)
    unit.version, unit.valid_from = row.version, row.valid_from
    _write(unit, facts.code, row.version)
    note(row, Verb.CHANGED, by, at, facts.code)
    return unit


@transaction.atomic
def remove_unit(*, draft: Standard, unit_id: int, by: Person, at: datetime) -> None:
    """Take a unit out of a draft. Repeating it changes nothing."""
    row = lock(draft, by=by, at=at)
    for unit in row.units.filter(pk=unit_id):
        note(row, Verb.CHANGED, by, at, f"− {unit.code}")
        unit.delete()


@transaction.atomic
def next_standard(
    *, standard: Standard, version: str, valid_from: date, by: Person, at: datetime
) -> Standard:
    """A draft of the next version with everything that this one has. Raises as ``draft_standard``.

    Units keep their codes, so that the old and the new stand side by side.
    """
    facts = {name: getattr(standard, name) for name in StandardFacts.__dataclass_fields__}
    made = draft_standard(
        code=standard.code, version=version,
        facts=StandardFacts(**facts | {"valid_from": valid_from}), by=by, at=at,
    )  # fmt: skip
    for unit in standard.units.order_by("pk"):
        copied = {name: getattr(unit, name) for name in UnitFacts.__dataclass_fields__}
        save_unit(draft=made, facts=UnitFacts(**copied), by=by, at=at)
    return made


@transaction.atomic
def next_framework(
    *, framework: QualificationFramework, version: str, valid_from: date, by: Person, at: datetime
) -> QualificationFramework:
    """A draft of the next version with the same levels. Raises as ``draft_framework``."""
    facts = {name: getattr(framework, name) for name in FrameworkFacts.__dataclass_fields__}
    made = draft_framework(
        code=framework.code, version=version,
        facts=FrameworkFacts(**facts | {"valid_from": valid_from}), by=by, at=at,
    )  # fmt: skip
    names = LevelFacts.__dataclass_fields__
    levels = [
        LevelFacts(**{name: getattr(level, name) for name in names})
        for level in framework.levels.order_by("number")
    ]
    set_levels(draft=made, levels=levels, by=by, at=at)
    return made


@transaction.atomic
def discard(*, draft: Row, by: Person, at: datetime) -> None:
    """Throw a draft away; its audit rows stay. Raises NotADraft, rights.NotAllowed."""
    row = lock(draft, by=by, at=at)
    note(row, Verb.DISCARDED, by, at)
    children = row.units if isinstance(row, Standard) else row.levels
    children.all().delete()
    row.delete()


def lock(draft: Row, *, by: Person, at: datetime) -> Row:
    """The draft as it stands, locked, for somebody who may edit it.

    Raises:
        NotADraft; rights.NotAllowed: neither its drafter nor the authority.
    """
    row: Row = type(draft)._default_manager.select_for_update(no_key=True).get(pk=draft.pk)
    if not row.is_draft:
        text = _("{code} {version} is published and stays as it is. Make a new version instead.")
        raise NotADraft(text.format(code=row.code, version=row.version))
    _may_draft(by, at)
    day = clock.local_date(at)
    if row.drafted_by_id != by.pk and not rights.allows(by, rights.STANDARDS_PUBLISH, day):
        raise rights.NotAllowed(rights.not_allowed_text())
    return row


def note(row: Kept, verb: str, by: Person, at: datetime, words: str = "") -> None:
    """The audit row of an act."""
    StandardChange.objects.create(
        kind=kind_of(row), code=row.code, version=row.version, verb=verb, actor=by, note=words,
        at=at,
    )  # fmt: skip


def kind_of(row: Kept) -> str:
    """``standard`` or ``framework``."""
    return "standard" if isinstance(row, Standard) else "framework"


def _may_draft(by: Person, at: datetime) -> None:
    if not rights.allows(by, rights.STANDARDS_DRAFT, clock.local_date(at)):
        raise rights.NotAllowed(rights.not_allowed_text())


def _save(
    row: Row, facts: FrameworkFacts | StandardFacts, verb: str, by: Person, at: datetime
) -> Row:
    _refuse_gaps(facts, optional={"is_sample"})
    for name, value in asdict(facts).items():
        setattr(row, name, value)
    if not row.code.strip() or not row.version.strip():
        raise FieldMissing(_("Give a code and a version."), pointer="code")
    row.changed_at = at
    _write(row, row.code, row.version)
    if isinstance(row, Standard):
        row.units.update(valid_from=row.valid_from)
    note(row, verb, by, at)
    return row


def _refuse_gaps(facts: FrameworkFacts | StandardFacts | UnitFacts, *, optional: set[str]) -> None:
    for name, value in asdict(facts).items():
        if name in optional or (value.strip() if isinstance(value, str) else value):
            continue
        text = _("Fill in {field}; credit and hours are above 0.")
        raise FieldMissing(text.format(field=name), pointer=name)


def _write(row: Any, code: str, version: str) -> None:
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError as why:
        text = _("{code} {version} is there already. Choose another code or version.")
        raise VersionTaken(text.format(code=code, version=version), pointer="code") from why
