"""A framework or a standard as a CFPackage of CASE 1.1."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from xueqiao.creditbank.models import Level, QualificationFramework, Standard, Unit
from xueqiao.creditbank.standards.case import identifiers
from xueqiao.creditbank.standards.case.identifiers import address, made
from xueqiao.kernel import clock
from xueqiao.kernel.signing import instants

if TYPE_CHECKING:
    from uuid import UUID

OURS = "xueqiao"
LANGUAGE = "zho"
UNIT, OUTCOME, CRITERION, LEVEL = "Unit", "Learning outcome", "Assessment criterion", "Level"
_TYPES = {
    UNIT: "认证单元: what is recognised at once, with its credit",
    OUTCOME: "学习成果: what a learner is able to do",
    CRITERION: "评价标准: by what it is seen",
    LEVEL: "等级: a level of a qualification framework",
}
Kept = Standard | QualificationFramework


def package(row: Kept) -> dict[str, Any]:
    """The whole version as a CFPackage; valid against the published schema. 4 queries."""
    changed = _changed(row)
    if isinstance(row, Standard):
        items, links = _units(row, changed)
        types = [UNIT, OUTCOME, CRITERION]
    else:
        items, links = _levels(row, changed)
        types = [LEVEL]
    return {
        "CFDocument": document(row),
        "CFItems": items,
        "CFAssociations": links,
        "CFDefinitions": {"CFItemTypes": [_item_type(name, changed) for name in types]},
    }


def document(row: Kept) -> dict[str, Any]:
    """The CFDocument of a version, as it stands in its package."""
    identifier = identifier_of(row)
    found: dict[str, Any] = {
        "identifier": str(identifier),
        "uri": address("CFDocuments", identifier),
        "caseVersion": "1.1",
        "creator": row.owner if isinstance(row, Standard) else row.code,
        "title": row.title_zh if isinstance(row, Standard) else row.name_zh,
        "description": row.title_en if isinstance(row, Standard) else row.name_en,
        "lastChangeDateTime": _changed(row),
        "language": LANGUAGE,
        "version": row.version,
        "adoptionStatus": _status(row),
        "statusStartDate": row.valid_from.isoformat(),
        "notes": row.source,
        "extensions": {OURS: _document_extension(row)},
    }
    if isinstance(row, Standard):
        found["subject"] = [row.field]
    if row.valid_to:
        found["statusEndDate"] = row.valid_to.isoformat()
    return found


def identifier_of(row: Kept) -> UUID:
    """The identifier of a version's CFDocument."""
    if isinstance(row, Standard):
        return identifiers.of_standard(row)
    return identifiers.of_framework(row)


def _document_extension(row: Kept) -> dict[str, Any]:
    found: dict[str, Any] = {"code": row.code, "isSample": row.is_sample}
    if isinstance(row, Standard):
        return found | {"kind": "standard", "level": _level_name(row.level)}
    return found | {"kind": "framework"}


def _level_name(level: Level) -> dict[str, Any]:
    framework = level.framework
    return {"framework": framework.code, "version": framework.version, "number": level.number}


def _units(row: Standard, changed: str) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    root = _link(row.title_zh, identifiers.of_standard(row), "CFDocuments")
    units = list(row.units.select_related("level__framework").order_by("pk"))
    later = _successors(row, units)
    items: list[dict[str, Any]] = []
    links: list[dict[str, Any]] = []
    for place, unit in enumerate(units, start=1):
        unit.standard = row
        own = _link(unit.title_zh, identifiers.of_unit(unit), "CFItems")
        items.append(_unit(unit, changed))
        links.append(_association("isChildOf", own, root, changed, place))
        level = _link(unit.level.name_zh, identifiers.of_level(unit.level), "CFItems")
        links.append(_association("hasSkillLevel", own, level, changed))
        if unit.code in later:
            new = later[unit.code]
            following = _link(new.title_zh, identifiers.of_unit(new), "CFItems")
            links.append(_association("replacedBy", own, following, changed))
        for kind, texts in ((OUTCOME, unit.outcomes), (CRITERION, unit.criteria)):
            for number, text in enumerate(texts, start=1):
                key = made(kind, own["identifier"], number)
                items.append(_item(key, text, kind, changed))
                child = _link(text, key, "CFItems")
                links.append(_association("isChildOf", child, own, changed, number))
    return items, links


