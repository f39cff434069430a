"""Over HTTP: the fetch address, documents of a session, files of a package."""

from __future__ import annotations

import json

import pytest

from tests.cmi5 import learning
from tests.cmi5.learning import given, headers, launch, register, token
from tests.cmi5.packages import package, unit
from xueqiao.cmi5 import content, packages
from xueqiao.kernel import clock

pytestmark = pytest.mark.django_db

PREFERENCES = {"languagePreference": "en-US,fr-FR,fr-BE", "audioPreference": "on"}


@pytest.fixture
def launched(person):
    return launch(register(learning.course(), person("wei")))


@pytest.fixture
def session(client, launched):
    return Session(client, launched)


class Session:
    """What a unit asks of the document resources."""

    def __init__(self, client, launched):
        self.client, self.given, self.held = client, given(launched), token(launched)
        self.actor = self.given["actor"]

    def ask(self, method, resource, body=None, *, kind="application/json", **parameters):
        query = {name: value for name, value in parameters.items() if value is not None}
        extra = {"If-None-Match": "*"} if resource == "agents/profile" and body else {}
        return self.client.generic(
            method,
            f"/xapi/{resource}",
            body if isinstance(body, str) else json.dumps(body) if body else "",
            content_type=kind,
            query_params=query,
            headers=headers(self.held) | extra,
        )

    def state(self, method, key="bookmark", body=None, **changes):
        named = {
            "activityId": self.given["activityId"],
            "agent": self.actor,
            "registration": self.given["registration"],
            "stateId": key,
        } | changes
        return self.ask(method, "activities/state", body, **named).status_code

    def prefer(self, body=PREFERENCES, *, method="PUT", kind="application/json", **changes):
        named = {"agent": self.actor, "profileId": "cmi5LearnerPreferences"} | changes
        return self.ask(method, "agents/profile", body, kind=kind, **named).status_code


def test_the_fetch_address_hands_the_token_out_once(client, launched):
    address = given(launched)["fetch"].removeprefix(learning.SITE)
    first, second = client.post(address), client.post(address)
    assert (first.status_code, second.status_code) == (200, 200)
    assert list(first.json()) == ["auth-token"]
    assert second.json()["error-code"] == "1"
    assert second["Content-Type"] == "application/json"
    assert first["Access-Control-Allow-Origin"] == "*"
    assert first["Cache-Control"] == "no-store"


def test_the_fetch_address_takes_post_only(client, launched):
    address = given(launched)["fetch"].removeprefix(learning.SITE)
    assert client.get(address).status_code == 405
    assert client.options(address).status_code == 204
    assert "auth-token" in client.post(address).json()


def test_a_fetch_address_of_nobody_says_so(client):
    answer = client.post("/cmi5/fetch/nothing/")
    assert (answer.status_code, answer.json()["error-code"]) == (200, "2")


def test_a_unit_keeps_what_is_its_own(session):
    assert session.state("GET") == 404
    assert session.state("PUT", body={"page": 3}) == 204
    assert session.state("GET") == 200
    assert session.state("GET", stateId=None) == 200
    assert session.state("DELETE") == 204


def test_launch_data_are_read_and_not_changed(session):
    assert session.state("GET", "LMS.LaunchData") == 200
    for method, body in (("PUT", {"x": 1}), ("POST", {"x": 1}), ("DELETE", None)):
        assert session.state(method, "LMS.LaunchData", body) == 403
    assert session.state("DELETE", stateId=None) == 403
    assert session.state("GET", "LMS.LaunchData") == 200


OTHER = json.dumps({"mbox": "mailto:other@example.com"})


@pytest.mark.parametrize(
    "changes",
    [
        {"agent": OTHER},
        {"agent": None},
        {"activityId": "https://elsewhere.example/x"},
        {"activityId": None},
        {"registration": "77c2b900-56b2-4a6e-b5bf-13af862e120c"},
        {"registration": None},
    ],
    ids=str,
)
def test_states_of_others_are_out_of_reach(session, changes):
    assert session.state("GET", **changes) == 403
    assert session.state("PUT", body={"x": 1}, **changes) == 403


