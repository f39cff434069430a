"""The operator's pages of records: sources and their terms, keys, the statements themselves."""

from __future__ import annotations

import hashlib
import json
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests import world as small
from tests.records import factories as f
from tests.world_parts import records
from xueqiao.kernel import clock
from xueqiao.records import attachments, keys, sources, statements
from xueqiao.records.models import KeyPair, Reading, Source, SourceChange, Statement

pytestmark = pytest.mark.django_db
LIST = "/console/records/statements/"


@pytest.fixture
def world(db):
    return small.build()


@pytest.fixture
def operator(world, client):
    client.cookies["language"] = "en"
    client.post("/sign-in/demo/", {"username": "demo-operator"})
    return client


def found(client, **asked):
    answer = client.get(LIST, asked)
    assert answer.status_code == 200, answer.context["form"].errors
    return [str(line["row"].uuid) for line in answer.context["lines"]]


def test_the_state_of_a_source_is_told_in_words_and_filters(world, operator):
    now = clock.now()
    for code in ("silent", "paused", "new"):
        f.source(code)
    Source.objects.filter(code="silent").update(
        silent_after_seconds=600, last_received_at=now - timedelta(hours=1)
    )
    Source.objects.filter(code="paused").update(paused_at=now)

    def named(state):
        rows = operator.get("/console/records/", {"state": state}).context["list"].body
        return [row["cells"][0]["text"] for row in rows]

    own = {"School silent", "School paused", "School new", "射阳社区学院学习平台"}
    assert own & set(named("silent")) == {"School silent"}
    assert own & set(named("paused")) == {"School paused"}
    assert own & set(named("never")) == {"School new"}
    assert own & set(named("ok")) == {"射阳社区学院学习平台"}
    csv = operator.get("/console/records/?download=csv&state=silent").getvalue().decode()
    assert "School silent" in csv
    assert "School paused" not in csv


def test_sources_cost_as_many_queries_for_three_as_for_one(world, operator):
    def queries():
        with CaptureQueriesContext(connection) as asked:
            operator.get("/console/records/")
        return len(asked)

    one = queries()
    for number in range(3):
        f.store(f.statement(), of=f.source(f"school-{number}"))
    assert queries() == one <= 12


def test_terms_are_changed_by_the_form_and_written_down_with_who(world, operator):
    terms = {
        "owner_id": str(world.institution), "contact": "Ms Li", "rate_limit": "120",
        "most_bytes": "5000", "silent_minutes": "30",
    }  # fmt: skip
    answer = operator.post(f"/console/records/sources/{world.source}/edit/", terms)
    assert answer.status_code == 302
    row = Source.objects.get(pk=world.source)
    assert sources.Terms(*(getattr(row, name) for name in sources.Terms._fields)) == (
        world.institution, "Ms Li", 120, 5000, 1800,
    )  # fmt: skip
    change = SourceChange.objects.latest("pk")
    assert (change.verb, change.by_id) == ("edit", world.people["operator"])
    assert change.detail["contact"][1] == "Ms Li"


@pytest.mark.parametrize(
    ("field", "value"),
    [("owner_id", "99999999"), ("owner_id", "x"), ("rate_limit", "-1"), ("rate_limit", ""),
     ("most_bytes", "9" * 12), ("contact", "x" * 201), ("silent_minutes", "99999999")],
)  # fmt: skip
def test_terms_that_cannot_be_are_refused_beside_their_field(world, operator, field, value):
    terms = {"owner_id": "", "contact": "kept", "rate_limit": "1", "most_bytes": "0"}
    before = Source.objects.filter(pk=world.source).values().get()
    answer = operator.post(f"/console/records/sources/{world.source}/edit/", terms | {field: value})
    assert answer.status_code == 422
    assert field in answer.context["form"].errors
    assert Source.objects.filter(pk=world.source).values().get() == before


def test_a_source_is_paused_and_resumed(world, operator, client):
    source = Source.objects.get(pk=world.source)
    headers = f.key(of=source)
    address = f"/console/records/sources/{world.source}/pause/"
    operator.post(address, {"to": "pause"})
    assert f.post(client, f.statement(), headers).status_code == 429
    operator.post(address, {"to": "resume"})
    headers = f.key(of=Source.objects.get(pk=world.source))
    assert f.post(client, f.statement(), headers).status_code == 200


def test_a_key_is_made_shown_once_and_opens(world, operator, client):
    address = f"/console/records/sources/{world.source}/keys/new/"
    assert operator.post(address, {"label": "x"}).status_code == 422

    answer = operator.post(
        address, {"label": "job", "scopes": ["statements/write"], "last_day": "2999-12-31"}
    )

    key, secret = answer.context["key"], answer.context["secret"]
    assert "no-store" in answer.headers["Cache-Control"]
    assert f.post(client, f.statement(), f.basic(key, secret)).status_code == 200
    page = operator.get(f"/console/records/sources/{world.source}/").content.decode()
    assert key in page
    assert secret not in page
    made = KeyPair.objects.get(key=key)
    assert clock.local_date(made.expires_at).isoformat() == "3000-01-01"
    assert made.changes.get().by_id == world.people["operator"]


