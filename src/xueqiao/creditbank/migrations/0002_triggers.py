"""The ledger's guards: rows never change, counters are kept, what must not be posted is refused.

Why     a ledger row is evidence; a correction is a new row (docs/decisions/0020)
Locks   the guarded tables, for milliseconds; no table rewrite, no data change
Order   with the code: the ledger relies on the counters kept here
Undo    drops the triggers
Mind    SQLite drops the triggers of a table that a later migration rebuilds; end such a migration
        with the same operation as this one
"""

from django.db import migrations

from xueqiao.creditbank import guards


def install(apps, editor):
    guards.install(editor.connection)


def remove(apps, editor):
    guards.remove(editor.connection)


class Migration(migrations.Migration):
    dependencies = [("creditbank", "0001_tables")]
    operations = [migrations.RunPython(install, remove)]
