"""What every test needs: tables that refuse to be emptied are opened for the tests' cleaning."""

import pytest
from django.core import management
from django.db import connection
from django.test.testcases import TransactionTestCase

from tests import schema
from xueqiao.creditbank import guards
from xueqiao.kernel import evidence

EVIDENCE = (
    "hall_seatmove",
    "hall_completion",
    "funds_approvedbudget",
    "people_personchange",
    "records_reading",
    "records_sourcechange",
    "records_tombstone",
    "service_sessionact",
    "service_identitycheck",
    "service_honour",
    "governance_lakereading",
    "governance_openstep",
    "governance_shareduse",
    "governance_sharingsignature",
    "governance_sharingstep",
    "people_personchange",
)


def each_evidence_table(change):
    with connection.schema_editor() as editor:
        for table in EVIDENCE:
            change(editor, table)


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_parallel_suffix):
    """On SQLite the tables of the tests are a copy of what the migrations made once."""
    if connection.vendor != "sqlite":
        return
    plain = management.call_command

    def call(name, *words, **options):
        if name != "migrate" or management.call_command is plain:
            return plain(name, *words, **options)
        management.call_command = plain
        connection.ensure_connection()
        return schema.pour(connection.connection)

    management.call_command = call


@pytest.fixture(scope="session", autouse=True)
def _ledger_may_be_emptied_between_tests():
    """Tests that commit are cleaned by emptying tables, which the ledger refuses to anybody."""
    clean = TransactionTestCase._fixture_teardown

    def unguarded(self):
        guards.remove(connection)
        each_evidence_table(evidence.remove)
        try:
            clean(self)
        finally:
            guards.install(connection)
            each_evidence_table(evidence.install)

    TransactionTestCase._fixture_teardown = unguarded
    yield
    TransactionTestCase._fixture_teardown = clean
