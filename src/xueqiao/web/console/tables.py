"""The mapping editor: what was chosen for each part, and what the first rows would become."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from xueqiao.intake.tables import guess, reading, values
from xueqiao.intake.tables import mapping as mappings
from xueqiao.intake.tables.rows import Converter
from xueqiao.kernel import errors
from xueqiao.records.checking import Refused
from xueqiao.records.models import Source
from xueqiao.records.reasons import Reason
from xueqiao.records.xapi import validate
from xueqiao.records.xapi import values as xapi

if TYPE_CHECKING:
    from pathlib import Path

    from django.http import QueryDict

PREVIEWED = 20
EXTENSIONS = 3
CODES_SHOWN = 30
ENCODINGS = {
    "utf-8": "UTF-8",
    "gb18030": "GBK / GB 18030",
    "utf-16": "UTF-16",
    "big5": "Big5",
    "cp1252": "Windows-1252",
}
DELIMITERS = {
    ",": gettext_lazy("comma"),
    "\t": gettext_lazy("tab"),
    ";": gettext_lazy("semicolon"),
    "|": gettext_lazy("bar"),
}
UNITS = {
    "seconds": gettext_lazy("seconds"),
    "minutes": gettext_lazy("minutes"),
    "hours": gettext_lazy("hours"),
    "clock": gettext_lazy("h:mm:ss, or 1小时20分"),
    "iso": gettext_lazy("ISO 8601, such as PT1H20M"),
}
REPEATS = {
    "same": gettext_lazy("the same record, sent twice"),
    "count": gettext_lazy("different records"),
}
_ADL = "http://adlnet.gov/expapi/verbs/"
# Offered while typing; any other address may be written.
VERBS = [
    f"{_ADL}{word}"
    for word in (
        "completed", "passed", "failed", "attended", "registered", "experienced", "attempted",
        "answered", "launched", "scored", "commented", "shared",
    )
]  # fmt: skip


class UploadForm(forms.Form):
    """A table, and the source it comes from."""

    file = forms.FileField(
        label=gettext_lazy("Table"),
        help_text=gettext_lazy("CSV or XLSX, at most 64 MB; the first row names the columns."),
        widget=forms.FileInput({"accept": ".csv,.tsv,.txt,.xlsx"}),
    )
    source = forms.ModelChoiceField(
        Source.objects.order_by("name"),
        label=gettext_lazy("Source"),
        required=False,
        empty_label=gettext_lazy("A new one"),
    )
    new_source = forms.CharField(
        label=gettext_lazy("Name of a new source"),
        required=False,
        max_length=60,
        help_text=gettext_lazy("The office or platform that the table comes from"),
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["source"].label_from_instance = lambda row: row.name  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """A source is chosen or named."""
        given = super().clean() or {}
        if not given.get("source") and not given.get("new_source", "").strip():
            self.add_error("new_source", _("Choose a source, or write the name of a new one."))
        return given


class Line(NamedTuple):
    """One part in the editor."""

    part: mappings.Part
    column: str
    constant: str
    codes: list[tuple[str, str, int]]
    error: str


class Previewed(NamedTuple):
    """One row of the file and what it would become."""

    number: int
    cells: list[tuple[str, bool]]
    text: str
    reason: str
    detail: str


def given(post: QueryDict) -> dict[str, Any]:
    """The JSON of a mapping as the editor sends it."""
    number = post.get("heading", "1")
    return {
        "layout": {
            "encoding": post.get("encoding", ""),
            "delimiter": post.get("delimiter", ""),
            "sheet": post.get("sheet", ""),
            "heading": int(number) if number.isascii() and number.isdigit() else 0,
        },
        "columns": _filled({p.name: post.get(f"col-{p.name}", "") for p in mappings.PARTS}),
        "constants": _filled({p.name: post.get(f"const-{p.name}", "") for p in mappings.PARTS}),
        "codes": _filled({p.name: _codes(post, p.name) for p in mappings.PARTS if p.has_codes}),
        "time_format": post.get("time_format", "").strip() or "iso",
        "zone": post.get("zone", "").strip() or "Asia/Shanghai",
        "duration_unit": post.get("duration_unit", "") or "minutes",
        "extensions": _filled(
            dict(zip(post.getlist("ext-address"), post.getlist("ext-column"), strict=False))
        ),
        "repeats": post.get("repeats", "") or "same",
    }


def _filled(table: dict[str, Any]) -> dict[str, Any]:
    return {
        key: value.strip() if isinstance(value, str) else value
        for key, value in table.items()
        if key and value
    }


def _codes(post: QueryDict, part: str) -> dict[str, str]:
    pairs = zip(post.getlist(f"code-{part}-from"), post.getlist(f"code-{part}-to"), strict=False)
    return _filled(dict(pairs))


def proposed(path: Path) -> dict[str, Any]:
    """What the editor begins with.

    Raises:
        FileUnreadable: the file cannot be read.
    """
    return guess.mapping(path, reading.detect(path))


def editor(path: Path, chosen: dict[str, Any], source: str) -> dict[str, Any]:
    """The context of the editor: what was chosen, what is wrong with it, what the rows become."""
    layout = reading.Layout(**chosen["layout"])
    refusal: errors.Refusal | None = None
    heading: list[str] = []
    rows: list[Previewed] = []
    try:
        heading = reading.heading(path, layout)
        mapping = mappings.read(chosen)
        mappings.against(mapping, heading)
        rows = _preview(path, layout, mapping, heading, source)
    except errors.Refusal as why:
        refusal = why
    lines = [
        Line(
            part,
            chosen["columns"].get(part.name, ""),
            chosen["constants"].get(part.name, ""),
            _codes_of(part, path, layout, chosen),
            refusal.text if refusal and refusal.pointer == part.name else "",
        )
        for part in mappings.PARTS
    ]
    extensions = list(chosen.get("extensions", {}).items())
    extensions += [("", "")] * max(1, EXTENSIONS - len(extensions))
    return {
        "chosen": chosen,
        "heading": heading,
        "lines": lines,
        "extensions": extensions,
        "refusal": refusal,
        "rows": rows,
        "good": sum(not row.reason for row in rows),
        "shown": [name for name in heading if name in set(chosen["columns"].values())],
        "sheets": reading.sheets(path),
        "encodings": list(ENCODINGS.items()),
        "delimiters": list(DELIMITERS.items()),
        "units": list(UNITS.items()),
        "repeats": list(REPEATS.items()),
        "time_formats": values.TIME_FORMATS,
        "verbs": VERBS,
    }


def _codes_of(
    part: mappings.Part, path: Path, layout: reading.Layout, chosen: dict[str, Any]
) -> list[tuple[str, str, int]]:
    """The rows of a code table: every value that the column has, and those written before."""
    column = chosen["columns"].get(part.name, "")
    if not part.has_codes or not column:
        return []
    table = dict(chosen["codes"].get(part.name, {}))
    try:
        seen = guess.column(path, layout, column)[:CODES_SHOWN]
    except errors.Refusal:
        seen = []
    codes = [(value, table.pop(value, ""), count) for value, count in seen]
    return codes + [(value, text, 0) for value, text in table.items()]


def _preview(
    path: Path,
    layout: reading.Layout,
    mapping: mappings.Mapping,
    heading: list[str],
    source: str,
) -> list[Previewed]:
    converter = Converter(mapping, source=source)
    places = [place for place, name in enumerate(heading) if name in set(mapping.columns.values())]
    made = []
    for row in islice(reading.rows(path, layout), PREVIEWED):
        found = converter.item(heading, row.cells)
        text, reason, detail, wrong = "", "", "", ""
        if isinstance(found, Refused):
            reason, detail, wrong = str(Reason(found.reason).label), found.detail, found.pointer
        else:
            text, reason, detail = _said(found.statement)
        cells = [
            (row.cells[place] if place < len(row.cells) else "", heading[place] == wrong)
            for place in places
        ]
        made.append(Previewed(row.number, cells, text, reason, detail))
    return made


def _said(statement: dict[str, Any]) -> tuple[str, str, str]:
    """A statement in one line; or why the standard would not have it."""
    try:
        validate.check(statement)
    except xapi.Invalid as why:
        return "", str(Reason.INVALID.label), f"{why.pointer} {why.text}"
    verb = next(iter(statement["verb"]["display"].values()))
    thing = statement["object"]
    names = thing.get("definition", {}).get("name", {})
    name = next(iter(names.values()), thing["id"])
    score = statement.get("result", {}).get("score", {}).get("raw")
    parts = [statement["actor"]["account"]["name"], verb, name, statement["timestamp"]]
    return " · ".join([*parts, *([str(score)] if score is not None else [])]), "", ""