def test_a_key_is_rotated_and_revoked_after_a_question(world, operator):
    rotate = f"/console/records/keys/{world.key}/rotate/"
    assert operator.get(rotate).status_code == 200
    assert not KeyPair.objects.filter(rotated_from=world.key).exists()
    answer = operator.post(rotate)
    new = KeyPair.objects.get(rotated_from=world.key)
    assert answer.context["key"] == new.key
    assert operator.post(rotate).status_code == 409

    revoke = f"/console/records/keys/{world.key}/revoke/"
    operator.get(revoke)
    assert KeyPair.objects.get(pk=world.key).revoked_at > clock.now()
    assert operator.post(revoke).status_code == 302
    assert KeyPair.objects.get(pk=world.key).revoked_at <= clock.now()


def test_each_filter_of_the_browser_finds_its_statements(world, operator):
    def found_here(**asked):
        return found(operator, source="sheyang-moodle", **asked)

    own = found_here()
    assert world.statement in own
    assert world.voided not in own
    assert set(own) < set(found(operator))
    assert found_here(voided="only") == [world.voided]
    assert found_here(voided="only", verb="http://adlnet.gov/expapi/verbs/passed") == []
    passed = {"verb": "http://adlnet.gov/expapi/verbs/passed"}
    assert found_here(**passed) == [world.statement]
    f.source("empty")
    assert found(operator, **passed, source="empty") == []
    course = {"activity": f"{records.HOME}/course/3"}
    assert found(operator, **course) == []
    assert world.statement in found(operator, **course, related_activities="on")
    assert found_here(agent=f"{records.HOME}|lixiuying", order="asc") == own[::-1]
    assert found_here(registration="7c1d6a5e-2f4b-4d0e-9d53-0a1b2c3d4e5f") == own
    later = clock.now().astimezone(clock.LOCAL) + timedelta(minutes=2)
    assert found_here(since=f"{later:%Y-%m-%dT%H:%M}") == []
    assert found_here(until=f"{later:%Y-%m-%dT%H:%M}") == own


@pytest.mark.parametrize(
    ("typed", "agent"),
    [
        ("li@school.example", {"mbox": "mailto:li@School.example"}),
        ("mailto:li@school.example", {"mbox": "mailto:li@school.example"}),
        ("https://school.example|li", f.agent("li")),
        ("https://id.example/li", {"openid": "https://id.example/li"}),
        ("A" * 40, {"mbox_sha1sum": "a" * 40}),
        (json.dumps(f.agent("li")), f.agent("li")),
    ],
)
def test_an_agent_is_found_by_whatever_is_known_of_it(world, operator, typed, agent):
    sent = f.statement(actor=agent)
    f.store(sent, f.statement())
    assert found(operator, agent=typed) == [sent["id"]]


@pytest.mark.parametrize(
    ("field", "value"),
    [("agent", "nobody"), ("agent", "{"), ("verb", "passed"), ("activity", "x"),
     ("registration", "7"), ("since", "yesterday"), ("source", "none"), ("voided", "maybe")],
)  # fmt: skip
def test_a_filter_that_does_not_fit_is_refused_beside_its_field(world, operator, field, value):
    answer = operator.get(LIST, {field: value})
    assert answer.status_code == 422
    assert field in answer.context["form"].errors
    assert answer.context["lines"] == []


def test_the_browser_leads_through_all_pages_without_repeat_or_gap(world, operator):
    source = f.source("long")
    sent = [f.statement() for _ in range(120)]
    f.store(*sent, of=source)
    seen, asked = [], {"source": "long"}
    while asked:
        answer = operator.get(LIST, asked)
        seen += [str(line["row"].uuid) for line in answer.context["lines"]]
        following = answer.context["following"]
        asked = {"source": "long", "from": following} if following else None
        f.store(f.statement(), of=source)
    assert seen == [each["id"] for each in reversed(sent)]


def test_a_page_of_statements_costs_the_same_for_one_and_for_many(world, operator):
    def queries():
        with CaptureQueriesContext(connection) as asked:
            operator.get(LIST)
        return len(asked)

    few = queries()
    f.store(*[f.statement() for _ in range(30)])
    assert queries() == few <= 12


def test_a_statement_is_shown_with_its_parts_and_its_exact_text(world, operator):
    answer = operator.get(f"{LIST}{world.statement}/")
    row = Statement.objects.get(uuid=world.statement)
    titles = [str(part.title) for part in answer.context["parts"]]
    assert titles == ["Actor", "Verb", "Object", "Score and success", "Registration", "Parent"]
    for part in answer.context["parts"]:
        if part.address:
            assert world.statement in answer.content.decode()
            assert f"{LIST}{world.statement}/" in operator.get(part.address).content.decode()
    file = operator.get(f"{LIST}{world.statement}.json")
    assert file.content.decode() == row.text
    assert "attachment" in file.headers["Content-Disposition"]