def _successors(row: Standard, units: list[Unit]) -> dict[str, Unit]:
    if row.replaced_by_id is None or not units:
        return {}
    found = Unit.objects.filter(standard_id=row.replaced_by_id, is_draft=False)
    return {unit.code: unit for unit in found.select_related("standard")}


def _levels(
    row: QualificationFramework, changed: str
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    root = _link(row.name_zh, identifiers.of_framework(row), "CFDocuments")
    items, links = [], []
    for level in row.levels.order_by("number"):
        level.framework = row
        key = identifiers.of_level(level)
        extension = {
            "nameEn": level.name_en,
            "skills": level.skills,
            "competence": level.competence,
            "source": level.source,
        }
        item = _item(key, level.knowledge, LEVEL, changed) | {
            "humanCodingScheme": str(level.number),
            "abbreviatedStatement": level.name_zh,
            "extensions": {OURS: extension},
        }
        items.append(item)
        own = _link(level.name_zh, key, "CFItems")
        links.append(_association("isChildOf", own, root, changed, level.number))
    return items, links


def _unit(unit: Unit, changed: str) -> dict[str, Any]:
    found = _item(identifiers.of_unit(unit), unit.title_zh, UNIT, changed) | {
        "humanCodingScheme": unit.code,
        "abbreviatedStatement": unit.title_en,
        "subject": [unit.field],
        "educationLevel": [str(unit.level.number)],
        "notes": unit.source,
        "statusStartDate": unit.valid_from.isoformat(),
        "extensions": {
            OURS: {
                "creditHundredths": unit.credit_hundredths,
                "notionalHours": unit.notional_hours,
                "moduleCode": unit.module_code,
                "level": _level_name(unit.level),
            }
        },
    }
    if unit.valid_to:
        found["statusEndDate"] = unit.valid_to.isoformat()
    return found


def _item(key: UUID, text: str, kind: str, changed: str) -> dict[str, Any]:
    return {
        "identifier": str(key),
        "uri": address("CFItems", key),
        "fullStatement": text,
        "CFItemType": kind,
        "CFItemTypeURI": _link(kind, made("type", kind), "CFItemTypes"),
        "language": LANGUAGE,
        "lastChangeDateTime": changed,
    }


def _link(title: str, key: UUID | str, kind: str) -> dict[str, str]:
    return {"title": title, "identifier": str(key), "uri": address(kind, key)}


def _association(
    kind: str, origin: dict[str, str], destination: dict[str, str], changed: str, place: int = 0
) -> dict[str, Any]:
    key = made(kind, origin["identifier"], destination["identifier"])
    found: dict[str, Any] = {
        "identifier": str(key),
        "uri": address("CFAssociations", key),
        "associationType": kind,
        "originNodeURI": origin | {"targetType": "CASE"},
        "destinationNodeURI": destination | {"targetType": "CASE"},
        "lastChangeDateTime": changed,
    }
    return found | ({"sequenceNumber": place} if place else {})


def _item_type(name: str, changed: str) -> dict[str, str]:
    key = made("type", name)
    return {
        "identifier": str(key),
        "uri": address("CFItemTypes", key),
        "title": name,
        "description": _TYPES[name],
        "hierarchyCode": str(list(_TYPES).index(name) + 1),
        "lastChangeDateTime": changed,
    }


def _status(row: Kept) -> str:
    if row.is_draft:
        return "Private Draft"
    return "Deprecated" if row.valid_to else "Adopted"


def _changed(row: Kept) -> str:
    moment = row.changed_at or clock.start_of(row.valid_from)
    return instants.show(moment)
