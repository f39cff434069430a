"""Tables that are evidence refuse UPDATE and DELETE, on both databases.

A migration of the owning app lists ``append_only("hall_seatmove")``. On SQLite a table that Django
remakes loses its triggers, so a later migration that alters such a table lists it again.

A model may say the same among its constraints: ``Unchanging(name=…)``, with ``columns`` where only
some are evidence. Django then carries it through migrations and remade tables by itself.
"""

from __future__ import annotations

from typing import Any

from django.db import migrations, models

POSTGRES = """
create or replace function xueqiao_refuse_change() returns trigger language plpgsql as $$
begin raise exception '% is evidence: rows are added, never changed', tg_table_name; end $$;
create or replace trigger {table}_no_change before update or delete on {table}
    for each row execute function xueqiao_refuse_change();
"""
SQLITE = """
create trigger if not exists {table}_no_{verb} before {verb} on {table}
begin select raise(abort, '{table} is evidence: rows are added, never changed'); end
"""


def install(editor: Any, table: str) -> None:
    """Make a table refuse changes; nothing new where it does already."""
    if editor.connection.vendor == "postgresql":
        editor.execute(POSTGRES.format(table=table), params=None)
    else:
        for verb in ("update", "delete"):
            editor.execute(SQLITE.format(table=table, verb=verb), params=None)


def remove(editor: Any, table: str) -> None:
    """Let a table be changed again: for undoing a migration, and for tests that empty tables."""
    if editor.connection.vendor == "postgresql":
        editor.execute(f"drop trigger if exists {table}_no_change on {table}")
    else:
        for verb in ("update", "delete"):
            editor.execute(f"drop trigger if exists {table}_no_{verb}")


def append_only(table: str) -> migrations.RunPython:
    """A migration step after which rows of the table can be added only. Undo drops the triggers."""
    return migrations.RunPython(
        lambda _apps, editor: install(editor, table), lambda _apps, editor: remove(editor, table)
    )


POSTGRES_FIXED = """
create or replace function {table}_refuse() returns trigger language plpgsql as $$
begin raise exception '{table} is evidence: {columns} never change'; end $$;
create or replace trigger {table}_fixed before update on {table} for each row
    when ({changed}) execute function {table}_refuse();
"""
SQLITE_FIXED = """
create trigger if not exists {table}_fixed before update on {table} when {changed}
begin select raise(abort, '{table} is evidence: {columns} never change'); end
"""


class Unchanging(models.BaseConstraint):
    """A constraint kept by triggers: rows are added only, or some columns never change.

    Args:
        columns: names in the database, such as ``requested_by_id``; none: no UPDATE, no DELETE.
        since: a column; the others are fixed while it has a value, such as ``offered_at``.
    """

    def __init__(self, *, name: str, columns: tuple[str, ...] = (), since: str = "") -> None:
        super().__init__(name=name)
        self.columns, self.since = tuple(columns), since

    def constraint_sql(self, model: Any, schema_editor: Any) -> str | None:  # type: ignore[override]
        """Nothing within the table; the triggers follow when it is there."""
        schema_editor.deferred_sql += self._statements(model, schema_editor)
        return None

    def create_sql(self, model: Any, schema_editor: Any) -> str:
        first, *others = self._statements(model, schema_editor)
        schema_editor.deferred_sql += others
        return first

    def remove_sql(self, model: Any, schema_editor: Any) -> str:
        table, tail = model._meta.db_table, ""
        if schema_editor.connection.vendor == "postgresql":
            tail = f" on {table}"
        names = ("fixed",) if self.columns else ("no_change", "no_update", "no_delete")
        return "; ".join(f"drop trigger if exists {table}_{name}{tail}" for name in names)

    def validate(self, *_args: Any, **_options: Any) -> None:
        """A row alone breaks nothing; a change is refused by the database."""

    def deconstruct(self) -> Any:
        path, args, options = super().deconstruct()
        more = {"columns": self.columns, "since": self.since}
        return path, args, options | {word: value for word, value in more.items() if value}

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Unchanging):
            return NotImplemented
        own, theirs = (self.name, self.columns), (other.name, other.columns)
        return own == theirs and self.since == other.since

    def __hash__(self) -> int:
        return hash((self.name, self.columns, self.since))

    def _statements(self, model: Any, editor: Any) -> list[str]:
        # SQLite remakes a table under this prefix and renames it before the triggers are made.
        table = model._meta.db_table.removeprefix("new__")
        on_postgres = editor.connection.vendor == "postgresql"
        if not self.columns:
            verbs = [""] if on_postgres else ["update", "delete"]
            template = POSTGRES if on_postgres else SQLITE
            return [template.format(table=table, verb=verb) for verb in verbs]
        differs = "old.{0} is distinct from new.{0}" if on_postgres else "old.{0} is not new.{0}"
        changed = " or ".join(differs.format(column) for column in self.columns)
        if self.since:
            changed = f"old.{self.since} is not null and ({changed})"
        template = POSTGRES_FIXED if on_postgres else SQLITE_FIXED
        named = ", ".join(self.columns)
        return [template.format(table=table, changed=changed, columns=named)]
