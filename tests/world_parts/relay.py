"""Statements that go on: a store that refused one, a rule, a source that breaks its profile."""

from __future__ import annotations

from tests.records import factories as f
from xueqiao.records import sources
from xueqiao.relay import destinations, reactions
from xueqiao.relay.models import Shipment
from xueqiao.relay.profiles import contracts

COMPLETED = "http://adlnet.gov/expapi/verbs/completed"
PASSED = "http://adlnet.gov/expapi/verbs/passed"
VIDEO = "https://w3id.org/xapi/video"


def relay(now):
    source = sources.open_source(code="sheyang-town", name="镇成人教育中心平台", at=now)
    said = f.statement(verb={"id": COMPLETED})
    f.store(said, of=source)
    given = destinations.Given(
        name="县级学习记录库", kind="store", url="https://lrs.example/xapi/",
        wanted={"verbs": [COMPLETED]},
    )  # fmt: skip
    to = destinations.open_(given=given, from_start=False, at=now, by=None).destination
    Shipment.objects.create(
        destination=to, key=said["id"], uuids=[said["id"]], state="dead", tries=1, answered=400,
        why="unknown activity", next_try_at=now, created_at=now, ended_at=now,
    )  # fmt: skip
    rule = {
        "conditions": {"completed": {"verbs": [COMPLETED]}, "passed": {"verbs": [PASSED]}},
        "within_days": 30, "repeat": "once", "same": [],
        "verb": {"id": "http://adlnet.gov/expapi/verbs/mastered"}, "activity": None,
    }  # fmt: skip
    made = reactions.create(name="学完并通过", rule=rule, at=now, by=None)
    asked = {"location": "$.result.score.scaled", "presence": "included"}
    profile = contracts.load(given={
        "type": "Profile", "id": VIDEO, "conformsTo": "https://w3id.org/xapi/profiles#1.0",
        "versions": [{"id": f"{VIDEO}/world"}], "prefLabel": {"zh": "课程规范"},
        "templates": [{"id": f"{VIDEO}#t", "verb": COMPLETED, "rules": [asked],
                       "prefLabel": {"zh": "学完"}}],
    }, at=now, by=None)  # fmt: skip
    contract = contracts.agree(source=source, profile=profile, from_start=True, at=now)
    contracts.run(now=now)
    return {"destination": to.pk, "reaction": made.pk, "profile_contract": contract.pk}
