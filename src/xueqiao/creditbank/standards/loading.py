"""Frameworks, standards, units and the numbers of measures: loaded from files, all or nothing."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

from django.apps import apps
from django.db import models, transaction
from django.utils.translation import gettext as _

from xueqiao import sample
from xueqiao.creditbank import rulebodies
from xueqiao.creditbank.models import (
    CaseObject,
    ConversionRule,
    CountingScope,
    CreditGroup,
    Level,
    Pathway,
    PathwayRule,
    Programme,
    Qualification,
    QualificationFramework,
    RuleTable,
    RuleVersion,
    Standard,
    TransferAgreement,
    Unit,
)
from xueqiao.creditbank.standards import published
from xueqiao.kernel import clock, errors

SAMPLE = Path(sample.__file__).parent / "standards"
FILES = ("framework.json", "rules.json", "standards.json", "conversion.json")
Row = TypeVar("Row", bound=models.Model)


class VersionChanged(errors.Refusal):
    """A version that is already loaded would change; versions never do."""

    code = "standards.version_changed"


class NoSource(errors.Refusal):
    """A number came without the document it was taken from."""

    code = "standards.no_source"
    status = 422


class FileDamaged(errors.Refusal):
    """A file of standards cannot be read as what it should be."""

    code = "standards.file_damaged"
    status = 422


@dataclass
class Loaded:
    """How many rows a load found, and how many of them were new."""

    seen: int = 0
    new: int = 0


def load(*, folder: Path = SAMPLE) -> Loaded:
    """Load every file of a folder in one transaction; a second load of the same files adds nothing.

    Raises:
        FileDamaged: a file is missing, no JSON, or lacks a field.
        NoSource: a row names no source.
        VersionChanged: a file says something else about a version that is already there.
    """
    files = [_read(folder / name) for name in FILES]
    count = Loaded()
    try:
        with transaction.atomic():
            for content in files:
                _load_file(content, count)
            if count.new or not CaseObject.objects.exists():
                _index()
    except KeyError as missing:
        text = _("A row in {folder} lacks the field {field}. Add it and load again.")
        raise FileDamaged(text.format(folder=folder, field=missing)) from missing
    return count


def _index() -> None:
    for framework in published.frameworks():
        published.index(framework)
    for standard in published.standards():
        published.index(standard)


def _read(path: Path) -> dict[str, list[dict[str, Any]]]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as why:
        text = _("{path} cannot be read: {why}. Repair the file or fetch it again.")
        raise FileDamaged(text.format(path=path, why=why)) from why
    if not isinstance(content, dict):
        text = _("{path} holds no object of lists. Repair the file or fetch it again.")
        raise FileDamaged(text.format(path=path))
    return content


def _load_file(content: dict[str, list[dict[str, Any]]], count: Loaded) -> None:
    for row in content.get("frameworks", []):
        _framework(row, count)
    for row in content.get("rules", []):
        _keep(RuleTable, ("code", "version"), row, count)
    for row in content.get("standards", []):
        _standard(row, count)
    for row in content.get("scopes", []):
        _keep(CountingScope, ("code",), row, count)
    for row in content.get("programmes", []):
        _programme(row, count)
    for row in content.get("qualifications", []):
        _qualification(row, count)
    for row in content.get("agreements", []):
        _agreement(row, count)
    for row in content.get("pathways", []):
        _pathway(row, count)


def _framework(row: dict[str, Any], count: Loaded) -> None:
    framework = _keep(QualificationFramework, ("code", "version"), row, count, drop=("levels",))
    for level in row["levels"]:
        _keep(Level, ("framework", "number"), {**level, "framework": framework}, count)


def _standard(row: dict[str, Any], count: Loaded) -> None:
    facts = {**row, "level": _level(row)}
    standard = _keep(Standard, ("code", "version"), facts, count, drop=("framework", "units"))
    for unit in row["units"]:
        level = _level({**unit, "framework": row["framework"]})
        _keep(Unit, ("code", "version"), {**unit, "standard": standard, "level": level}, count)


def _programme(row: dict[str, Any], count: Loaded) -> None:
    facts = {
        **row,
        "level": _level(row),
        "scope": CountingScope.objects.get(code=row["scope"]),
    }
    programme = _keep(
        Programme, ("code",), facts, count, drop=("framework", "groups", "institution")
    )
    _hand_to(programme, row.get("institution", ""))
    for group in row["groups"]:
        _part(group, programme, count)


def _hand_to(programme: Programme, code: str) -> None:
    """Say which institution runs a programme, once that institution is there."""
    # Named by string: only the network app imports its own models.
    institutions = apps.get_model("network", "Institution")._default_manager
    found = institutions.filter(code=code).first() if code else None
    if found is not None and programme.institution_id is None:
        programme.institution_id = found.pk
        programme.save(update_fields=["institution_id"])


def _part(row: dict[str, Any], programme: Programme, count: Loaded) -> None:
    """A part of a programme; the one that it lies in stands before it in the file."""
    parent = row.get("parent")
    above = CreditGroup.objects.get(programme=programme, code=parent) if parent else None
    facts = {**row, "programme": programme, "parent": above}
    _keep(CreditGroup, ("programme", "code"), facts, count, source=False)


def _qualification(row: dict[str, Any], count: Loaded) -> None:
    programme = Programme.objects.get(code=row["programme"])
    facts = {
        **row,
        "programme": programme,
        "level": programme.level,
        "requirements": rulebodies.requirements(row["requirements"], programme),
    }
    _keep(Qualification, ("code", "version"), facts, count)


def _agreement(row: dict[str, Any], count: Loaded) -> None:
    agreement = _keep(TransferAgreement, ("code",), row, count, drop=("rules",))
    for each in row["rules"]:
        programme = Programme.objects.get(code=each["programme"])
        facts = {**each, "agreement": agreement, "programme": programme}
        kept = _keep(ConversionRule, ("code",), facts, count, drop=("versions",), source=False)
        for version in each["versions"]:
            published = {
                **version,
                "rule": kept,
                "body": rulebodies.rule(version["body"], programme),
                "state": RuleVersion.State.PUBLISHED,
                "published_at": clock.start_of(date.fromisoformat(version["valid_from"])),
            }
            _keep(RuleVersion, ("rule", "number"), published, count)


def _pathway(row: dict[str, Any], count: Loaded) -> None:
    """A pathway of the file is published as it stands; its rules come with the agreements."""
    shown = clock.start_of(date.fromisoformat(row["published_on"]))
    facts = {**row, "published_at": shown}
    pathway = _keep(Pathway, ("code",), facts, count, drop=("rules", "published_on"))
    for number, code in enumerate(row["rules"], 1):
        rule = ConversionRule.objects.get(code=code)
        facts = {"pathway": pathway, "number": number, "rule": rule}
        _keep(PathwayRule, ("pathway", "number"), facts, count, source=False)


def _level(row: dict[str, Any]) -> Level:
    frameworks = QualificationFramework.objects.filter(code=row["framework"])
    return Level.objects.get(framework=frameworks.latest("valid_from"), number=row["level"])


def _keep(
    model: type[Row],
    key: tuple[str, ...],
    row: dict[str, Any],
    count: Loaded,
    *,
    drop: tuple[str, ...] = (),
    source: bool = True,
) -> Row:
    """The row of this key: made when new, refused when it differs from the one that is there."""
    facts = {name: _fact(model, name, value) for name, value in row.items() if name not in drop}
    name = " ".join(str(row[part]) for part in key if isinstance(row[part], str | int))
    if source and not facts.get("source"):
        text = _("{name} names no source. Say which document its numbers come from.")
        raise NoSource(text.format(name=name))
    count.seen += 1
    found = model._default_manager.filter(**{part: facts[part] for part in key}).first()
    if found is None:
        count.new += 1
        return model._default_manager.create(**facts)
    different = [field for field, value in facts.items() if getattr(found, field) != value]
    if different:
        text = _(
            "{name} is already loaded with another {fields}. Load the change as a new version."
        )
        raise VersionChanged(text.format(name=name, fields=", ".join(different)))
    return found


def _fact(model: type[Row], name: str, value: Any) -> Any:
    is_day = isinstance(model._meta.get_field(name), models.DateField)
    return date.fromisoformat(value) if is_day and isinstance(value, str) else value
