"""What the database itself refuses: triggers for SQLite and PostgreSQL, made from one list.

``install`` is called by migration 0002 and by every later migration that makes or rebuilds a
guarded table (SQLite drops a table's triggers when Django rebuilds it); tables and columns that a
later migration makes are guarded from that one on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from xueqiao.creditbank.guards import counters, refusals
from xueqiao.creditbank.guards.tables import TRANSFER

if TYPE_CHECKING:
    from xueqiao.creditbank.guards.refusals import Refusal, Standing

_PG_REFUSE = """
create or replace function creditbank_refuse_change() returns trigger language plpgsql as $$
begin
    raise exception '%: %', tg_table_name, tg_argv[0] using errcode = 'restrict_violation';
end $$"""
# Here the counters are closed to everybody but the transfer trigger, which is depth 1.
_PG_TAMPERED = "pg_trigger_depth() = 0"


def install(connection: Any) -> None:
    """Put every trigger in place whose table stands, replacing those that are there."""
    remove(connection)
    stands = _standing(connection)
    _run(connection, _postgresql(stands) if connection.vendor == "postgresql" else _sqlite(stands))


def reinstall(_apps: Any, editor: Any) -> None:
    """``install`` as an operation that ends a migration."""
    install(editor.connection)


def lift(_apps: Any, editor: Any) -> None:
    """``remove`` as an operation: PostgreSQL alters no column that a trigger reads."""
    remove(editor.connection)


def remove(connection: Any) -> None:
    """Take every trigger away: to undo the migration, and for tests that empty tables."""
    with connection.cursor() as ask:
        if connection.vendor == "postgresql":
            ask.execute(
                "select t.tgname, c.relname from pg_trigger t join pg_class c on c.oid = t.tgrelid "
                "where not t.tgisinternal and c.relname = any(%s) "
                "and pg_table_is_visible(c.oid)",
                [[*refusals.guarded(), TRANSFER]],
            )
            drops = [f'drop trigger "{name}" on {table}' for name, table in ask.fetchall()]
        else:
            ask.execute(
                "select name from sqlite_master "
                "where type = 'trigger' and name like 'guard!_%' escape '!'"
            )
            drops = [f"drop trigger {name}" for (name,) in ask.fetchall()]
    _run(connection, drops)


def _standing(connection: Any) -> Standing:
    with connection.cursor() as ask:
        made = set(connection.introspection.table_names(ask))
        describe = connection.introspection.get_table_description
        return {
            table: {column.name for column in describe(ask, table)}
            for table in refusals.guarded()
            if table in made
        }


def _run(connection: Any, statements: list[str]) -> None:
    with connection.cursor() as ask:
        for statement in statements:
            ask.execute(statement)


def _sqlite(stands: Standing) -> list[str]:
    tampered = f"not exists ({counters.LAST_TRANSFER})"
    found = refusals.all_of(stands, counter_change=tampered)
    return [*map(_sqlite_trigger, found), *counters.sqlite()]


def _sqlite_trigger(each: Refusal) -> str:
    when = f"when {each.when.replace('is distinct from', 'is not')}" if each.when else ""
    return (
        f"create trigger guard_{each.table}_{each.name} before {each.event} on {each.table} {when} "
        f"begin select raise(abort, '{each.table}: {each.text}'); end"
    )


def _postgresql(stands: Standing) -> list[str]:
    found = refusals.all_of(stands, counter_change=_PG_TAMPERED)
    kept = {each.table for each in found if each.event == "delete" and not each.when}
    return [
        _PG_REFUSE,
        *map(_pg_trigger, found),
        *(
            f"create trigger refuse_truncate before truncate on {table} for each statement "
            f"execute function creditbank_refuse_change('{refusals.KEPT}')"
            for table in sorted(kept)
        ),
        *counters.postgresql(),
    ]


def _pg_trigger(each: Refusal) -> str:
    when = f"when ({each.when})" if each.when else ""
    return (
        f"create trigger {each.name} before {each.event} on {each.table} for each row {when} "
        f"execute function creditbank_refuse_change('{each.text}')"
    )
