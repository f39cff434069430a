"""What the columns that a design gives mean: in the catalogue of the lake, or as its drafter said.

``persons`` is the platform's own count; its meaning is the same everywhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from xueqiao.governance import catalogue, rules
from xueqiao.kernel import errors
from xueqiao.lake import meanings, pseudonyms
from xueqiao.lake.sandbox import cells, hiding

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from xueqiao.governance.models import DataEdition

PERSONS = {
    "zh": f"人数（去重；不足 {rules.SMALLEST_CELL} 人的单元格及其相邻单元格不列出）",
    "en": f"distinct persons; cells under {rules.SMALLEST_CELL}, and some beside, are left out",
}


KEY = {
    "zh": "人员代号，仅用于本协议，不能与其他数据关联",
    "en": "key of a person, for this agreement only; it joins with nothing else",
}


KINDS = {
    "int": gettext_lazy("whole number"),
    "uint": gettext_lazy("whole number"),
    "double": gettext_lazy("number"),
    "float": gettext_lazy("number"),
    "decimal": gettext_lazy("number"),
    "string": gettext_lazy("text"),
    "large_string": gettext_lazy("text"),
    "bool": gettext_lazy("yes or no"),
    "date": gettext_lazy("day"),
    "timestamp": gettext_lazy("instant"),
}
"""Arrow's types by their first letters."""


class ColumnUndescribed(errors.Refusal):
    """A column has no meaning in one of the two languages."""

    code = "lake.column_undescribed"
    status = 422


class LineUnread(errors.Refusal):
    """A line that should say what a column means does not have its form."""

    code = "lake.meaning_unread"
    status = 422


@dataclass(frozen=True)
class Column:
    """A column of a design: its name, its type in DuckDB's and Arrow's words, what it means."""

    name: str
    kind: str
    zh: str
    en: str

    @property
    def text(self) -> str:
        """The meaning in the reader's language."""
        return meanings.spoken(self.zh, self.en)

    @property
    def kind_text(self) -> str:
        """The kind of its values, in words; as Arrow calls it where there is none."""
        kind = self.kind.partition("[")[0].partition("(")[0]
        found = next((text for start, text in KINDS.items() if kind.startswith(start)), None)
        return str(found or self.kind)


def given(names: Iterable[str], *, counts: bool) -> list[str]:
    """The names of the columns that leave.

    >>> given(["learner_id", "month"], counts=True)
    ['month', 'persons']
    """
    if not counts:
        return list(names)
    found = [name for name in names if name != hiding.PERSON]
    sums = [name for name in found if name.startswith(cells.SUM)]
    return [*(name for name in found if name not in sums), hiding.COUNT, *sums]


def known(names: Iterable[str], tables: Iterable[str], own: Mapping[str, Any]) -> dict[str, Any]:
    """The meaning of each column that has one, by name, in ``zh`` and ``en``.

    Args:
        tables: tables that the design reads; the first that has the column counts.
        own: meanings that the drafter wrote; they come first.
    """
    found: dict[str, Any] = {hiding.COUNT: PERSONS, pseudonyms.COLUMN: KEY}
    for name, words in meanings.words().items():
        found[name] = {"zh": words.get("zh", ""), "en": words.get("en", "")}
    for table in reversed(list(tables)):
        for name, column in catalogue.entry(table).columns.items():
            if column.meaning is not meanings.UNKNOWN:
                found[name] = {"zh": column.meaning.zh, "en": column.meaning.en}
    found |= {name: words for name, words in own.items() if words.get("zh") and words.get("en")}
    return {name: found[name] for name in names if name in found}


def of(edition: DataEdition) -> list[Column]:
    """The columns of an edition, with the meanings they had when it was made."""
    return [Column(**each) for each in edition.columns]


def refuse_undescribed(names: Iterable[str], described: Mapping[str, Any]) -> None:
    """Refuse names without a meaning.

    Raises:
        ColumnUndescribed.
    """
    if missing := [name for name in names if name not in described]:
        text = _("Say what these columns mean, in Chinese and in English: {names}.")
        raise ColumnUndescribed(text.format(names=", ".join(missing)), pointer="meanings")


def read(text: str) -> dict[str, dict[str, str]]:
    """Meanings out of lines ``column = 中文 | English``.

    >>> read("towns = 乡镇数 | number of towns")
    {'towns': {'zh': '乡镇数', 'en': 'number of towns'}}

    Raises:
        LineUnread: a line has another form.
    """
    found = {}
    for line in filter(None, (each.strip() for each in text.splitlines())):
        name, _equals, words = line.partition("=")
        zh, _bar, en = words.partition("|")
        if not (name.strip() and zh.strip() and en.strip()):
            words = _("“{line}”: write column = Chinese | English, one column a line.")
            raise LineUnread(words.format(line=line[:80]), pointer="meanings")
        found[name.strip()] = {"zh": zh.strip(), "en": en.strip()}
    return found


def written(own: Mapping[str, Mapping[str, str]]) -> str:
    """The lines that ``read`` reads."""
    return "\n".join(f"{name} = {words['zh']} | {words['en']}" for name, words in own.items())
