"""Whatever is sent, each item becomes a statement or a named refusal, and nothing breaks."""

from __future__ import annotations

import copy
import json
from contextlib import suppress

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.intake import rosters
from tests.intake.caliper_events import PERSON, QUIZ, envelope, event
from tests.intake.test_openedx import BASE, SITE
from xueqiao.intake import caliper, lrs_pull, openedx
from xueqiao.intake.oneroster import checking, tables
from xueqiao.intake.oneroster.package import Row
from xueqiao.records.checking import Incoming, Refused
from xueqiao.records.xapi import validate, values

LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
)
ANYTHING = st.recursive(
    LEAVES | st.sampled_from([PERSON, QUIZ, "urn:uuid:x", "http://[", "Event", {"id": QUIZ}]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
ATTEMPT = {"id": f"{QUIZ}/a", "type": "Attempt", "assignee": PERSON, "assignable": QUIZ}
GRADE = event(
    "GradeEvent", "Graded", object=ATTEMPT, target={"id": "urn:m", "currentTime": "PT1S"},
    actor={"id": PERSON, "type": "Person"}, referrer=QUIZ, extensions={},
    generated={"id": "urn:s", "type": "Score", "scoreGiven": 1, "maxScore": 2, "value": "x"},
)  # fmt: skip
LINE = BASE | {
    "event_type": "problem_check", "name": "problem_check",
    "event": {"problem_id": "p", "grade": 1, "max_grade": 2, "success": "correct", "id": "v",
              "currentTime": 1, "submission": {"a": {"answer": "x"}}, "user_id": 1},
}  # fmt: skip


def paths(value, at=()):
    yield at
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from paths(inner, (*at, key))


def changed(whole, at, new):
    """A copy with another value at a place; the place may be all of it."""
    if not at:
        return new
    made = copy.deepcopy(whole)
    place = made
    for key in at[:-1]:
        place = place[key]
    place[at[-1]] = new
    return made


def sound(found):
    """What the store will say of it: a statement of the standard, or not, but no fault of ours."""
    assert isinstance(found, Incoming | Refused)
    if isinstance(found, Incoming):
        with suppress(values.Invalid):
            validate.check(found.statement, version=found.version)


@settings(deadline=None, max_examples=400)
@given(st.sampled_from([*paths(GRADE)]), ANYTHING, st.sampled_from(["GradeEvent", "MediaEvent"]))
def test_no_caliper_event_breaks_the_mapping(at, new, kind):
    sent = changed(GRADE | {"type": kind}, at, new)
    body = json.dumps(envelope(sent, {"id": QUIZ, "type": "Assessment", "name": new})).encode()
    found, described = caliper.items(body)
    assert len(found) + described == 2
    for each in found:
        sound(each)


@settings(deadline=None, max_examples=200)
@given(st.sampled_from(["sensor", "sendTime", "dataVersion", "data"]), ANYTHING)
def test_no_envelope_breaks_the_endpoint(name, new):
    with suppress(caliper.EnvelopeUnfit, caliper.VersionUnknown):
        caliper.items(json.dumps(envelope() | {name: new}).encode())


@settings(deadline=None, max_examples=400)
@given(
    st.sampled_from([*paths(LINE)]), ANYTHING,
    st.sampled_from(["problem_check", "play_video", "page_close", "/courses/x", "seq_next"]),
    st.sampled_from(["user_id", "username"]),
)  # fmt: skip
def test_no_line_of_a_log_breaks_the_mapping(at, new, name, people):
    sent = changed(LINE | {"event_type": name, "name": name}, at, new)
    (found,) = openedx.items(json.dumps(sent), site=SITE, name_people_by=people)
    sound(found)


@settings(deadline=None, max_examples=200)
@given(ANYTHING)
def test_no_statement_of_another_store_breaks_a_walk(new):
    text = json.dumps(new)
    lrs_pull._stored(text)
    lrs_pull._voids(new)
    sound(lrs_pull._item(text, "1.0.3"))


@settings(deadline=None, max_examples=300)
@given(st.sampled_from([*rosters.ROWS]), st.data())
def test_no_cell_of_a_roster_breaks_its_check(table, data):
    columns = [field.name for field in tables.TABLES[table]]
    column = data.draw(st.sampled_from(columns))
    cells = {name: rosters.ROWS[table][0].get(name, "") for name in columns}
    row = Row(2, cells | {column: data.draw(st.text(max_size=300))}, 0)
    known = {name: set() for name in tables.TABLES}
    for mode in ("bulk", "delta"):
        for fault in checking.faults(table, row, mode=mode, known=known):
            assert fault.column in columns
