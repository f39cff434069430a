"""Online courses: pages for learners, and what a teacher sees of whom."""

from __future__ import annotations

import io

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from tests import world as small
from tests.cmi5 import learning
from tests.cmi5.packages import COURSE, package, unit
from xueqiao.cmi5 import packages, registrations, sample
from xueqiao.cmi5.models import Course, Registration, Session, Version
from xueqiao.kernel import clock, ids
from xueqiao.people.models import Person

pytestmark = pytest.mark.django_db


@pytest.fixture
def world():
    return small.build()


def as_(who):
    client = Client(headers={"accept-language": "en"})
    client.cookies["language"] = "en"
    client.post("/sign-in/demo/", {"username": f"demo-{who}"})
    return client


def bring(by_id, *parts, course=COURSE):
    return packages.import_package(
        file=package(*parts, course=course), name="x.zip", at=clock.now(), by_id=by_id
    )


def test_the_sample_course_is_loaded_once():
    first, again = sample.load(at=clock.now()), sample.load(at=clock.now())
    assert first == again
    assert (Version.objects.count(), Course.objects.get().is_sample) == (1, True)
    assert first.left_out == []
    urls = set(first.parts.filter(is_block=False).values_list("url", flat=True))
    assert urls <= set(first.files.values_list("path", flat=True))


def test_a_learner_begins_and_opens_a_unit(world):
    client, address = as_("sibling"), f"/online/{world.online_course}/"
    assert client.post(f"{address}begin/").status_code == 302
    assert client.post(f"{address}begin/").status_code == 302
    mine = Registration.objects.get(person=world.people["sibling"])
    part = mine.version.parts.filter(is_block=False).first()
    answer = client.post(f"{address}launch/{part.pk}/")
    assert answer.status_code == 303
    assert answer["Location"].startswith("http://testserver/cmi5/content/")
    session = Session.objects.get(registration=mine)
    assert (session.part, session.mode) == (part, "Normal")
    client.post(f"{address}launch/{part.pk}/", {"mode": "Browse"})
    assert Session.objects.filter(registration=mine).latest("pk").mode == "Browse"


def test_nothing_is_opened_by_reading(world):
    client, address = as_("sibling"), f"/online/{world.online_course}/"
    before = (Registration.objects.count(), Session.objects.count())
    assert client.get(f"{address}begin/").status_code == 302
    assert client.get(f"{address}launch/1/").status_code == 302
    assert client.post(f"{address}launch/1/").status_code == 302
    assert (Registration.objects.count(), Session.objects.count()) == before


def test_a_page_lets_its_forms_lead_to_the_units_hosts(world):
    far = unit("one", url="https://elsewhere.example:8443/start?x=1")
    odd = unit("two", url="https://a;script-src.example/start")
    version = bring(None, far, odd)
    policy = as_("learner").get(f"/online/{version.course_id}/")["Content-Security-Policy"]
    wanted = [part for part in policy.split("; ") if part.startswith("form-action")]
    assert wanted == ["form-action 'self' https://elsewhere.example:8443"]
    assert "a;script-src" not in policy


def test_a_course_page_asks_the_same_however_many_units(world):
    counts = []
    for name, many in (("a", 1), ("b", 30)):
        units = [unit(f"{name}{n}", moveOn="Passed") for n in range(many)]
        version = bring(None, *units, course=f"{COURSE}/{name}")
        registrations.register(
            course_id=version.course_id, person_id=world.people["learner"], at=clock.now()
        )
        client = as_("learner")
        with CaptureQueriesContext(connection) as asked:
            assert client.get(f"/online/{version.course_id}/").status_code == 200
        counts.append(len(asked))
    assert counts[0] == counts[1]


def test_a_list_of_learners_asks_the_same_however_many(world, person):
    version = bring(world.people["teacher"], unit("one", moveOn="Passed"))
    client, counts = as_("teacher"), []
    for names in (("a",), ("b", "c", "d")):
        for name in names:
            learning.register(version, person(name))
        with CaptureQueriesContext(connection) as asked:
            answer = client.get(f"/console/online/{version.course_id}/")
        assert answer.status_code == 200
        counts.append(len(asked))
    assert counts[0] == counts[1]


@pytest.fixture
def person():
    def made(name):
        key = ids.stable_uuid("test", "online", name)
        return Person.objects.create(key=key, name=name, opened_at=clock.now())

    return made


def test_a_teacher_sees_the_own_courses_and_the_province_all(world):
    theirs = bring(world.people["province"], unit("one"))
    own = f"/console/online/{world.online_course}/"
    other = f"/console/online/{theirs.course_id}/"
    assert [as_("teacher").get(each).status_code for each in (own, other)] == [200, 404]
    assert [as_("province").get(each).status_code for each in (own, other)] == [200, 200]
    mine = learning.register(theirs, Registration.objects.first().person)
    page = f"/console/online/learners/{mine.key}/"
    for address in (page, f"{page}waive/"):
        assert as_("teacher").post(address).status_code == 404
    session = learning.launch(mine).session
    assert (
        as_("teacher").post(f"/console/online/sessions/{session.key}/abandon/").status_code == 404
    )
    assert as_("institution").get(own).status_code == 404


def test_a_teacher_does_not_replace_the_course_of_another(world):
    bring(world.people["province"], unit("one"))
    file = io.BytesIO(package(unit("two")).getvalue())
    file.name = "two.zip"
    answer = as_("teacher").post("/console/online/import/", {"package": file})
    assert answer.status_code == 403
    assert Version.objects.filter(course__publisher_id=COURSE).count() == 1


def test_courses_are_found_by_their_title_in_any_language(world):
    client = as_("teacher")
    for words in ("用好学桥", "Getting along"):
        assert "Getting along" in client.get("/console/online/", {"q": words}).content.decode()
    assert "Getting along" not in client.get("/console/online/", {"q": "zzz"}).content.decode()


def test_without_a_file_or_a_reason_the_page_says_so(world):
    client = as_("teacher")
    assert client.post("/console/online/import/").status_code == 422
    page = f"/console/online/learners/{world.online_learner}/waive/"
    assert client.post(page, {"part": "1", "reason": "because"}).status_code == 422
