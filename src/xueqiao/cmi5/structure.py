"""Reading ``cmi5.xml``: the rules of its schema, and those that stand in the text beside it.

Source: cmi5 Quartz, sections 13 and 14, and CourseStructure.xsd.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import parse_qsl, unquote, urlsplit
from xml.etree.ElementTree import ParseError

from defusedxml import DefusedXmlException, ElementTree
from django.utils.translation import gettext as _

from xueqiao.cmi5.rules import WHOLE, MoveOn
from xueqiao.cmi5.vocabulary import LAUNCH_NAMES, NAMESPACE
from xueqiao.kernel import errors
from xueqiao.records.xapi import values

if TYPE_CHECKING:
    from collections.abc import Iterator
    from xml.etree.ElementTree import Element

MOST_BYTES = 10 * 1024 * 1024
MOST_PARTS = 10_000
DEEPEST = 20
_LONGEST = 800  # characters of an identifier or address; an index holds them
_TEXTS = frozenset({"title", "description"})
_SCRIPTS = frozenset({"javascript", "data", "vbscript", "file", "blob", "about"})
_LAUNCH_METHODS = ("AnyWindow", "OwnWindow")
_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_MASTERY = re.compile(r"\+?(0|1)?(\.\d{1,4}0*)?\.?")


class StructureUnfit(errors.Refusal):
    """The course structure breaks a rule of the schema or of the profile."""

    code = "cmi5.structure_unfit"
    status = 422


class Text(dict[str, str]):
    """A text in several languages, by language tag; "und" where the file names none."""


@dataclass(frozen=True)
class Objective:
    """What somebody is to have learnt."""

    id: str
    title: Text
    description: Text


@dataclass(frozen=True)
class Part:
    """A block or an assignable unit. What only units have is empty for blocks.

    Attributes:
        number: place in the course, from 1, blocks before what lies in them.
        parent: the number of the block it lies in, or None.
        mastery: score for passing in ten-thousandths, or None.
    """

    number: int
    parent: int | None
    is_block: bool
    id: str
    title: Text
    description: Text
    objectives: tuple[str, ...]
    url: str = ""
    move_on: str = MoveOn.ALWAYS
    mastery: int | None = None
    launch_method: str = _LAUNCH_METHODS[0]
    activity_type: str = ""
    launch_parameters: str | None = None
    entitlement_key: str | None = None


@dataclass(frozen=True)
class Structure:
    """A course as its designer wrote it."""

    id: str
    title: Text
    description: Text
    objectives: tuple[Objective, ...]
    parts: tuple[Part, ...]


class _Child(NamedTuple):
    """A kind of child that may stand next: names, and whether there has to be one."""

    names: frozenset[str]
    needed: bool = False
    many: bool = False


def _one(name: str, *, needed: bool = True) -> _Child:
    return _Child(frozenset({name}), needed)


_PARTS = _Child(frozenset({"au", "block"}), needed=True, many=True)
_HEAD = (_one("title"), _one("description"))
_OBJECTIVES = _one("objectives", needed=False)
_MANY_OBJECTIVES = (_Child(frozenset({"objective"}), needed=True, many=True),)
_STRUCTURE = (_one("course"), _OBJECTIVES, _PARTS)
_BLOCK = (*_HEAD, _OBJECTIVES, _PARTS)
_UNIT = (
    *_HEAD,
    _OBJECTIVES,
    _one("url"),
    _one("launchParameters", needed=False),
    _one("entitlementKey", needed=False),
)
_UNIT_ATTRIBUTES = frozenset({"id", "moveOn", "masteryScore", "launchMethod", "activityType"})


def read(text: bytes, *, files: frozenset[str] | None) -> Structure:
    """The structure that a file describes.

    Args:
        files: paths of the package's content; None for a file that came alone, whose addresses are
            complete then.

    Raises:
        StructureUnfit: the file breaks a rule; the text says which and where.
    """
    root = _parse(text)
    if root.tag != f"{{{NAMESPACE}}}courseStructure":
        raise _unfit("/", _("The root is not courseStructure of {name}."), name=NAMESPACE)
    _attributes(root, frozenset(), "/courseStructure")
    found = _children(root, _STRUCTURE, "/courseStructure")
    course, at = found["course"][0], "/courseStructure/course"
    _attributes(course, frozenset({"id"}), at)
    head = _children(course, _HEAD, at)
    parts = tuple(_Reader(files).parts(root, None, "/courseStructure", 1))
    structure = Structure(
        _identifier(course, "id", at),
        _text(head["title"][0], f"{at}/title"),
        _text(head["description"][0], f"{at}/description"),
        tuple(_objectives(found.get("objectives", []))),
        parts,
    )
    _check_once(structure)
    return structure


def _parse(text: bytes) -> Element:
    if len(text) > MOST_BYTES:
        raise _unfit("/", _("The file is larger than {most} MB."), most=MOST_BYTES >> 20)
    try:
        root: Element = ElementTree.fromstring(text, forbid_dtd=True)
    except DefusedXmlException as why:
        raise _unfit("/", _("The file has a document type or entities; leave them out.")) from why
    except (ParseError, ValueError, LookupError, RecursionError) as why:
        raise _unfit("/", _("The file is not XML: {why}."), why=why) from why
    return root


class _Reader:
    """Walks blocks and units in the order of the file, and numbers them."""

    def __init__(self, files: frozenset[str] | None) -> None:
        self.files = files
        self.count = 0

    def parts(self, above: Element, parent: int | None, at: str, depth: int) -> Iterator[Part]:
        if depth > DEEPEST:
            raise _unfit(at, _("Blocks lie deeper than {most} levels."), most=DEEPEST)
        for element in above:
            kind = _local(element)
            if kind not in _PARTS.names:
                continue
            self.count += 1
            if self.count > MOST_PARTS:
                raise _unfit(at, _("The course has more than {most} parts."), most=MOST_PARTS)
            here, number = f"{at}/{kind}[{self.count}]", self.count
            if kind == "au":
                yield self._unit(element, number, parent, here)
            else:
                yield self._block(element, number, parent, here)
                yield from self.parts(element, number, here, depth + 1)

    def _block(self, element: Element, number: int, parent: int | None, at: str) -> Part:
        _attributes(element, frozenset({"id"}), at)
        found = _children(element, _BLOCK, at)
        return Part(
            number,
            parent,
            is_block=True,
            id=_identifier(element, "id", at),
            title=_text(found["title"][0], f"{at}/title"),
            description=_text(found["description"][0], f"{at}/description"),
            objectives=_references(found.get("objectives", []), at),
        )

    def _unit(self, element: Element, number: int, parent: int | None, at: str) -> Part:
        _attributes(element, _UNIT_ATTRIBUTES, at)
        found = _children(element, _UNIT, at)
        return Part(
            number,
            parent,
            is_block=False,
            id=_identifier(element, "id", at),
            title=_text(found["title"][0], f"{at}/title"),
            description=_text(found["description"][0], f"{at}/description"),
            objectives=_references(found.get("objectives", []), at),
            url=_address(_content(found["url"][0]), self.files, f"{at}/url"),
            move_on=_choice(element, "moveOn", tuple(MoveOn), MoveOn.ALWAYS, at),
            mastery=_mastery(element, at),
            launch_method=_choice(element, "launchMethod", _LAUNCH_METHODS, "AnyWindow", at),
            activity_type=element.get("activityType", "").strip()[:_LONGEST],
            launch_parameters=_optional(found, "launchParameters"),
            entitlement_key=_optional(found, "entitlementKey"),
        )


def _local(element: Element) -> str:
    """The name of an element of the profile; "" for one of another namespace."""
    space, _brace, name = element.tag[1:].partition("}")
    return name if space == NAMESPACE else ""


def _children(element: Element, order: tuple[_Child, ...], at: str) -> dict[str, list[Element]]:
    """The children by name, which stand in the order of the schema; foreign ones come last."""
    found: dict[str, list[Element]] = {}
    place, is_end = 0, False
    for child in element:
        name = _local(child)
        if not name:
            is_end = True
            continue
        while place < len(order) and (is_done := _is_done(order[place], name, found)):
            place += is_done
        if is_end or place == len(order):
            raise _unfit(f"{at}/{name}", _("“{name}” may not stand here."), name=name)
        found.setdefault(name, []).append(child)
    for each in order:
        if each.needed and not each.names & found.keys():
            raise _unfit(at, _("“{name}” is missing."), name="” / “".join(sorted(each.names)))
    return found


def _is_done(child: _Child, name: str, found: dict[str, list[Element]]) -> bool:
    """Whether the reader goes on to the next kind of child before this one is placed."""
    return name not in child.names or (not child.many and bool(child.names & found.keys()))


def _attributes(element: Element, known: frozenset[str], at: str) -> None:
    for name in element.attrib:
        if not name.startswith("{") and name not in known:
            raise _unfit(f"{at}/@{name}", _("“{name}” is no attribute here."), name=name)
        if name.startswith(f"{{{NAMESPACE}}}"):
            raise _unfit(at, _("Attributes of the profile are written without a prefix."))


def _content(element: Element) -> str:
    return "".join(element.itertext()).strip()


def _optional(found: dict[str, list[Element]], name: str) -> str | None:
    return _content(found[name][0]) if name in found else None


def _text(element: Element, at: str) -> Text:
    children = _children(element, (_Child(frozenset({"langstring"}), needed=True, many=True),), at)
    text = Text()
    for each in children["langstring"]:
        _attributes(each, frozenset({"lang"}), at)
        language = each.get("lang", "und").strip()
        if not _LANGUAGE.fullmatch(language):
            raise _unfit(f"{at}/@lang", _("“{name}” is no language tag."), name=language[:40])
        text[language] = _content(each)
    return text


def _objectives(found: list[Element]) -> Iterator[Objective]:
    at = "/courseStructure/objectives"
    for group in found:
        for each in _children(group, _MANY_OBJECTIVES, at)["objective"]:
            _attributes(each, frozenset({"id"}), at)
            names = {_local(child) for child in each}
            if names != _TEXTS or len(each) != len(_TEXTS):
                raise _unfit(at, _("An objective has one title and one description."))
            parts = {_local(child): child for child in each}
            yield Objective(
                _identifier(each, "id", at),
                _text(parts["title"], at),
                _text(parts["description"], at),
            )


def _references(found: list[Element], at: str) -> tuple[str, ...]:
    rows = [row for group in found for row in _children(group, _MANY_OBJECTIVES, at)["objective"]]
    for row in rows:
        _attributes(row, frozenset({"idref"}), at)
    return tuple(row.get("idref", "").strip() for row in rows)


def _identifier(element: Element, name: str, at: str) -> str:
    given = element.get(name, "").strip()
    if len(given) > _LONGEST or not values.is_iri(given):
        text = _("The identifier “{name}” is no complete IRI.")
        raise _unfit(f"{at}/@{name}", text, name=given[:80])
    return given


def _choice(element: Element, name: str, allowed: tuple[str, ...], default: str, at: str) -> str:
    given = element.get(name, default).strip()
    if given not in allowed:
        text = _("“{given}” is no {name}; one of: {allowed}.")
        allowed_text = ", ".join(allowed)
        raise _unfit(f"{at}/@{name}", text, given=given[:40], name=name, allowed=allowed_text)
    return str(given)


def _mastery(element: Element, at: str) -> int | None:
    given = element.get("masteryScore")
    if given is None:
        return None
    try:
        score = Decimal(given.strip()) if _MASTERY.fullmatch(given.strip()) else Decimal("NaN")
    except InvalidOperation:
        score = Decimal("NaN")
    if score.is_nan() or not 0 <= score <= 1:
        text = _("The mastery score “{given}” is no number from 0 to 1 with at most 4 decimals.")
        raise _unfit(f"{at}/@masteryScore", text, given=given[:40])
    return int(score * WHOLE)


def _address(given: str, files: frozenset[str] | None, at: str) -> str:
    """The launch address, which is complete or names a file of the package."""
    try:
        parts = urlsplit(given)
        _port = parts.port
    except ValueError as why:
        raise _unfit(at, _("“{given}” is no address."), given=given[:80]) from why
    if not given or len(given) > _LONGEST or re.search(r"[\s<>\"{}|\\^`\x00-\x1f]", given):
        raise _unfit(at, _("“{given}” is no address."), given=given[:80])
    taken = {name for name, _value in parse_qsl(parts.query, keep_blank_values=True)}
    if both := taken & set(LAUNCH_NAMES):
        text = _("The address has a parameter “{name}”, which the platform sets at launch.")
        raise _unfit(at, text, name=", ".join(sorted(both)))
    if _SCHEME.match(given):
        if parts.scheme.lower() in _SCRIPTS or not parts.netloc:
            raise _unfit(at, _("“{given}” cannot be launched."), given=given[:80])
        return given
    if files is None:
        text = _("“{given}” is relative; without a package every address is complete.")
        raise _unfit(at, text, given=given[:80])
    if parts.path.startswith("/") or parts.netloc or inside(parts.path) not in files:
        raise _unfit(at, _("The package has no file “{given}”."), given=parts.path[:80])
    return given


def inside(path: str) -> str:
    """The file that the path of an address names, such as ``a/b c.html`` of ``./a/b%20c.html``."""
    steps: list[str] = []
    for step in unquote(path).split("/"):
        if step == "..":
            if not steps:
                return ""
            steps.pop()
        elif step not in {"", "."}:
            steps.append(step)
    return "/".join(steps)


def _check_once(structure: Structure) -> None:
    groups = {
        "block": [each.id for each in structure.parts if each.is_block],
        "au": [each.id for each in structure.parts if not each.is_block],
        "objective": [each.id for each in structure.objectives],
    }
    for kind, found in groups.items():
        seen: set[str] = set()
        for each in found:
            if each in seen:
                text = _("Two parts of the kind “{kind}” have the identifier “{id}”.")
                raise _unfit("/courseStructure", text, kind=kind, id=each)
            seen.add(each)


def _unfit(at: str, sentence: str, **given: object) -> StructureUnfit:
    return StructureUnfit(f"{at}: {sentence.format(**given)}", pointer=at)
