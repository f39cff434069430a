"""The online course of the world: the sample, which the learner has begun."""

from __future__ import annotations

import json
import uuid
from datetime import datetime, timedelta
from urllib.parse import parse_qs, urlsplit

from xueqiao.cmi5 import arrival, registrations, rules, sample, sessions
from xueqiao.cmi5.models import Course, Part
from xueqiao.cmi5.vocabulary import CATEGORY, MOVE_ON_CATEGORY, SESSION_ID, Verb
from xueqiao.people.models import Person
from xueqiao.records.checking import Incoming

SAID = (
    (Verb.INITIALIZED, None),
    (Verb.COMPLETED, {"completion": True, "duration": "PT4M"}),
    (Verb.TERMINATED, {"duration": "PT5M"}),
)


def course(people: dict[str, Person], now: datetime) -> dict[str, object]:
    """Primary keys by the names of ``World``. The first unit is done, another one was opened."""
    version = sample.load(at=now)
    Course.objects.filter(pk=version.course_id).update(opened_by=people["teacher"])
    mine = registrations.register(
        course_id=version.course_id, person_id=people["learner"].pk, at=now
    )
    units = Part.objects.filter(version=version, is_block=False).order_by("number")
    for unit in units[:2]:
        launched = sessions.launch(
            registration_id=mine.pk,
            part_id=unit.pk,
            mode=rules.Mode.NORMAL,
            site="http://127.0.0.1",
            return_url="",
            languages="zh-CN,en",
            at=now,
        )
        if unit.number == units[0].number:
            _finish(launched, unit, now)
    return {"online_course": version.course_id, "online_learner": str(mine.key)}


def _finish(launched: sessions.Launch, unit: Part, now: datetime) -> None:
    """What the unit says from its first statement to its last."""
    given = {key: held[0] for key, held in parse_qs(urlsplit(launched.address).query).items()}
    said = []
    for minute, (verb, result) in enumerate(SAID):
        decides = bool(result) and "completion" in result
        categories = [CATEGORY, MOVE_ON_CATEGORY] if decides else [CATEGORY]
        said.append(
            {
                "id": str(uuid.uuid4()),
                "timestamp": (now + timedelta(minutes=minute)).strftime("%Y-%m-%dT%H:%M:%SZ"),
                "actor": json.loads(given["actor"]),
                "verb": {"id": str(verb)},
                "object": {"id": given["activityId"]},
                "context": {
                    "registration": given["registration"],
                    "contextActivities": {
                        "grouping": [{"id": unit.publisher_id}],
                        "category": [{"id": each} for each in categories],
                    },
                    "extensions": {SESSION_ID: str(launched.session.key)},
                },
                **({"result": result} if result else {}),
            }
        )
    arrival.accept(
        session=launched.session,
        items=[Incoming(json.dumps(each), each) for each in said],
        at=now,
        batch_key=f"world:{launched.session.key}",
    )