def test_preferences_are_read(session):
    named = {"agent": session.actor, "profileId": "cmi5LearnerPreferences"}
    answer = session.ask("GET", "agents/profile", **named)
    assert answer.json() == {"languagePreference": "zh-CN,en", "audioPreference": "on"}


@pytest.mark.parametrize(
    "body",
    [
        {"languagePreference": "en"},
        {"audioPreference": "on"},
        PREFERENCES | {"languagePreference": "not comma separated"},
        PREFERENCES | {"languagePreference": ""},
        PREFERENCES | {"audioPreference": "loud"},
        [1],
        "just text",
    ],
    ids=str,
)
def test_what_are_no_preferences_is_refused(session, body):
    assert session.prefer(body) == 403
    assert session.prefer(kind="text/plain") == 403


@pytest.mark.parametrize("changes", [{"agent": OTHER}, {"agent": None}], ids=str)
def test_preferences_of_others_are_out_of_reach(session, changes):
    assert session.prefer(**changes) == 403
    assert session.prefer(None, method="GET", **changes) == 403


def test_a_profile_of_the_own_unit_and_of_no_other(session):
    own, other = session.given["activityId"], "https://elsewhere.example/x"
    for activity, status in ((own, 200), (other, 403)):
        answer = session.ask("GET", "activities/profile", activityId=activity)
        assert answer.status_code == status


def test_without_its_token_nothing_is_told(client, session):
    session.held = session.held._replace(token="YTpi")
    assert session.state("GET", "LMS.LaunchData") == 401


@pytest.fixture
def film(person):
    files = {"index.html": b"<title>One</title>", "a b.mp4": bytes(range(256)) * 4}
    return packages.import_package(
        file=package(unit(), files=files), name="film.zip", at=clock.now(), by_id=None
    )


def test_a_page_of_a_course_has_no_origin(client, film):
    answer = client.get(content.address(film.pk, "index.html", clock.now()))
    policy = answer["Content-Security-Policy"]
    assert b"".join(answer.streaming_content) == b"<title>One</title>"
    assert policy.startswith("sandbox allow-scripts")
    assert "allow-same-origin" not in policy
    assert "allow-top-navigation" not in policy
    assert answer["Content-Type"] == "text/html; charset=utf-8"
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Access-Control-Allow-Origin"] == "*"
    assert not answer.cookies


def test_a_file_that_is_known_is_not_sent_again(client, film):
    address = content.address(film.pk, "index.html", clock.now())
    first = client.get(address)
    tag = first["ETag"]
    assert b"".join(first.streaming_content) == b"<title>One</title>"
    assert client.get(address, headers={"If-None-Match": tag}).status_code == 304


@pytest.mark.parametrize(
    ("asked", "first", "last"),
    [
        ("bytes=0-9", 0, 9),
        ("bytes=1000-", 1000, 1023),
        ("bytes=-4", 1020, 1023),
        ("bytes=10-99999", 10, 1023),
    ],
)
def test_a_part_of_a_film_is_sent(client, film, asked, first, last):
    address = content.address(film.pk, "a b.mp4", clock.now())
    answer = client.get(address, headers={"Range": asked})
    whole = bytes(range(256)) * 4
    told = f"bytes {first}-{last}/1024"
    assert (answer.status_code, answer["Content-Range"]) == (206, told)
    assert b"".join(answer.streaming_content) == whole[first : last + 1]


@pytest.mark.parametrize("asked", ["bytes=", "bytes=-", "bytes=2000-", "bytes=9-3", "items=0-1"])
def test_a_part_that_makes_no_sense_is_the_whole(client, film, asked):
    address = content.address(film.pk, "a b.mp4", clock.now())
    answer = client.get(address, headers={"Range": asked})
    assert (answer.status_code, len(b"".join(answer.streaming_content))) == (200, 1024)


@pytest.mark.parametrize("name", ["nothing.html", "../../keys/secret_key", "cmi5.xml", ""])
def test_what_is_no_file_of_the_package_is_not_found(client, film, name):
    assert client.get(content.address(film.pk, "", clock.now()) + name).status_code == 404


@pytest.mark.parametrize("token_", ["1-2-3", "x", "1-999999-" + "0" * 40])
def test_an_address_of_somebodys_own_making_opens_nothing(client, film, token_):
    assert client.get(f"/cmi5/content/{token_}/index.html").status_code == 404
