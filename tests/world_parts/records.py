"""A source of records with an owner, keys and a few statements, one of them voided."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

from tests.world_parts.places import Where
from xueqiao.kernel import ids
from xueqiao.people.models import Person
from xueqiao.records import keys, sources, statements
from xueqiao.records.checking import Incoming
from xueqiao.records.models import KeyPair, Source

HOME = "https://learn.sheyang.example"
VERBS = {"completed": "完成", "passed": "通过", "experienced": "看了"}


def records(where: Where, people: dict[str, Person], now: datetime) -> dict[str, Any]:
    """The source, a key of it and a statement, by the names of ``World``."""
    source = sources.open_source(code="sheyang-moodle", name="射阳社区学院学习平台", at=now)
    terms = sources.Terms(
        owner_id=where.institution.pk, contact="王老师 0515-00000000", rate_limit=6000,
        most_bytes=0, silent_after_seconds=86_400,
    )  # fmt: skip
    operator = people["operator"]
    sources.edit(source=source, terms=terms, at=now - timedelta(days=3), by=operator)
    for label, scopes in (
        ("夜间推送", ["statements/write"]),
        ("教研分析", ["statements/read/mine"]),
    ):
        keys.create_key(source=source, scopes=scopes, label=label, at=now, by=operator)
    sent = [_statement(number, verb, now) for number, verb in enumerate(VERBS)]
    void = _statement(9, "voided", now)
    void["object"] = {"objectType": "StatementRef", "id": sent[2]["id"]}
    void["verb"]["display"] = {"zh-Hans": "作废", "en": "voided"}
    items = [Incoming(json.dumps(each, ensure_ascii=False), each) for each in (*sent, void)]
    statements.store_batch(
        source=Source.objects.get(pk=source.pk), items=items, received_at=now, batch_key="world:1"
    )
    return {
        "source": source.pk,
        "key": KeyPair.objects.filter(source=source).earliest("pk").pk,
        "statement": sent[1]["id"],
        "voided": sent[2]["id"],
    }


def _statement(number: int, verb: str, now: datetime) -> dict[str, Any]:
    happened = now - timedelta(minutes=20 - number)
    return {
        "id": str(ids.stable_uuid("world", "statement", str(number))),
        "actor": {"name": "李秀英", "account": {"homePage": HOME, "name": "lixiuying"}},
        "verb": {
            "id": f"http://adlnet.gov/expapi/verbs/{verb}",
            "display": {"zh-Hans": VERBS.get(verb, verb), "en": verb},
        },
        "object": {
            "id": f"{HOME}/course/3/quiz/{number}",
            "definition": {"name": {"zh-Hans": "智能手机入门：测验", "en": "Using a smartphone"}},
        },
        "result": {"score": {"scaled": 0.9, "raw": 90, "max": 100, "min": 0}, "success": True},
        "context": {
            "registration": "7c1d6a5e-2f4b-4d0e-9d53-0a1b2c3d4e5f",
            "contextActivities": {"parent": [{"id": f"{HOME}/course/3"}]},
        },
        "timestamp": f"{happened:%Y-%m-%dT%H:%M:%SZ}",
    }
