"""The list of roster packages: what became of each, in one query count whatever there is."""

from __future__ import annotations

import uuid

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.records import factories as f
from tests.web.test_console import sign_in, world
from xueqiao.intake.models import RosterPackage
from xueqiao.kernel import clock

pytestmark = pytest.mark.django_db
__all__ = ["sign_in", "world"]
ADDRESS = "/console/connections/rosters/"


@pytest.fixture
def operator(world, sign_in):
    return sign_in("operator")


def package(number):
    return RosterPackage.objects.create(
        key=uuid.uuid4(), source=f.source(), name=f"第{number}周.zip", digest="0" * 64,
        modes={"users": "bulk"}, received_at=clock.now(), rows=10, added=4, changed=3,
        unchanged=2, refused=1, finished_at=clock.now() if number > 1 else None,
    )  # fmt: skip


def test_the_list_says_what_became_of_each_package(operator):
    assert operator.get(ADDRESS).context["list"].count == 0
    package(1)
    with CaptureQueriesContext(connection) as one:
        page = operator.get(ADDRESS)
    assert "第1周.zip" in page.content.decode()
    package(2)
    package(3)
    with CaptureQueriesContext(connection) as three:
        page = operator.get(ADDRESS)
    assert (page.context["list"].count, len(three)) == (3, len(one))
    assert operator.get(f"{ADDRESS}?q=第2").context["list"].count == 1
    assert operator.get(f"{ADDRESS}?source={f.source().code}").context["list"].count == 3
