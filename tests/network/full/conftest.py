"""The whole sample, loaded once for all tests of this folder and rolled back behind them."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.db import connection, transaction

from xueqiao import sample
from xueqiao.network.loading import places, sample_institutions
from xueqiao.people import demo

NOW = datetime(2026, 1, 1, tzinfo=UTC)
REGIONS = Path(sample.__file__).parent / "regions"


@pytest.fixture(scope="package")
def sample_loaded(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock(), transaction.atomic():
        places.load_places(folder=REGIONS, at=NOW)
        sample_institutions.load_institutions(at=NOW)
        demo.load_people(at=NOW)
        # Once here; what is still to be checked would be checked again behind every test.
        connection.check_constraints()
        yield
        transaction.set_rollback(True)


@pytest.fixture
def whole(sample_loaded, db):
    """The whole sample; what a test changes is rolled back behind it."""
