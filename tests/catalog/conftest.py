import pytest
from django.db import connection, transaction

from xueqiao.catalog import mooccube


@pytest.fixture(scope="module")
def catalogue(django_db_setup, django_db_blocker):
    """The whole sample catalogue, once for a module, rolled back at its end."""
    with django_db_blocker.unblock(), transaction.atomic():
        counts = mooccube.load()
        connection.check_constraints()
        yield counts
        transaction.set_rollback(True)
