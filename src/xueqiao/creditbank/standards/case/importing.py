"""A checked package becomes a draft: a standard with its units, or a framework with its levels.

What CASE does not say (credit, hours, level) is taken from our extensions where the package has
them, and otherwise from what the editor answers for the whole package; it can be changed unit by
unit before somebody else publishes the draft.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from xueqiao.creditbank.models import (
    Level,
    QualificationFramework,
    ReceivedPackage,
    Standard,
    StandardChange,
    Unit,
)
from xueqiao.creditbank.standards import drafting
from xueqiao.creditbank.standards.case import identifiers, reading, writing
from xueqiao.kernel import clock
from xueqiao.people import rights

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from xueqiao.creditbank.standards.case.reading import Package
    from xueqiao.people.models import Person

Verb = StandardChange.Verb
TITLE, TITLE_EN, CODE, FIELD = 160, 200, 60, 80


class AlreadyHere(drafting.VersionTaken):
    """The version is here already and says something else, or was not imported."""

    code = "standards.already_here"


class NothingToImport(reading.PackageRefused):
    """No item is of a type that was chosen for units or levels."""

    code = "standards.nothing_to_import"


@dataclass(frozen=True, slots=True)
class Answers:
    """What an editor answers for a package of another body.

    Attributes:
        unit_types, criterion_types: types of items; what lies below a unit and is no criterion is
            a learning outcome.
        level_id: level of every unit that names none of ours.
        credit_hundredths, notional_hours: of every unit that says none.
    """

    unit_types: frozenset[str]
    criterion_types: frozenset[str]
    level_id: int
    credit_hundredths: int
    notional_hours: int
    field: str = ""


@dataclass(frozen=True, slots=True)
class Imported:
    """The draft, and whether this call made it; ``left_out`` items are neither unit nor below."""

    row: Standard | QualificationFramework
    is_new: bool
    left_out: int


@transaction.atomic
def receive(*, name: str, data: bytes, by: Person, at: datetime) -> ReceivedPackage:
    """Keep a package as it came, readable or not, so that nobody has to send it again.

    The same text a second time is the first row.

    Raises:
        PackageRefused: larger than ``reading.LARGEST``, or no text.
        rights.NotAllowed.
    """
    if not rights.allows(by, rights.STANDARDS_DRAFT, clock.local_date(at)):
        raise rights.NotAllowed(rights.not_allowed_text())
    if len(data) > reading.LARGEST:
        raise reading.PackageRefused(_("The package is larger than 20 MB. Divide it."))
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as why:
        raise reading.PackageRefused(_("The file is no text in UTF-8.")) from why
    refusal = ""
    try:
        reading.read(text)
    except reading.PackageRefused as why:
        refusal = str(why)
    row, _made = ReceivedPackage.objects.get_or_create(
        sha256=hashlib.sha256(data).hexdigest(),
        defaults={
            "name": name[:200], "content": text.replace("\0", ""), "refusal": refusal,
            "received_by": by, "received_at": at,
        },
    )  # fmt: skip
    return row


@transaction.atomic
def as_standard(*, package: Package, answers: Answers, by: Person, at: datetime) -> Imported:
    """A draft of a standard. The same package a second time changes nothing.

    Raises:
        AlreadyHere, NothingToImport, drafting.VersionTaken, drafting.FieldMissing,
        rights.NotAllowed.
    """
    units = [i for i in package.items.values() if i.get("CFItemType", "") in answers.unit_types]
    if not units:
        raise NothingToImport(_("Choose which types of items are units."), pointer="unit_types")
    covered = {item["identifier"] for item in units}
    for unit in units:
        covered |= {item["identifier"] for item in package.below(unit["identifier"])}
    left_out = len(package.items) - len(covered)
    code, version = _code(package), _version(package)
    found = Standard.objects.filter(code=code, version=version).first()
    if found:
        return Imported(_same(found, package), False, left_out)
    draft = drafting.draft_standard(
        code=code, version=version, facts=_standard(package, answers, at), by=by, at=at
    )
    _identify(draft, package.document["identifier"], identifiers.of_standard(draft))
    for item in units:
        facts = _unit(package, item, answers)
        made = drafting.save_unit(draft=draft, facts=facts, by=by, at=at)
        _identify(made, item["identifier"], identifiers.of_unit(made))
    drafting.note(draft, Verb.IMPORTED, by, at, f"sha256:{package.digest}")
    return Imported(draft, True, left_out)


@transaction.atomic
def as_framework(
    *, package: Package, level_types: frozenset[str], by: Person, at: datetime
) -> Imported:
    """A draft of a framework, its levels in the order of the package. Raises as ``as_standard``."""
    root = package.document["identifier"]
    ordered = package.below(root) or list(package.items.values())
    items = [item for item in ordered if item.get("CFItemType", "") in level_types]
    if not items:
        raise NothingToImport(_("Choose which types of items are levels."), pointer="unit_types")
    left_out = len(package.items) - len(items)
    code, version = _code(package), _version(package)
    found = QualificationFramework.objects.filter(code=code, version=version).first()
    if found:
        return Imported(_same(found, package), False, left_out)
    draft = drafting.draft_framework(
        code=code, version=version, facts=_framework(package, at), by=by, at=at
    )
    _identify(draft, root, identifiers.of_framework(draft))
    levels = [_level(number, item) for number, item in enumerate(items, start=1)]
    made = drafting.set_levels(draft=draft, levels=levels, by=by, at=at)
    for level, item in zip(made, items, strict=True):
        _identify(level, item["identifier"], identifiers.of_level(level))
    drafting.note(draft, Verb.IMPORTED, by, at, f"sha256:{package.digest}")
    return Imported(draft, True, left_out)


def level_of(name: object) -> Level | None:
    """The published level that our extension names; None where it names none of ours."""
    if not isinstance(name, dict):
        return None
    rows = Level.objects.filter(
        framework__code=str(name.get("framework")),
        framework__version=str(name.get("version")),
        number=int(name["number"]) if str(name.get("number", "")).isdecimal() else 0,
        is_draft=False,
    )
    return rows.first()


def _same(row: Any, package: Package) -> Any:
    imports = StandardChange.objects.filter(
        kind=drafting.kind_of(row), code=row.code, version=row.version, verb=Verb.IMPORTED
    )
    if imports.filter(note=f"sha256:{package.digest}").exists():
        return row
    text = _("{code} {version} is here already. Give the package another version, or change that "
             "one as a new version.")  # fmt: skip
    raise AlreadyHere(text.format(code=row.code, version=row.version))


def _identify(
    row: Standard | QualificationFramework | Unit | Level, given: str, made: UUID
) -> None:
    if UUID(given) != made:
        row.identifier = UUID(given)
        row.save(update_fields=["identifier"])


def _code(package: Package) -> str:
    return str(package.ours.get("code") or f"CASE-{package.document['identifier'][:8]}")[:CODE]


def _version(package: Package) -> str:
    return str(package.document.get("version") or package.document["lastChangeDateTime"][:10])[:20]


def _standard(package: Package, answers: Answers, at: datetime) -> drafting.StandardFacts:
    document = package.document
    level = level_of(package.ours.get("level"))
    subject = next(iter(document.get("subject", [])), "")
    return drafting.StandardFacts(
        title_zh=document["title"][:TITLE],
        title_en=_english(document, "description"),
        level_id=level.pk if level else answers.level_id,
        field=(subject or answers.field)[:FIELD],
        owner=document["creator"][:TITLE],
        valid_from=_start(document, at),
        source=_source(document),
        is_sample=bool(package.ours.get("isSample")),
    )


def _framework(package: Package, at: datetime) -> drafting.FrameworkFacts:
    document = package.document
    return drafting.FrameworkFacts(
        name_zh=document["title"][:120],
        name_en=_english(document, "description")[:TITLE],
        valid_from=_start(document, at),
        source=_source(document),
        is_sample=bool(package.ours.get("isSample")),
    )


def _unit(package: Package, item: dict[str, Any], answers: Answers) -> drafting.UnitFacts:
    said = reading.extension(item)
    level = level_of(said.get("level"))
    below = package.below(item["identifier"])
    criteria = {*answers.criterion_types, writing.CRITERION}
    subject = next(iter(item.get("subject", package.document.get("subject", []))), "")
    return drafting.UnitFacts(
        code=str(item.get("humanCodingScheme") or item["identifier"][:8])[:CODE],
        title_zh=item["fullStatement"][:TITLE],
        title_en=_english(item, "abbreviatedStatement"),
        level_id=level.pk if level else answers.level_id,
        field=(subject or answers.field)[:FIELD],
        credit_hundredths=_whole(said.get("creditHundredths"), answers.credit_hundredths),
        notional_hours=_whole(said.get("notionalHours"), answers.notional_hours),
        source=item.get("notes") or _source(package.document),
        outcomes=_texts(row for row in below if row.get("CFItemType") not in criteria),
        criteria=_texts(row for row in below if row.get("CFItemType") in criteria),
        module_code=str(said.get("moduleCode", ""))[:CODE],
    )


def _level(number: int, item: dict[str, Any]) -> drafting.LevelFacts:
    said = reading.extension(item)
    name = item.get("abbreviatedStatement") or item.get("humanCodingScheme") or str(number)
    return drafting.LevelFacts(
        number=number,
        name_zh=name[:120],
        name_en=str(said.get("nameEn", name))[:TITLE],
        knowledge=item["fullStatement"],
        skills=str(said.get("skills", "")),
        competence=str(said.get("competence", "")),
        source=str(said.get("source", "")),
    )


def _english(row: dict[str, Any], name: str) -> str:
    return str(row.get(name) or row.get("title") or row.get("fullStatement"))[:TITLE_EN]


def _texts(rows: Iterable[dict[str, Any]]) -> list[str]:
    return [row["fullStatement"] for row in rows]


def _whole(said: object, otherwise: int) -> int:
    return said if isinstance(said, int) and said > 0 else otherwise


def _start(document: dict[str, Any], at: datetime) -> date:
    said = document.get("statusStartDate")
    return date.fromisoformat(said) if said else clock.local_date(at)


def _source(document: dict[str, Any]) -> str:
    return str(
        document.get("notes")
        or document.get("officialSourceURL")
        or f"{document['creator']}: {document['uri']}"
    )
