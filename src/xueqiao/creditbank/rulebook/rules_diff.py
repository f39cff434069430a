"""What is different between two versions of a rule, line by line. Plain Python."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that a version says: where, before and after; "" where it is not said."""

    path: str
    before: str
    after: str

    @property
    def is_changed(self) -> bool:
        return self.before != self.after


def lines(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Line]:
    """Everything that either says, in the order of its path.

    >>> [(each.path, each.is_changed) for each in lines({"a": [1, {"b": 2}]}, {"a": [1]})]
    [('a.1', False), ('a.2.b', True)]
    """
    old, new = dict(_flat(before, "")), dict(_flat(after, ""))
    return [Line(path, old.get(path, ""), new.get(path, "")) for path in sorted({*old, *new})]


def _flat(value: Any, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for name, part in value.items():
            yield from _flat(part, f"{path}.{name}".lstrip("."))
    elif isinstance(value, list) and all(isinstance(each, str) for each in value):
        yield path, "、".join(value)
    elif isinstance(value, list):
        for number, part in enumerate(value, 1):
            yield from _flat(part, f"{path}.{number}")
    else:
        yield path, "" if value is None else str(value)
