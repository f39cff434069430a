"""What every test needs: tables that refuse to be emptied are opened for the tests' cleaning."""

import pytest
from django.db import connection
from django.test.testcases import TransactionTestCase

from xueqiao.creditbank import guards
from xueqiao.kernel import evidence

EVIDENCE = (
    "hall_seatmove",
    "hall_completion",
    "funds_approvedbudget",
    "records_reading",
    "records_sourcechange",
    "records_tombstone",
    "service_sessionact",
    "service_identitycheck",
    "service_honour",
)


def each_evidence_table(change):
    with connection.schema_editor() as editor:
        for table in EVIDENCE:
            change(editor, table)


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
