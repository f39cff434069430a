"""Moodle web services, answered by a small server as Moodle's documentation describes them."""

from __future__ import annotations

import json
from urllib.parse import parse_qs

import pytest

from tests.records import factories as f
from tests.servers import Said, neighbour
from xueqiao.intake import connections, remote_moodle, running
from xueqiao.kernel import clock
from xueqiao.records.models import Quarantine, Statement

pytestmark = pytest.mark.django_db
FIRST = 1_772_400_000
USER = {"firstaccess": FIRST, "lastcourseaccess": FIRST + 100, "roles": [{"shortname": "student"}]}


def item(number, raw, at, **changes):
    return {
        "id": number, "itemname": f"Test {number}", "itemtype": "mod", "itemmodule": "quiz",
        "cmid": number + 70, "graderaw": raw, "grademin": 0, "grademax": 10,
        "gradedatesubmitted": at, "gradedategraded": at,
    } | changes  # fmt: skip


class Moodle:
    """What a site holds; ``answer`` says it as the REST server does."""

    def __init__(self):
        self.functions = ["core_webservice_get_site_info", *remote_moodle.NEEDED]
        self.courses = [
            {"id": 1, "format": "site", "fullname": "Front page"},
            {"id": 7, "format": "topics", "fullname": "语文", "shortname": "YW"},
        ]
        self.users = {7: [USER | {"id": 3, "username": "li", "idnumber": "S3"}]}
        self.grades, self.activities, self.completed, self.broken = {}, {}, {}, {}
        self.asked = []

    def answer(self, asked):
        assert asked.path == "/webservice/rest/server.php"
        form = {name: texts[0] for name, texts in parse_qs(asked.body.decode()).items()}
        assert form.pop("moodlewsrestformat") == "json"
        name = form.pop("wsfunction")
        self.asked.append((name, form.get("courseid"), form.get("userid")))
        if form.pop("wstoken") != "t0ken":
            return self.said(self.exception("invalidtoken"))
        if name in self.broken:
            return self.said(self.broken[name])
        return self.said(getattr(self, name)(form))

    @staticmethod
    def said(found):
        return Said(body=json.dumps(found).encode(), headers={"Content-Type": "application/json"})

    @staticmethod
    def exception(code):
        return {"exception": "moodle_exception", "errorcode": code, "message": f"It is {code}"}

    def core_webservice_get_site_info(self, _form):
        return {"sitename": "School", "functions": [{"name": each} for each in self.functions]}

    def core_course_get_courses(self, _form):
        return list(reversed(self.courses))

    def core_enrol_get_enrolled_users(self, form):
        begin, many = int(form["options[0][value]"]), int(form["options[1][value]"])
        return self.users.get(int(form["courseid"]), [])[begin : begin + many]

    def gradereport_user_get_grade_items(self, form):
        rows = self.grades.get(int(form["courseid"]), {})
        rows = [{"userid": user, "gradeitems": items} for user, items in rows.items()]
        return {"usergrades": rows, "warnings": []}

    def core_completion_get_activities_completion_status(self, form):
        rows = self.activities.get((int(form["courseid"]), int(form["userid"])))
        if rows is None:
            return self.exception("completionnotenabled")
        return {"statuses": rows, "warnings": []}

    def core_completion_get_course_completion_status(self, form):
        found = self.completed.get((int(form["courseid"]), int(form["userid"])))
        if found is None:
            return self.exception("nocriteriaset")
        return {"completionstatus": found, "warnings": []}


@pytest.fixture
def moodle():
    held = Moodle()
    with neighbour(held.answer) as other:
        held.url = other.url
        yield held


def connect(moodle, **values):
    values = {"site": moodle.url, "token": "t0ken", "name_people_by": "id"} | values
    return connections.create(
        source=f.source(), kind="moodle", name="Moodle", values=values, at=clock.now()
    )


def run(connection, **options):
    connection.refresh_from_db()
    done = running.run(connection=connection, at=clock.now(), **options)
    assert done.reason == ""
    return done.received, done.accepted, done.duplicate, done.quarantined


def told():
    rows = Statement.objects.order_by("event_at", "pk")
    return [
        (row.verb.iri.rpartition("/")[2], row.actor.name, row.activity.iri.partition(":")[2])
        for row in rows.select_related("verb", "actor", "activity")
    ]


