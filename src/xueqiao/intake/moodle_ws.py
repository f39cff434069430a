"""Moodle web services: grades and completions become statements, course by course.

Moodle tells what holds, not what happened: each grade and completion with its time. A run asks
every course and keeps what is newer than the last run, with an overlap; what is told twice has the
same id. Who has not been in a course since then is not asked for completions again. When somebody
was enrolled is not told, so no statement says it.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

import msgspec
from django.utils.translation import gettext_lazy

from xueqiao.intake import verbs
from xueqiao.intake.kinds import Kind, Portion, Setting, calls
from xueqiao.intake.remote_moodle import RemoteMoodle
from xueqiao.kernel import clock, ids
from xueqiao.records.checking import Incoming, Refused
from xueqiao.records.reasons import Reason

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# What is held was written by another platform in its own words: it is sent again, not mended here.
FORM = "moodle:"

OVERLAP_HOURS = 24
_ADL = "http://adlnet.gov/expapi/activities/"
_STATES = {1: verbs.COMPLETED, 2: verbs.PASSED, 3: verbs.FAILED}
_ENCODER = msgspec.json.Encoder()
_Item = Incoming | Refused


def pull(config: Mapping[str, Any], watermark: dict[str, Any]) -> Iterator[Portion]:
    """Course by course; the watermark is ``since``, and within a walk ``course`` and ``begun``.

    ``since`` and ``begun`` are seconds of Unix time.
    """
    moodle = RemoteMoodle(str(config["site"]), str(config["token"]))
    moodle.check()
    begun = watermark.get("begun") or int(clock.now().timestamp())
    overlap = int(config.get("overlap_hours") or OVERLAP_HOURS) * 3600
    newer = max(0, watermark.get("since", 0) - overlap)
    come = dict(watermark)
    for course in moodle.courses():
        if int(course["id"]) <= watermark.get("course", 0):
            continue
        place = {"since": watermark.get("since", 0), "course": int(course["id"]), "begun": begun}
        found = _Course(moodle, config, course).items(newer)
        for held in filter(_is_held, found):
            # Each in a portion of its own: told again, it is the same portion.
            yield Portion(_key([held]), [held], come)
        items = [item for item in found if not _is_held(item)]
        if items:
            yield Portion(_key(items), items, place)
        yield Portion("moodle:course", [], place)
        come = place
    yield Portion("moodle:end", [], {"since": begun})


def _is_held(item: _Item) -> bool:
    """Whether an item will lie in quarantine: refused here, or dated in the future."""
    if isinstance(item, Refused):
        return True
    return datetime.fromisoformat(item.statement["timestamp"]) > clock.now()


def _key(items: list[_Item]) -> str:
    found = hashlib.sha256()
    for item in items:
        found.update(item.text.encode() + b"\n")
    return f"moodle:{found.hexdigest()}"


class _Fact(NamedTuple):
    """One grade or completion, read.

    Attributes:
        key: what makes it one.
        at: seconds of Unix time, or None.
    """

    key: tuple[str, ...]
    verb: dict[str, object]
    thing: dict[str, Any]
    at: int | None
    result: dict[str, Any]
    said: dict[str, Any]


class _Course:
    """A course of a site, read for its facts."""

    def __init__(
        self, moodle: RemoteMoodle, config: Mapping[str, Any], course: dict[str, Any]
    ) -> None:
        self._moodle, self._number, self._site = moodle, int(course["id"]), moodle.site
        self._people_by = str(config.get("name_people_by") or "id")
        name = course.get("fullname") or course.get("shortname")
        definition = {"type": f"{_ADL}course"} | ({"name": {"und": str(name)}} if name else {})
        self._thing = {
            "id": f"{self._site}/course/view.php?id={self._number}",
            "definition": definition,
        }

    def items(self, newer: int) -> list[_Item]:
        """What became known after an instant, by user."""
        users = {int(each["id"]): each for each in self._moodle.users(self._number)}
        items = []
        for row in self._moodle.grades(self._number):
            user = users.get(int(row["userid"]), {"id": row["userid"]})
            items += [self._item(fact, user) for fact in self._grades(row, newer)]
        for number, user in users.items():
            if int(user.get("lastcourseaccess") or user.get("lastaccess") or 0) >= newer:
                items += [self._item(fact, user) for fact in self._completions(number, newer)]
        return items

    def _grades(self, row: dict[str, Any], newer: int) -> Iterator[_Fact]:
        for item in row.get("gradeitems") or []:
            raw, at = _number(item.get("graderaw")), item.get("gradedategraded")
            is_total = item.get("itemtype") in {"course", "category"}
            # A total is made of the items; Moodle often knows no time for it.
            if raw is None or (is_total and not at) or (at and int(at) < newer):
                continue
            key = ("grade", str(item.get("id")), str(row["userid"]), str(at))
            thing = self._thing if is_total else self._module(item)
            yield _Fact(key, verbs.SCORED, thing, at, {"score": _score(raw, item)}, item)

    def _completions(self, user: int, newer: int) -> Iterator[_Fact]:
        for each in self._moodle.done_activities(self._number, user):
            verb, at = _STATES.get(int(each.get("state") or 0)), each.get("timecompleted")
            if verb is None or (at and int(at) < newer):
                continue
            result: dict[str, Any] = {"completion": True}
            if verb is not verbs.COMPLETED:
                result["success"] = verb is verbs.PASSED
            key = ("activity", str(each.get("cmid")), str(user), str(at))
            yield _Fact(key, verb, self._module(each), at, result, each)
        status = self._moodle.done_course(self._number, user)
        if status.get("completed"):
            times = [int(c.get("timecompleted") or 0) for c in status.get("completions") or []]
            at = max(times, default=0) or None
            if at is None or at >= newer:
                key = ("course", str(self._number), str(user), str(at))
                result = {"completion": True}
                yield _Fact(key, verbs.COMPLETED, self._thing, at, result, status)

    def _module(self, said: dict[str, Any]) -> dict[str, Any]:
        kind = str(said.get("modname") or said.get("itemmodule") or "")
        number = said.get("cmid")
        definition: dict[str, Any] = {
            "type": f"{_ADL}{'assessment' if kind == 'quiz' else 'module'}"
        }
        if said.get("itemname"):
            definition["name"] = {"und": str(said["itemname"])}
        if kind.isalnum() and number:
            return {"id": f"{self._site}/mod/{kind}/view.php?id={number}", "definition": definition}
        return {"id": f"{self._site}/grade/item?id={said.get('id')}", "definition": definition}

    def _item(self, fact: _Fact, user: dict[str, Any]) -> _Item:
        name = str(user.get(self._people_by) or "").strip()
        text = _ENCODER.encode({"user": user.get("id"), "said": fact.said}).decode()
        if not name:
            return Refused(text, Reason.NOBODY, self._people_by, f"/user/{self._people_by}", FORM)
        if not fact.at:
            return Refused(text, Reason.TIME_MISSING, fact.key[0], "/said", FORM)
        statement: dict[str, Any] = {
            "id": str(ids.stable_uuid("moodle", self._site, *fact.key)),
            "actor": {"account": {"homePage": self._site, "name": name}},
            "verb": fact.verb,
            "object": fact.thing,
            "result": fact.result,
            "context": {
                "platform": "Moodle",
                "registration": str(
                    ids.stable_uuid("moodle.course", self._site, str(self._number), name)
                ),
            },
            "timestamp": datetime.fromtimestamp(int(fact.at), UTC).isoformat(),
        }
        if fact.thing is not self._thing:
            statement["context"]["contextActivities"] = {"parent": [self._thing]}
        return Incoming(_ENCODER.encode(statement).decode(), statement)


def _score(raw: float, item: dict[str, Any]) -> dict[str, Any]:
    low, high = _number(item.get("grademin")), _number(item.get("grademax"))
    score: dict[str, Any] = {"raw": raw}
    # Extra credit may lie above the highest grade; the standard allows no such bound.
    if low is not None and high is not None and low <= raw <= high and low < high:
        score |= {"min": low, "max": high, "scaled": round((raw - low) / (high - low), 4)}
    return score


def _number(value: Any) -> float | None:
    return value if isinstance(value, (int, float)) and not isinstance(value, bool) else None


KIND = Kind(
    "moodle",
    gettext_lazy("Moodle, by its web services"),
    (
        Setting(
            "site", gettext_lazy("Address of the platform"), "url",
            help=gettext_lazy("As its users write it: https://moodle.school.example"),
        ),
        Setting(
            "token", gettext_lazy("Token"), "secret",
            help=gettext_lazy("Of a web service with the functions that the guide names."),
        ),
        Setting(
            "name_people_by", gettext_lazy("Learners are known by"), "choice",
            choices=(
                ("id", gettext_lazy("Number of the user")),
                ("username", gettext_lazy("User name")),
                ("idnumber", gettext_lazy("ID number of the user's profile")),
            ),
        ),
        Setting(
            "overlap_hours", gettext_lazy("Overlap in hours"), "number", required=False,
            help=gettext_lazy("Grades and completions that become known late are seen; else 24."),
        ),
    ),
    pull,
    help=gettext_lazy("Asks a Moodle site for grades and completions, course by course."),
    check=calls("site"),
)  # fmt: skip
