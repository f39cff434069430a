"""Sentences are compared in the language they are written in."""

import pytest
from django.utils import translation

from xueqiao.kernel import clock, ids
from xueqiao.people.models import Person


@pytest.fixture(autouse=True)
def _in_english():
    with translation.override("en"):
        yield


@pytest.fixture
def person(db):
    """``person("wei")``: somebody, once for each name."""

    def made(name):
        key = ids.stable_uuid("test", "person", name)
        opened = {"name": name, "opened_at": clock.now()}
        return Person.objects.get_or_create(key=key, defaults=opened)[0]

    return made
