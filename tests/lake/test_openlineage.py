"""The lineage as OpenLineage events: what the specification demands of each, and what they say."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from uuid import UUID

import jsonschema
import pytest
from django.core.management import call_command

from xueqiao.lake.build import history

pytestmark = pytest.mark.embedded
AT = datetime(2026, 3, 1, 4, tzinfo=UTC)
# What OpenLineage 2-0-2 and its facets demand, in our words.
TEXT = {"type": "string", "minLength": 1}
FACETS = {
    "type": "object",
    "additionalProperties": {
        "required": ["_producer", "_schemaURL"],
        "properties": {"_producer": TEXT, "_schemaURL": {"pattern": "^https://openlineage.io/"}},
    },
}
NAMED = {"namespace": TEXT, "name": TEXT}
FIELDS = {
    "type": "array",
    "items": {
        "required": ["namespace", "name", "field"],
        "properties": {
            **NAMED,
            "field": TEXT,
            "transformations": {
                "type": "array",
                "items": {
                    "required": ["type"],
                    "properties": {"type": {"enum": ["DIRECT", "INDIRECT"]}},
                },
            },
        },
    },
}
COLUMNS = {
    "required": ["fields"],
    "properties": {
        "dataset": FIELDS,
        "fields": {"additionalProperties": {"required": ["inputFields"],
                                            "properties": {"inputFields": FIELDS}}},
    },
}  # fmt: skip
DATASET = {
    "required": ["namespace", "name"],
    "properties": {
        **NAMED,
        "facets": {**FACETS, "properties": {"columnLineage": COLUMNS}},
        "outputFacets": FACETS,
    },
}
SCHEMA = {
    "required": ["eventTime", "producer", "schemaURL", "job"],
    "properties": {
        "eventTime": {"pattern": r"^\d{4}-\d\d-\d\dT.*[+Z]"},
        "producer": TEXT,
        "schemaURL": {"enum": [
            f"https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/{kind}Event"
            for kind in ("Run", "Job")
        ]},
        "eventType": {"enum": ["START", "COMPLETE", "FAIL"]},
        "run": {"required": ["runId"], "properties": {"facets": FACETS}},
        "job": {"required": ["namespace", "name"], "properties": {**NAMED, "facets": FACETS}},
        "inputs": {"type": "array", "items": DATASET},
        "outputs": {"type": "array", "items": DATASET},
    },
}  # fmt: skip


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    root = tmp_path_factory.mktemp("lake")
    row = {"run": "r1", "started_at": AT, "engine": "duckdb", "code": "c", "milliseconds": 1500}
    history.append(root, [
        {**row, "table": "learner_day", "outcome": history.MADE, "rows": 7, "parts": "2026-03"},
        {**row, "table": "presence", "outcome": history.FAILED, "why": "no room"},
        {**row, "table": "place_month", "outcome": history.SKIPPED, "why": "presence"},
    ])  # fmt: skip
    return root


def exported(root, tmp_path, settings):
    settings.LAKE = root
    call_command("export_lineage", to=tmp_path / "deep" / "lineage.ndjson")
    text = (tmp_path / "deep" / "lineage.ndjson").read_text("utf-8")
    return [json.loads(line) for line in text.splitlines()]


def test_every_event_is_what_the_specification_demands(root, tmp_path, settings):
    events = exported(root, tmp_path, settings)
    check = jsonschema.Draft202012Validator(SCHEMA)
    assert [error.message for event in events for error in check.iter_errors(event)] == []
    assert not check.is_valid({**events[0], "job": {"name": "no namespace"}})
    runs = [event for event in events if "run" in event]
    assert [(event["eventType"], event["job"]["name"]) for event in runs] == [
        ("START", "make.learner_day"), ("COMPLETE", "make.learner_day"),
        ("START", "make.presence"), ("FAIL", "make.presence"),
    ]  # fmt: skip
    began, ended = runs[0], runs[1]
    assert UUID(began["run"]["runId"]) == UUID(ended["run"]["runId"])
    assert ended["eventTime"] == "2026-03-01T04:00:01.500000+00:00"
    assert ended["outputs"][0]["outputFacets"]["outputStatistics"]["rowCount"] == 7
    assert runs[3]["run"]["facets"]["errorMessage"]["message"] == "no room"


def test_a_number_of_a_chart_can_be_followed_back_through_the_events(root, tmp_path, settings):
    designs = {
        event["outputs"][0]["name"]: event["outputs"][0]
        for event in exported(root, tmp_path, settings)
        if "run" not in event
    }

    def behind(table, column):
        fields = designs[table]["facets"]["columnLineage"]["fields"][column]["inputFields"]
        return {(each["namespace"], each["name"], each["field"]) for each in fields}

    assert ("xueqiao.lake", "indicator.P01", "numerator") in behind("chart.tiles", "P01")
    assert behind("learner_month", "activities") == {("xueqiao.lake", "learner_day", "activities")}
    assert behind("bronze.person", "birth_year") == {
        ("xueqiao.database", "people_person", "birth_year")
    }
    decides = designs["learner_day"]["facets"]["columnLineage"]["dataset"]
    assert {each["field"] for each in decides} >= {"is_counted"}