def test_a_voided_statement_says_so_and_leads_to_what_voided_it(world, operator):
    answer = operator.get(f"{LIST}{world.voided}/")
    voiding = answer.context["voiding"]
    assert str(voiding.voids) == world.voided
    assert f"{LIST}{voiding.uuid}/" in answer.content.decode()
    back = operator.get(f"{LIST}{voiding.uuid}/").content.decode()
    assert f"{LIST}{world.voided}/" in back
    assert operator.get(f"{LIST}{world.statement}/").context["voiding"] is None


def test_a_file_of_a_statement_is_given_as_a_file_and_never_shown(world, operator):
    data = b"<script>alert(1)</script>"
    sha2 = hashlib.sha256(data).hexdigest()
    sent = f.statement(attachments=[{
        "usageType": "http://id.tincanapi.com/attachment/supporting_media",
        "display": {"en": "page"}, "contentType": "text/html", "length": len(data), "sha2": sha2,
    }])  # fmt: skip
    part = attachments.Part(sha2, "text/html", data)
    statements.store_batch(
        source=f.source(), items=f.incoming(sent), received_at=clock.now(), batch_key="files",
        parts={sha2: part},
    )  # fmt: skip
    [held] = operator.get(f"{LIST}{sent['id']}/").context["attachments"]
    answer = operator.get(f"/console/records/attachments/{held.pk}/")
    assert answer.content == data
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


def test_whoever_reads_statements_is_written_down_with_what_was_asked(world, operator):
    operator.get(LIST, {"source": "sheyang-moodle", "voided": "only"})
    operator.get(f"{LIST}{world.statement}/")
    operator.get(f"{LIST}{world.statement}.json")
    rows = Reading.objects.filter(what="statements").order_by("pk")
    who = world.people["operator"]
    assert list(rows.values_list("by", "what", "detail", "rows")) == [
        (who, "statements", {"filters": {"source": "sheyang-moodle", "voided": "only"}}, 1),
        (who, "statements", {"statement": world.statement}, 1),
        (who, "statements", {"statement": world.statement}, 1),
    ]


def test_markup_in_a_statement_is_shown_as_text(world, operator):
    bad = "<img src=x onerror=alert(1)>"
    sent = f.statement(
        actor={"name": bad, **f.agent(bad)},
        verb={"id": "http://adlnet.gov/expapi/verbs/passed", "display": {"en": bad}},
        object={"id": "https://school.example/x", "definition": {"name": {"en": bad}}},
        result={"response": bad},
    )
    f.store(sent)
    for address in (LIST, f"{LIST}{sent['id']}/"):
        page = operator.get(address).content.decode()
        assert bad not in page
        assert "&lt;img src=x" in page


@pytest.mark.parametrize(
    "thing",
    [
        {"objectType": "Agent", **f.agent("chen")},
        {"objectType": "StatementRef", "id": "7c1d6a5e-2f4b-4d0e-9d53-0a1b2c3d4e5f"},
        {
            "objectType": "SubStatement", "actor": f.agent("wei"),
            "verb": {"id": "http://adlnet.gov/expapi/verbs/passed"},
            "object": {"id": "https://school.example/a"},
        },
        {"objectType": "Group", "member": [f.agent("a"), f.agent("b")]},
    ],
)  # fmt: skip
def test_every_kind_of_object_has_a_page(world, operator, thing):
    sent = f.statement(
        object=thing,
        actor={"objectType": "Group", "member": [f.agent("wei")]},
        result={"score": {"scaled": 0.5}, "completion": False, "duration": "PT1H"},
        context={
            "instructor": f.agent("li"), "language": "zh-Hans",
            "team": {"objectType": "Group", "name": "T", **f.agent("t")},
        },
    )  # fmt: skip
    f.store(sent)
    assert Statement.objects.filter(uuid=sent["id"]).exists()
    assert operator.get(LIST).status_code == 200
    page = operator.get(f"{LIST}{sent['id']}/").content.decode()
    assert "50 %" in page


def test_what_is_not_there_is_a_404(world, operator):
    nowhere = "00000000-0000-4000-8000-000000000000"
    for address in (
        f"{LIST}{nowhere}/", f"{LIST}{nowhere}.json", "/console/records/sources/99999999/",
        "/console/records/keys/99999999/revoke/", "/console/records/attachments/99999999/",
    ):  # fmt: skip
        assert operator.get(address).status_code == 404, address


def test_definitions_of_a_key_without_the_scope_stay_with_its_statements(client):
    source = f.source()

    def says(name, *scopes):
        thing = {"id": "https://school.example/d", "definition": {"name": {"en": name}}}
        pair = keys.create_key(source=source, scopes=scopes, at=clock.now())
        answer = f.post(client, f.statement(object=thing), f.basic(*pair))
        assert answer.status_code == 200
        shown = client.get(
            "/xapi/activities", {"activityId": "https://school.example/d"}, headers=f.key("all")
        )
        return shown.json().get("definition", {}).get("name")

    assert says("Mine", "statements/write") is None
    assert says("Known", "statements/write", "define") == {"en": "Known"}
    assert says("Changed", "statements/write") == {"en": "Known"}
    assert says("All", "all") == {"en": "All"}
