"""A CFPackage somebody hands in: strict JSON, the published schema, and references that hold."""

from __future__ import annotations

import hashlib
import json
from collections import Counter, defaultdict
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from django.utils.translation import gettext as _
from jsonschema import Draft201909Validator, FormatChecker
from jsonschema.exceptions import best_match

from xueqiao.creditbank.standards.case import writing
from xueqiao.kernel import errors

LARGEST = 20 * 1024 * 1024  # bytes; a national framework of 10,000 items has about 8 MB
SCHEMA = Path(__file__).parent / "cfpackage_v1p1.schema.json"


class PackageRefused(errors.Refusal):
    """The text is no CFPackage of CASE 1.1; the pointer says where it goes wrong."""

    code = "standards.package_refused"
    status = 422


@dataclass(frozen=True)
class Package:
    """A checked package. Items by identifier; children in their order."""

    document: dict[str, Any]
    items: dict[str, dict[str, Any]]
    associations: list[dict[str, Any]]
    digest: str

    @cached_property
    def ours(self) -> dict[str, Any]:
        """What another Xueqiao said about the document; {} for packages of others."""
        return extension(self.document)

    @cached_property
    def kind(self) -> str:
        """``framework`` where it says so, or has nothing but levels; ``standard`` otherwise."""
        if "kind" in self.ours:
            return "framework" if self.ours["kind"] == "framework" else "standard"
        return "framework" if set(self.types) == {writing.LEVEL} else "standard"

    @cached_property
    def types(self) -> dict[str, int]:
        """How many items there are of each type, most first; "" where an item names none."""
        count = Counter(str(item.get("CFItemType", "")) for item in self.items.values())
        return dict(count.most_common())

    @cached_property
    def children(self) -> dict[str, list[str]]:
        """Identifiers of the items below an item or the document, in their order."""
        found = defaultdict(list)
        for each in self.associations:
            if each["associationType"] == "isChildOf":
                place = each.get("sequenceNumber", 10**9)
                above = each["destinationNodeURI"]["identifier"]
                found[above].append((place, each["originNodeURI"]["identifier"]))
        return {above: [child for _place, child in sorted(rows)] for above, rows in found.items()}

    def below(self, identifier: str) -> list[dict[str, Any]]:
        """Every item below an item, each once, top down."""
        found: dict[str, dict[str, Any]] = {}
        waiting = list(self.children.get(identifier, []))
        while waiting:
            each = waiting.pop(0)
            if each in self.items and each not in found:
                found[each] = self.items[each]
                waiting = self.children.get(each, []) + waiting
        return list(found.values())


def read(text: str) -> Package:
    """Check a package and take it apart.

    Raises:
        PackageRefused: too large, no JSON, not of the schema, an identifier twice, a child of what
            is not there, or items that are each other's children.
    """
    if len(text.encode("utf-8", "surrogatepass")) > LARGEST:
        raise PackageRefused(_("The package is larger than 20 MB. Divide it."))
    try:
        found = json.loads(text.lstrip("\ufeff"))
    except (ValueError, RecursionError) as why:
        raise PackageRefused(_("This is not JSON: {why}").format(why=why)) from why
    if isinstance(found, dict) and set(found) == {"CFPackage"}:
        found = found["CFPackage"]  # some servers wrap it
    flaw = best_match(_validator().iter_errors(found))
    if flaw is not None:
        pointer = "/" + "/".join(str(part) for part in flaw.absolute_path)
        text = _("Not a CFPackage of CASE 1.1, at {pointer}: {why}")
        shown = text.format(pointer=pointer, why=flaw.message[:300])
        raise PackageRefused(shown, pointer=pointer)
    return _checked(found)


def extension(row: dict[str, Any]) -> dict[str, Any]:
    """What we have put into the extensions of a document or an item; {} where nothing is."""
    found = (row.get("extensions") or {}).get(writing.OURS)
    return found if isinstance(found, dict) else {}


@cache
def _validator() -> Draft201909Validator:
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    return Draft201909Validator(schema, format_checker=FormatChecker(("uuid", "date")))


def _checked(found: dict[str, Any]) -> Package:
    rows = found.get("CFItems", [])
    items = {item["identifier"]: item for item in rows}
    links = found.get("CFAssociations", [])
    if len(items) < len(rows):
        raise PackageRefused(_("Two items have the same identifier."), pointer="/CFItems")
    own = found["CFDocument"]["identifier"]
    parents = defaultdict(list)
    for number, each in enumerate(links):
        if each["associationType"] != "isChildOf":
            continue
        child = each["originNodeURI"]["identifier"]
        above = each["destinationNodeURI"]["identifier"]
        pointer = f"/CFAssociations/{number}"
        if child not in items or (above not in items and above != own):
            text = _("{pointer} makes something a child that is not in the package, or of such.")
            raise PackageRefused(text.format(pointer=pointer), pointer=pointer)
        parents[child].append(above)
    _refuse_circles(parents)
    digest = hashlib.sha256(json.dumps(found, sort_keys=True).encode()).hexdigest()
    return Package(found["CFDocument"], items, links, digest)


def _refuse_circles(parents: dict[str, list[str]]) -> None:
    done: set[str] = set()
    for start in parents:
        path: list[str] = []
        waiting = [(start, False)]
        while waiting:
            each, leaving = waiting.pop()
            if leaving:
                path.pop()
                done.add(each)
            elif each in path:
                text = _("Items are each other's children: {items}.")
                raise PackageRefused(text.format(items=", ".join(path[path.index(each) :])))
            elif each not in done:
                path.append(each)
                waiting.append((each, True))
                waiting += [(above, False) for above in parents.get(each, [])]