def test_grades_and_completions_come_once(moodle):
    moodle.grades[7] = {3: [
        item(1, 7.5, FIRST), item(2, None, None),
        item(9, 7.5, None, itemtype="course", itemmodule=None, cmid=None),
        item(4, 12, FIRST + 5, itemtype="manual", itemmodule=None, cmid=None),
    ]}  # fmt: skip
    moodle.activities[7, 3] = [
        {"cmid": 71, "modname": "quiz", "state": 2, "timecompleted": FIRST + 10},
        {"cmid": 72, "modname": "page", "state": 0, "timecompleted": 0},
        {"cmid": 73, "modname": "page", "state": 1, "timecompleted": FIRST + 20},
    ]
    moodle.completed[7, 3] = {
        "completed": True, "completions": [{"timecompleted": FIRST + 30}, {"timecompleted": None}],
    }  # fmt: skip
    made, host = connect(moodle), moodle.url.partition(":")[2]
    assert run(made) == (5, 5, 0, 0)
    assert told() == [
        ("scored", "3", f"{host}/mod/quiz/view.php?id=71"),
        ("scored", "3", f"{host}/grade/item?id=4"),
        ("passed", "3", f"{host}/mod/quiz/view.php?id=71"),
        ("completed", "3", f"{host}/mod/page/view.php?id=73"),
        ("completed", "3", f"{host}/course/view.php?id=7"),
    ]
    first = json.loads(Statement.objects.order_by("event_at").first().text)
    assert first["result"] == {"score": {"raw": 7.5, "min": 0, "max": 10, "scaled": 0.75}}
    assert first["timestamp"] == "2026-03-01T21:20:00+00:00"
    (parent,) = first["context"]["contextActivities"]["parent"]
    assert parent["definition"]["name"] == {"und": "语文"}
    extra = json.loads(Statement.objects.order_by("event_at")[1].text)
    assert extra["result"] == {"score": {"raw": 12}}
    received, accepted, duplicate, quarantined = run(made)
    assert (accepted, quarantined) == (0, 0)
    assert received == duplicate


def test_a_grade_that_is_given_again_is_told_again_and_old_ones_are_not(moodle):
    now = int(clock.now().timestamp())
    moodle.grades[7] = {3: [item(1, 5, FIRST), item(2, 6, now - 60)]}
    made = connect(moodle)
    assert run(made) == (2, 2, 0, 0)
    moodle.grades[7] = {3: [item(1, 5, FIRST), item(2, 9, now)]}
    assert run(made) == (1, 1, 0, 0)


def test_completions_are_asked_for_of_who_was_there_only(moodle):
    now = int(clock.now().timestamp())
    moodle.users[7].append(USER | {"id": 4, "lastcourseaccess": now})
    made = connect(moodle)
    run(made)
    moodle.asked.clear()
    run(made)
    name = "core_completion_get_course_completion_status"
    assert [each for each in moodle.asked if each[0] == name] == [(name, "7", "4")]


def test_a_stopped_run_goes_on_at_its_course(moodle):
    for number in (8, 9):
        moodle.courses.append({"id": number, "format": "weeks", "fullname": str(number)})
        moodle.users[number] = moodle.users[7]
    for number in (7, 8, 9):
        moodle.grades[number] = {3: [item(number, 5, FIRST + number)]}
    made, taken = connect(moodle), 0
    for _run in range(20):
        received, accepted, _duplicate, _held = run(made, seconds=0)
        taken += accepted
        assert received <= 1
        if made.runs.latest("pk").state != "continued":
            break
    assert taken == 3
    made.refresh_from_db()
    assert set(made.watermark) == {"since"}


def test_many_users_are_asked_for_page_by_page(moodle, monkeypatch):
    monkeypatch.setattr(remote_moodle, "USERS_A_PAGE", 2)
    moodle.users[7] = [USER | {"id": n, "username": f"u{n}"} for n in range(1, 6)]
    moodle.grades[7] = {n: [item(n, 5, FIRST)] for n in range(1, 6)}
    assert run(connect(moodle, name_people_by="username")) == (5, 5, 0, 0)
    assert {name for _verb, name, _thing in told()} == {"u1", "u2", "u3", "u4", "u5"}


def test_what_names_nobody_or_no_time_is_held_once(moodle):
    moodle.users[7] = [USER | {"id": 3, "idnumber": ""}, USER | {"id": 4, "idnumber": "S4"}]
    moodle.grades[7] = {
        3: [item(1, 5, FIRST)],
        4: [item(2, 5, None), item(5, 5, FIRST), item(6, 5, 4_102_444_800)],
    }
    made = connect(moodle, name_people_by="idnumber")
    assert run(made) == (4, 1, 0, 3)
    assert set(Quarantine.objects.values_list("reason", flat=True)) == {
        "nobody", "time_missing", "time_future",
    }  # fmt: skip
    assert run(made)[3] == 0
    assert Quarantine.objects.count() == 3


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        ({"core_course_get_courses": Moodle.exception("accessexception")}, "accessexception"),
        ({"core_course_get_courses": {"courses": 1}}, "otherwise than"),
        ({"gradereport_user_get_grade_items": {"usergrades": "none"}}, "otherwise than"),
        ({"core_completion_get_course_completion_status": Moodle.exception("nopermissions")},
         "nopermissions"),
    ],
)  # fmt: skip
def test_what_moodle_refuses_ends_the_run_with_its_sentence(moodle, broken, said):
    moodle.broken = broken
    done = running.run(connection=connect(moodle), at=clock.now())
    assert (done.state, said in done.reason) == ("failed", True)


def test_a_token_that_is_wrong_or_too_small_is_named(moodle):
    done = running.run(connection=connect(moodle, token="other"), at=clock.now())
    assert "invalidtoken" in done.reason
    moodle.functions.remove("gradereport_user_get_grade_items")
    moodle_connection = connections.create(
        source=f.source(), kind="moodle", name="Other", at=clock.now(),
        values={"site": moodle.url, "token": "t0ken", "name_people_by": "id"},
    )  # fmt: skip
    done = running.run(connection=moodle_connection, at=clock.now())
    assert "gradereport_user_get_grade_items" in done.reason
