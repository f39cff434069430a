"""Contracts as documents of the Open Data Contract Standard, in and out.

What the standard has a word for uses it; the rest stands in custom properties, which other tools
pass on. A document is checked against the published JSON schema before anything in it is read.
Source: ODCS 3.1 and 3.2 (bitol.io), ``schema/odcs-3.2.0.json``
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import yaml
from django.utils.translation import gettext as _

from xueqiao.kernel import errors
from xueqiao.lake.contracts.contract import SOURCE_TABLE, Column, Contract, Measure

SCHEMA = Path(__file__).parent / "schema" / "odcs-3.2.0.json"
API_VERSION = "v3.1.0"
LARGEST = 256 * 1024
LOGICAL = {
    "string": "string", "integer": "integer", "long": "integer", "boolean": "boolean",
    "date": "date", "timestamp": "timestamp", "double": "number",
}  # fmt: skip


class ContractUnreadable(errors.Refusal):
    """A document is no contract: not YAML, too long, or not as the standard says."""

    code = "lake.contract_unreadable"
    status = 422


class _Plain(yaml.SafeLoader):
    """YAML without aliases: ten lines of them can stand for a gigabyte."""

    def compose_node(self, parent: Any, index: Any) -> Any:
        if self.check_event(yaml.events.AliasEvent):
            raise yaml.YAMLError(_("aliases (& and *) are not read; write every value out"))
        return super().compose_node(parent, index)


# Dates stay as they are written: the standard's schema knows text only.
_Plain.yaml_implicit_resolvers = {
    first: [pair for pair in pairs if pair[0] != "tag:yaml.org,2002:timestamp"]
    for first, pairs in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def read(text: str) -> Contract:
    """The contract in a YAML (or JSON) document.

    Raises:
        ContractUnreadable: with the place in the document as its pointer.
    """
    return contract_of(document_of(text))


def document_of(text: str) -> dict[str, Any]:
    """The document in a text, held against the standard's schema.

    Raises:
        ContractUnreadable: it is not one.
    """
    if len(text.encode()) > LARGEST:
        said = _("The document is longer than {n} KB. Split it: one contract for each table.")
        raise ContractUnreadable(said.format(n=LARGEST // 1024), pointer="document")
    try:
        found = yaml.load(text, _Plain)  # noqa: S506 - a safe loader without aliases
    except (yaml.YAMLError, ValueError, RecursionError) as why:
        said = _("The document is not YAML that can be read: {why}")
        raise ContractUnreadable(said.format(why=_short(why)), pointer="document") from why
    if not isinstance(found, dict):
        said = _("The document has no fields. A contract begins with apiVersion, kind, id.")
        raise ContractUnreadable(said, pointer="document")
    checked(found)
    return found


def checked(document: dict[str, Any]) -> None:
    """Refuse a document that is not as the standard's schema says.

    Raises:
        ContractUnreadable: naming the first place that does not fit.
    """
    problem = jsonschema.exceptions.best_match(_validator().iter_errors(document))
    if problem is not None:
        place = problem.json_path.removeprefix("$").lstrip(".") or _("the document")
        said = _("{place}: not as ODCS 3 asks: {why}")
        raise ContractUnreadable(
            said.format(place=place, why=problem.message[:300]), pointer="document"
        )


def contract_of(document: dict[str, Any]) -> Contract:
    """The checked parts of a document that fits the schema."""
    objects = document.get("schema") or []
    if len(objects) != 1:
        said = _("A contract here is about one table: schema has to have one entry, not {n}.")
        raise ContractUnreadable(said.format(n=len(objects)), pointer="document")
    table, own = objects[0], _custom(document)
    columns = tuple(_column(each) for each in table.get("properties", []))
    keyed = [each for each in table.get("properties", []) if each.get("primaryKey")]
    keyed.sort(key=lambda each: each.get("primaryKeyPosition", -1))
    latest = {each["property"]: each["value"] for each in document.get("slaProperties", [])}
    return Contract(
        name=document["id"],
        version=_version(document["version"]),
        columns=columns,
        key=tuple(each["name"] for each in keyed),
        future_seconds=_whole(own, "futureSeconds", 300),
        least_percent=_whole(own, "leastPercent", 50),
        latest_hours=_whole(latest, "latency", 0),
        verbs=tuple(str(each) for each in own.get("verbs", [])),
        measures=dict(_measure(each) for each in table.get("quality", []) if _is_ours(each)),
    )


def document(contract: Contract, *, status: str = "active") -> dict[str, Any]:
    """A contract as a document."""
    table = SOURCE_TABLE if contract.is_of_source else contract.name
    own: dict[str, Any] = {
        "futureSeconds": contract.future_seconds,
        "leastPercent": contract.least_percent,
    }
    if contract.verbs:
        own["verbs"] = list(contract.verbs)
    made: dict[str, Any] = {
        "apiVersion": API_VERSION,
        "kind": "DataContract",
        "id": contract.name,
        "name": contract.name,
        "version": f"{contract.version}.0.0",
        "status": status,
        "servers": [
            {
                "server": "lake", "type": "local", "format": "delta",
                "path": f"lake/{table.replace('.', '/')}",
            }
        ],
        "schema": [_object(contract, table)],
        "customProperties": [{"property": key, "value": value} for key, value in own.items()],
    }  # fmt: skip
    if contract.latest_hours:
        made["slaProperties"] = [
            {"property": "latency", "value": contract.latest_hours, "unit": "h", "element": table}
        ]
    return made


def text(found: dict[str, Any]) -> str:
    """A document as YAML, in the order in which it is read."""
    return yaml.safe_dump(found, sort_keys=False, allow_unicode=True, width=100)


def _object(contract: Contract, table: str) -> dict[str, Any]:
    made: dict[str, Any] = {
        "name": table,
        "logicalType": "object",
        "physicalType": "table",
        "properties": [_property(each, contract.key) for each in contract.columns],
    }
    if contract.measures:
        made["quality"] = [
            {
                "type": "custom", "engine": "xueqiao", "implementation": rule,
                "severity": each.severity,
                "customProperties": [{"property": "atMostPercent", "value": each.at_most_percent}],
            }
            for rule, each in contract.measures.items()
        ]  # fmt: skip
    return made


def _property(column: Column, key: tuple[str, ...]) -> dict[str, Any]:
    made: dict[str, Any] = {"name": column.name, "physicalType": column.type}
    if column.type in LOGICAL:
        made["logicalType"] = LOGICAL[column.type]
    if column.name in key:
        made |= {"primaryKey": True, "primaryKeyPosition": key.index(column.name) + 1}
    if column.is_required:
        made["required"] = True
    if column.codes:
        made["quality"] = [
            {
                "metric": "invalidValues", "mustBe": 0, "dimension": "conformity",
                "arguments": {"validValues": list(column.codes)},
            }
        ]  # fmt: skip
    return made


def _column(found: dict[str, Any]) -> Column:
    codes: list[str] = [str(each["value"]) for each in found.get("enum", [])]
    for each in found.get("quality", []):
        if each.get("metric") == "invalidValues":
            codes += [str(value) for value in each.get("arguments", {}).get("validValues", [])]
    return Column(
        name=found["name"],
        type=str(found.get("physicalType", "")).lower(),
        is_required=bool(found.get("required")),
        codes=tuple(codes),
    )


def _is_ours(rule: dict[str, Any]) -> bool:
    return rule.get("engine") == "xueqiao" and isinstance(rule.get("implementation"), str)


def _measure(rule: dict[str, Any]) -> tuple[str, Measure]:
    own = _custom(rule)
    percent = min(_whole(own, "atMostPercent", 0), 100)
    return rule["implementation"], Measure(percent, rule.get("severity", "error"))


def _custom(found: dict[str, Any]) -> dict[str, Any]:
    return {each["property"]: each["value"] for each in found.get("customProperties", [])}


def _whole(values: dict[str, Any], name: str, otherwise: int) -> int:
    value = values.get(name, otherwise)
    if isinstance(value, int) and not isinstance(value, bool) and value >= 0:
        return value
    said = _("{name}: a whole number from 0 up is needed, not {value}.")
    raise ContractUnreadable(said.format(name=name, value=value), pointer="document")


def _version(written: str) -> int:
    """The first number of a version: 2.1.0 is 2.

    >>> _version("2.1.0"), _version("v3")
    (2, 3)
    """
    first = written.lstrip("v").split(".")[0]
    return int(first) if first.isdigit() else 0


@cache
def _validator() -> jsonschema.Draft201909Validator:
    return jsonschema.Draft201909Validator(json.loads(SCHEMA.read_text(encoding="utf-8")))


def _short(why: Exception) -> str:
    return str(why).replace("\n", " ")[:200]
