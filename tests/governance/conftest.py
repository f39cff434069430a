"""A lake made once for all, beside people who ask and people who decide."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace

import pytest
from django.utils import translation

from tests.governance import lakes
from tests.world_parts import places, staff
from xueqiao.governance import grants
from xueqiao.governance.workbench import running
from xueqiao.kernel import clock, ids
from xueqiao.network.models import InstitutionKind
from xueqiao.people import roles
from xueqiao.people.models import Person

AT = datetime(2026, 3, 2, 8, tzinfo=UTC)
TODAY = date(2026, 3, 2)


@dataclass
class Office:
    """Who is there: by role, and ``second``, another officer of the province."""

    where: SimpleNamespace
    people: dict[str, Person]

    def __getattr__(self, name):
        return self.people[name]

    def grant(
        self, *names, purpose="statistics", place=None, leaving="counts", by=None, key="", at=AT
    ):
        """A grant for the analyst, asked and decided; pages need one of today (``at``)."""
        first = clock.local_date(at)
        wish = grants.Wish(
            tables=names, purpose=purpose, reason="how many learn",
            place_id=(place or self.where.province).pk, leaving=leaving, valid_from=first,
            valid_to=first + timedelta(days=30),
        )  # fmt: skip
        asked = grants.ask(
            request_key=key or f"{names}{purpose}{wish.place_id}{leaving}",
            by=by or self.analyst, wish=wish, at=at,
        )  # fmt: skip
        return grants.decide(grant=asked, by=self.province, is_granted=True, note="", at=at)

    def run(self, sql, *, purpose="statistics", shape="rows", by=None):
        """Run a query to its end."""
        found = running.ask(by=by or self.analyst, sql=sql, purpose=purpose, shape=shape, at=AT)
        return settled(found)


def settled(run):
    until = time.monotonic() + 20
    while run.state == "running" and time.monotonic() < until:
        time.sleep(0.02)
        run = running.settle(run=run, at=AT)
    return run


@pytest.fixture(autouse=True)
def _english():
    with translation.override("en"):
        yield


@pytest.fixture(scope="session")
def shared_lake(tmp_path_factory):
    """The lake, read by all and changed by none."""
    return lakes.make(tmp_path_factory.mktemp("governed"))


@pytest.fixture
def office(db, shared_lake, settings, tmp_path):
    """People and places beside the lake."""
    settings.HOME, settings.LAKE = tmp_path, shared_lake
    found = {name: lakes.place(name) for name in lakes.PLACES}
    kind = InstitutionKind.COMMUNITY_COLLEGE
    institution = places.institution(found["county"], kind, "射阳县社区学院（示例）")
    where = SimpleNamespace(**found, institution=institution)
    people = staff.people(where, AT)
    second = staff.person("second", "钱伟", where.county.pk, AT)
    roles.grant(
        person_id=second.pk, kind="province", place_id=where.province.pk, institution_id=None,
        valid_from=places.SINCE, at=AT,
    )  # fmt: skip
    return Office(where, {**people, "second": second})


@pytest.fixture
def learners(office):
    """The office, with the persons whom the lake knows by their numbers."""
    there = set(Person.objects.values_list("pk", flat=True))
    Person.objects.bulk_create(
        Person(pk=number, key=ids.stable_uuid("learner", str(number)), name="学习者", opened_at=AT)
        for number in range(1, lakes.LEARNERS + 1)
        if number not in there
    )
    return office
