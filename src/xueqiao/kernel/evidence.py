"""Tables that are evidence refuse UPDATE and DELETE, on both databases.

A migration of the owning app lists ``append_only("hall_seatmove")``. On SQLite a table that Django
remakes loses its triggers, so a later migration that alters such a table lists it again.
"""

from __future__ import annotations

from typing import Any

from django.db import migrations

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
