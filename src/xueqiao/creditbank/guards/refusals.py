"""What the database refuses, as one list for both databases: table, event, condition, words."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from xueqiao.creditbank.guards import tables
from xueqiao.creditbank.guards.tables import ACCOUNT, CERTIFICATE, PUBLISHED, TILE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# The guarded tables that are made already, with their columns.
Standing = dict[str, set[str]]
KEPT = "what is recorded never changes"


class Refusal(NamedTuple):
    """An event on a table that is refused; ``when`` is a condition on old and new, "" always."""

    name: str
    table: str
    event: str
    when: str = ""
    text: str = KEPT


def guarded() -> tuple[str, ...]:
    """Every table of which something is refused."""
    sealed = tuple(table for table, _since, _free in tables.SEALED)
    named = (*tables.APPEND_ONLY, *tables.FIXED_COLUMNS, *tables.PUBLISHED_FACTS, *sealed, TILE)
    return tuple(dict.fromkeys(named))


def all_of(stands: Standing, *, counter_change: str) -> list[Refusal]:
    """Every refusal that concerns a table that stands.

    Args:
        counter_change: the condition under which nobody may change an account's counters.
    """
    found = [
        *_appended(stands),
        *_fixed(stands),
        *_published(stands),
        *_sealed(stands),
        *_grown(),
        Refusal("keep_signed", CERTIFICATE, "update", tables.SIGNED),
        Refusal(
            "guard_counters", ACCOUNT, "update",
            f"({differs(tables.COUNTERS)}) and {counter_change}",
            "only a transfer changes the counters",
        ),
    ]  # fmt: skip
    return [each for each in found if each.table in stands]


def differs(columns: tuple[str, ...]) -> str:
    """That one of the columns changes; written as both databases read it after ``render``."""
    return " or ".join(f'old."{name}" is distinct from new."{name}"' for name in columns)


def _appended(_stands: Standing) -> Iterator[Refusal]:
    for table in tables.APPEND_ONLY:
        yield Refusal("refuse_update", table, "update")
        yield Refusal("refuse_delete", table, "delete")


def _fixed(stands: Standing) -> Iterator[Refusal]:
    for table, columns in _there(stands, tables.FIXED_COLUMNS):
        yield Refusal("keep_facts", table, "update", differs(columns))
        yield Refusal("refuse_delete", table, "delete")


def _published(stands: Standing) -> Iterator[Refusal]:
    drafted = {table: names for table, names in stands.items() if "is_draft" in names}
    for table, columns in _there(drafted, tables.PUBLISHED_FACTS):
        yield Refusal(
            "keep_published", table, "update", f"not old.is_draft and ({differs(columns)})"
        )
        yield Refusal("keep_published_row", table, "delete", "not old.is_draft")


def _sealed(stands: Standing) -> Iterator[Refusal]:
    for n, (table, since, free) in enumerate(tables.SEALED):
        named = {part.split(" ")[0].removeprefix("old.") for part in since.split(" and ")}
        if named <= stands.get(table, set()):
            fixed = tuple(sorted(stands[table] - free))
            yield Refusal(f"keep_sealed_{n}", table, "update", f"{since} and ({differs(fixed)})")
            yield Refusal(f"keep_sealed_row_{n}", table, "delete", since)
    yield Refusal("never_back", PUBLISHED, "update", tables.NEVER_BACK)


def _grown() -> Iterator[Refusal]:
    yield Refusal("only_grow", TILE, "update", f"not ({tables.GROWN})")
    yield Refusal("refuse_delete", TILE, "delete")


def _there(
    stands: Standing, facts: Mapping[str, tuple[str, ...]]
) -> Iterator[tuple[str, tuple[str, ...]]]:
    for table, columns in facts.items():
        found = tuple(name for name in columns if name in stands.get(table, ()))
        if found:
            yield table, found
