"""A mapping agreed with a source: which column, or which constant, gives each part of a statement.

The JSON of a contract is::

    {"layout": {"encoding", "delimiter", "sheet", "heading"},
     "columns": {part: name of a column},          "constants": {part: text},
     "codes": {part: {value of a cell: text}},     "time_format": one of values.TIME_FORMATS,
     "zone": "Asia/Shanghai",                      "duration_unit": one of values.DURATION_UNITS,
     "extensions": {address: name of a column},    "repeats": "same" | "count"}

A part is given by its column; where the cell is empty, by its constant. A code table stands between
the cell and the part: a value that it does not have is refused, never passed on.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, available_timezones

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from xueqiao.intake.tables import values
from xueqiao.intake.tables.reading import DELIMITERS, ENCODINGS, Layout
from xueqiao.kernel import errors

if TYPE_CHECKING:
    from collections.abc import Mapping as Given


class MappingUnfit(errors.Refusal):
    """A mapping lacks a part, or names something that cannot be used; ``pointer`` is the part."""

    code = "intake.mapping_unfit"
    status = 422


class Part(NamedTuple):
    """A part of a statement that a table can give."""

    name: str
    label: Any
    required: bool = False
    has_codes: bool = False
    help: Any = ""


PARTS = (
    Part(
        "actor_name", gettext_lazy("Account of the learner"), required=True,
        help=gettext_lazy("Student number or user name, as the source knows the learner."),
    ),
    Part(
        "actor_home", gettext_lazy("Home page of the accounts"), required=True,
        help=gettext_lazy("Address of the system that gave the accounts: https://school.example"),
    ),
    Part(
        "verb", gettext_lazy("Verb"), required=True, has_codes=True,
        help=gettext_lazy("What was done; the code table turns the source's words into addresses."),
    ),
    Part(
        "activity", gettext_lazy("Activity"), required=True, has_codes=True,
        help=gettext_lazy("Number or address of the course, lesson or test."),
    ),
    Part(
        "activity_base", gettext_lazy("Beginning of the activities' addresses"),
        help=gettext_lazy("Put before a number that is no address: https://school.example/course/"),
    ),
    Part("activity_name", gettext_lazy("Name of the activity")),
    Part("activity_type", gettext_lazy("Kind of the activity"), has_codes=True),
    Part("time", gettext_lazy("Date or time"), required=True),
    Part("clock", gettext_lazy("Time of day, in a column of its own")),
    Part("score", gettext_lazy("Score")),
    Part("score_max", gettext_lazy("Highest score")),
    Part("score_min", gettext_lazy("Lowest score")),
    Part("duration", gettext_lazy("Length of time")),
    Part("success", gettext_lazy("Passed: yes or no"), has_codes=True),
    Part("completion", gettext_lazy("Finished: yes or no"), has_codes=True),
    Part("response", gettext_lazy("Answer, or result in words")),
    Part(
        "registration", gettext_lazy("Class or enrolment"),
        help=gettext_lazy("What is equal here belongs to one attempt at an activity."),
    ),
    Part("platform", gettext_lazy("Platform")),
    Part(
        "row_id", gettext_lazy("Number of the record"),
        help=gettext_lazy("Unique in the source. Without it, rows with equal values are one."),
    ),
)  # fmt: skip
BY_NAME = {part.name: part for part in PARTS}
REPEATS = ("same", "count")
_MOST_CODES = 5000
_LONGEST = 2000


@dataclass(frozen=True)
class Mapping:
    """A mapping that was checked: it can be run."""

    layout: Layout
    columns: dict[str, str]
    constants: dict[str, str]
    codes: dict[str, dict[str, str]]
    time_format: str
    zone: ZoneInfo
    duration_unit: str = "minutes"
    extensions: dict[str, str] = field(default_factory=dict)
    repeats: str = "same"

    @property
    def used(self) -> frozenset[str]:
        """The names of the columns that it reads."""
        return frozenset([*self.columns.values(), *self.extensions.values()])


def read(given: Given[str, Any]) -> Mapping:
    """The mapping of a contract's JSON.

    Raises:
        MappingUnfit: a part is missing, or something in it cannot be used.
    """
    columns, constants = _texts(given, "columns"), _texts(given, "constants")
    for part in PARTS:
        if part.required and not columns.get(part.name) and not constants.get(part.name):
            text = _("“{part}” is needed: choose its column, or write what holds for every row.")
            raise MappingUnfit(text.format(part=part.label), pointer=part.name)
    for name in {*columns, *constants} - set(BY_NAME):
        raise MappingUnfit(_("“{part}” is no part of a statement.").format(part=name), pointer=name)
    made = Mapping(
        layout=_layout(given.get("layout") or {}),
        columns=columns,
        constants=constants,
        codes=_codes(given.get("codes") or {}),
        time_format=_choice(given, "time_format", "iso", values.is_time_format),
        zone=ZoneInfo(_choice(given, "zone", "Asia/Shanghai", available_timezones().__contains__)),
        duration_unit=_choice(
            given, "duration_unit", "minutes", values.DURATION_UNITS.__contains__
        ),
        extensions=_texts(given, "extensions"),
        repeats=_choice(given, "repeats", "same", REPEATS.__contains__),
    )
    _addresses(made)
    return made


def against(mapping: Mapping, heading: list[str]) -> None:
    """Refuse a table that lacks a column of the mapping.

    Raises:
        MappingUnfit: naming the columns that are missing, and those that are there.
    """
    missing = sorted(mapping.used - set(heading))
    if missing:
        text = _("The table has no column {missing}. It has: {found}.")
        found = ", ".join(heading)[:300]
        raise MappingUnfit(
            text.format(missing=", ".join(f"“{each}”" for each in missing), found=found),
            pointer="columns",
        )


def _texts(given: Given[str, Any], name: str) -> dict[str, str]:
    found = given.get(name) or {}
    if not isinstance(found, dict) or not all(
        isinstance(key, str) and isinstance(text, str) and len(text) <= _LONGEST
        for key, text in found.items()
    ):
        raise MappingUnfit(
            _("“{part}” is a list of names and texts.").format(part=name), pointer=name
        )
    return {key: text.strip() for key, text in found.items() if text.strip()}


def _layout(given: Any) -> Layout:
    made = Layout(
        str(given.get("encoding", "utf-8")),
        str(given.get("delimiter", ",")),
        str(given.get("sheet", "")),
        given.get("heading", 1),
    )
    if made.encoding not in {"", *ENCODINGS} or made.delimiter not in {"", *DELIMITERS}:
        raise MappingUnfit(_("This encoding or delimiter is not known."), pointer="encoding")
    if not isinstance(made.heading, int) or not 1 <= made.heading <= 100:  # noqa: PLR2004
        text = _("The row with the names of the columns is a number from 1 to 100.")
        raise MappingUnfit(text, pointer="heading")
    return made


def _codes(given: Any) -> dict[str, dict[str, str]]:
    found = {name: _texts(given, name) for name in given}
    for name, table in found.items():
        if name not in BY_NAME or not BY_NAME[name].has_codes or len(table) > _MOST_CODES:
            text = _("“{part}” has no code table, or one with more than {most} rows.")
            raise MappingUnfit(text.format(part=name, most=_MOST_CODES), pointer=name)
    return {name: table for name, table in found.items() if table}


def _choice(given: Given[str, Any], name: str, default: str, fits: Any) -> str:
    chosen = given.get(name) or default
    if not isinstance(chosen, str) or not fits(chosen):
        text = _("“{value}” cannot be used here. Choose one of the list.")
        raise MappingUnfit(text.format(value=str(chosen)[:80]), pointer=name)
    return chosen


def _addresses(made: Mapping) -> None:
    """Refuse what has to be an address and is none."""
    constant = {
        (name, made.constants[name])
        for name in ("actor_home", "verb", "activity_base", "activity_type")
        if name in made.constants
    }
    coded = {
        (name, text)
        for name in ("verb", "activity_type")
        for text in made.codes.get(name, {}).values()
    }
    for name, text in sorted(constant | coded) + [("extensions", key) for key in made.extensions]:
        if not is_address(text):
            said = _("“{value}” is no address. Write one such as https://school.example/verb/read.")
            raise MappingUnfit(said.format(value=text[:80]), pointer=name)


def is_address(text: str) -> bool:
    """Whether a text is an absolute address, by which things of the standard are named."""
    try:
        parts = urlsplit(text)
    except ValueError:
        return False
    has_place = bool(parts.netloc or parts.path)
    return bool(parts.scheme) and has_place and not any(sign in text for sign in ' <>"{}|\\^`\n\t')
