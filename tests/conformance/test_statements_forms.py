"""Communication 2.1.3: the forms in which statements come: exact, ids and canonical."""

from tests.conformance.requirement import requirement
from tests.conformance.samples import LI, WEI, definition, rich, within
from tests.conformance.test_statements_find import PASSED, page
from tests.records.factories import statement


def described():
    """A statement with words for everything, in two languages."""
    words = {"en-GB": "colour", "en-US": "color"}
    thing = {"objectType": "Activity", "id": f"https://a.example/{statement()['id']}",
             "definition": definition("choice", name=words, description=words,
                                      choices=[{"id": "a", "description": words}])}  # fmt: skip
    made = rich(
        actor=WEI | {"objectType": "Agent", "name": "Wei"},
        verb={"id": PASSED, "display": words},
        object=thing,
        context={
            "contextActivities": {"category": [thing]},
            "instructor": {"objectType": "Group", "name": "G", "member": [WEI | {"name": "W"}]},
            "team": LI | {"objectType": "Group", "name": "T", "member": [WEI]},
        },
    )
    return made, thing


@requirement("XAPI-00168", "exact is the form of none")
@requirement("XAPI-00170", "in words and order of what was sent")
def test_exact_is_what_was_received(lrs):
    sent, _thing = described()
    outer, nested = lrs.store(sent, within(sent))
    for asked in ({}, {"format": "exact"}):
        got = lrs.statement(outer, **asked)
        for name in ("actor", "verb", "object", "result", "context", "attachments"):
            assert got[name] == sent[name]
        inner = lrs.statement(nested, **asked)["object"]
        assert inner == within(sent)["object"] | {"timestamp": inner["timestamp"]}
    assert lrs.get("statements", {"format": "short"}).status_code == 400


@requirement("XAPI-00171", "agents, groups, members, verbs and activities, outside and inside")
def test_ids_are_identifiers_only(lrs):
    sent, thing = described()
    outer, nested = lrs.store(sent, within(sent))
    expected = {
        "actor": WEI | {"objectType": "Agent"},
        "verb": {"id": PASSED},
        "object": {"id": thing["id"]},
        "context": {
            "contextActivities": {"category": [{"id": thing["id"]}]},
            "instructor": {"objectType": "Group", "member": [WEI]},
            "team": LI | {"objectType": "Group"},
        },
    }
    got = lrs.statement(outer, format="ids")
    assert {name: got[name] for name in expected} == expected
    inner = lrs.statement(nested, format="ids")["object"]
    assert {name: inner[name] for name in expected} == expected
    [first, _second] = page(lrs, format="ids")["statements"]
    assert "name" not in first["authority"]


@requirement("XAPI-00169", "what others said of the activity, in one language")
def test_canonical_is_what_the_store_knows(lrs):
    sent, thing = described()
    bare = statement(object={"id": thing["id"]})
    lrs.store(sent)
    lrs.store(bare)
    new = {"name": {"zh-Hans": "颜色"}, "moreInfo": "https://a.example/more"}
    lrs.store(statement(object={"id": thing["id"], "definition": new}))
    wanted = {"Accept-Language": "zh-CN, zh-Hans, en-GB;q=0.5"}
    for key in (sent["id"], bare["id"]):
        asked = {"statementId": key, "format": "canonical"}
        told = lrs.get("statements", asked, headers=wanted).json()
        assert told["object"]["definition"] == thing["definition"] | new | {
            "name": {"zh-Hans": "颜色"},
            "description": {"en-GB": "colour"},
            "choices": [{"id": "a", "description": {"en-GB": "colour"}}],
        }
    assert told["actor"] == bare["actor"]
    assert lrs.statement(bare["id"])["object"] == {"id": thing["id"]}


@requirement("XAPI-00172", "by weight, by range, and something where nothing fits")
def test_the_reader_chooses_the_language(lrs):
    sent, _thing = described()
    lrs.store(sent)

    def told(wanted, form="canonical"):
        header = {"Accept-Language": wanted} if wanted else {}
        asked = {"statementId": sent["id"], "format": form}
        got = lrs.get("statements", asked, headers=header).json()
        category = got["context"]["contextActivities"]["category"][0]
        assert category["definition"]["name"] == got["verb"]["display"]
        return set(got["verb"]["display"])

    assert told("en-GB") == {"en-GB"}
    assert told("en-US, en-GB;q=0.9") == {"en-US"}
    assert told("en-US;q=0.1, en-GB;q=0.9") == {"en-GB"}
    assert told("fr, en;q=0.5, *;q=0.1") in ({"en-GB"}, {"en-US"})
    for odd in ("fr", None, "*", ";;q=x,,", "en-US;q=0"):
        assert len(told(odd)) == 1
    assert told("en-GB", form="exact") == {"en-GB", "en-US"}


def test_a_key_without_the_scope_to_define_leaves_definitions_as_they_are(lrs):
    sent, thing = described()
    lrs.limited("statements/write").store(sent)
    [key] = lrs.store(statement(object={"id": thing["id"]}))
    assert "definition" not in lrs.statement(key, format="canonical")["object"]
    lrs.store(statement(object=thing))
    assert lrs.statement(key, format="canonical")["object"]["definition"]
