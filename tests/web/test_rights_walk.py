"""Who may open what: every address and command names a policy; every role walks every address.

The tables here are written down by hand, so that a change of ``people/rights.py`` or of a queryset
has to be meant twice.
"""

from __future__ import annotations

import csv
import importlib
import pkgutil

import pytest
from django.test import Client
from django.urls import URLPattern, get_resolver

from tests.web import neighbours
from xueqiao.cli.management import commands
from xueqiao.people import rights

pytestmark = pytest.mark.django_db

ROLES = (
    "helper",
    "teacher",
    "institution",
    "assessor",
    "county",
    "province",
    "operator",
    "analyst",
)
EVERYONE = ("", "learner", *ROLES)
SIGNED_IN = ("learner", *ROLES)
KEY = "a key, not a person"
# Policy to those whom it lets in; "" is nobody in particular.
DOORS = {
    "public": EVERYONE,
    "monitor.cockpit": EVERYONE,
    "own": SIGNED_IN,
    "records.key": KEY,
    "console": ROLES,
    "network.places": ("institution", "county", "province", "operator"),
    "hall.roster": ("teacher", "institution", "county", "province"),
    "hall.enrol_for_others": ("helper",),
    "cmi5.courses": ("teacher", "institution", "province", "operator"),
    "creditbank.queue": ("helper", "institution", "assessor", "county", "province"),
    "exchange.operate": ("province", "operator"),
    "exchange.results": ("institution", "province"),
    "exchange.results_accept": ("province",),
    "creditbank.standards_draft": ("institution", "province"),
    "creditbank.standards_publish": ("province",),
    "creditbank.accept": ("helper", "institution", "province"),
    "creditbank.screen": ("institution", "county", "province"),
    "creditbank.assess": ("assessor",),
    "creditbank.decide": ("province",),
    "creditbank.review": ("province",),
    "creditbank.revoke": ("province",),
    "creditbank.experts": ("province",),
    "creditbank.agreements": ("institution", "province"),
    "creditbank.rules": ("institution", "province"),
    "creditbank.rules_publish": ("province",),
    "creditbank.certificates": ("institution", "province"),
    "creditbank.freeze": ("institution", "county", "province"),
    "creditbank.reverse": ("province",),
    "creditbank.refresh": ("province",),
    "creditbank.ledger": ("province", "operator"),
    "creditbank.convert": ("institution", "province"),
    "records.operate": ("operator",),
    "records.erase": ("province", "operator"),
    "records.erase_ask": ("operator",),
    "records.personas": ("operator",),
    "records.export": ("operator",),
    "exports.own": ("province", "operator", "analyst"),
    "lake.operate": ("operator",),
    "lake.see": ("county", "province", "operator", "analyst"),
    "lake.steward": ("province",),
    "lake.analyse": ("province", "analyst"),
    "lake.privacy": ("province", "operator"),
    "lake.retain": ("province", "operator"),
    "lake.audit": ("province", "operator"),
    "lake.share": ("institution", "province"),
    "service.nodes": ("county", "province"),
    "service.counter": ("helper",),
    "service.opening": ("helper", "institution", "county", "province"),
    "service.merge": ("county", "province"),
    "people.particulars": ("county", "province"),
    "service.banks": ("province",),
    "service.honours": ("county", "province"),
    "people.see": ("helper", "county", "province"),
    "people.roles": ("county", "province", "operator"),
}
NOWHERE = {"IntConverter": "99999999", "UUIDConverter": "00000000-0000-4000-8000-000000000000"}


def patterns(found=None):
    for each in (found or get_resolver()).url_patterns:
        if isinstance(each, URLPattern):
            yield each
        else:
            yield from patterns(each)


def address_of(pattern):
    """The pattern's address with numbers of things that do not exist."""
    names = pattern.pattern.converters
    values = {name: NOWHERE.get(type(how).__name__, "nowhere") for name, how in names.items()}
    text = str(pattern.pattern)
    for name, how in names.items():
        kinds = {"IntConverter": "int", "UUIDConverter": "uuid", "SlugConverter": "slug"}
        kind = kinds.get(type(how).__name__, "str")
        text = text.replace(f"<{kind}:{name}>", values[name]).replace(f"<{name}>", values[name])
    return f"/{text}"


@pytest.mark.parametrize("pattern", list(patterns()), ids=lambda each: each.name)
def test_every_address_names_its_policy(pattern):
    policy = getattr(pattern.callback, "policy", None)
    assert policy is not None, f"{pattern.pattern}: guard the view with @access.page(rights.…)"
    assert rights.REGISTRY[policy.code] is policy


def test_every_command_names_its_policy():
    nameless = []
    for module in pkgutil.iter_modules(commands.__path__):
        command = importlib.import_module(f"{commands.__name__}.{module.name}").Command
        policy = getattr(command, "policy", None)
        if policy is None or rights.REGISTRY.get(policy.code) is not policy:
            nameless.append(module.name)
    assert nameless == []


@pytest.fixture(scope="module")
def module_world(django_db_setup, django_db_blocker):
    """One world for all walks; undone at the end."""
    from django.db import transaction  # noqa: PLC0415 - after Django is ready

    with django_db_blocker.unblock():
        outer = transaction.atomic()
        outer.__enter__()
        try:
            yield neighbours.build()
        finally:
            transaction.set_rollback(True)
            outer.__exit__(None, None, None)


def signed_in(who):
    # Without a version xAPI answers that it is missing, whoever asks.
    client = Client(headers={"accept-language": "en", "x-experience-api-version": "1.0.3"})
    client.cookies["language"] = "en"
    if who:
        client.post("/sign-in/demo/", {"username": f"demo-{who}"})
    return client


def knock(client, address):
    """How the door answers: in, out, sign in, key. What takes only POST gets one."""
    answer = client.get(address)
    if answer.status_code == 405:
        answer = client.post(address)
    if answer.status_code == 401:
        return "key"
    if answer.status_code == 403:
        return "out"
    if answer.status_code == 302 and answer.url.startswith("/sign-in/"):
        return "sign in"
    assert answer.status_code in {200, 302, 400, 404, 405, 409, 422}, (address, answer.status_code)
    return "in"


def expected(code, who):
    if DOORS[code] is KEY:
        return "key"
    if who in DOORS[code]:
        return "in"
    return "out" if who else "sign in"


@pytest.mark.parametrize("who", EVERYONE, ids=lambda each: each or "nobody")
def test_every_door_lets_in_whom_its_policy_names(module_world, who):
    answers, wanted = {}, {}
    for pattern in patterns():
        client = signed_in(who)
        code = pattern.callback.policy.code
        answers[pattern.name] = knock(client, address_of(pattern))
        wanted[pattern.name] = expected(code, who)
    assert answers == wanted


# What each role reaches of four places: its own county, below it, the sibling, another province.
PLACES = {
    "institution": "",
    "county": "own child",
    "province": "own child sibling",
    "operator": "own child sibling",
}
CASES = {
    "helper": "child",
    "institution": "",
    "assessor": "own child sibling",
    "county": "own child",
    "province": "own child sibling",
}
CLASSES = {
    "teacher": "own",
    "institution": "own",
    "county": "own child",
    "province": "own child sibling",
}
PEOPLE = {"helper": "child"}


def reached(who, address, things):
    """The words of the places whose page opens for somebody."""
    client = signed_in(who)
    found = {word: client.get(address.format(thing)).status_code for word, thing in things.items()}
    assert set(found.values()) <= {200, 404}, found
    return " ".join(word for word in neighbours.WHERE if found[word] == 200)


@pytest.mark.parametrize("who", ROLES)
def test_rows_are_reached_by_place(module_world, who):
    if who in PLACES:
        assert reached(who, "/console/places/{}/", neighbours.CODES) == PLACES[who]
    if who in CASES:
        assert reached(who, "/console/recognition/{}/", module_world.case) == CASES[who]
    if who in CLASSES:
        assert reached(who, "/console/classes/{}/", module_world.offering) == CLASSES[who]
    if who in PEOPLE:
        assert reached(who, "/console/enrol/{}/", module_world.person) == PEOPLE[who]


def exported(who, address, column):
    """The words of the places whose rows stand in the file that somebody downloads."""
    answer = signed_in(who).get(address)
    text = b"".join(answer.streaming_content).decode("utf-8-sig")
    titles = {row[column] for row in csv.DictReader(text.splitlines())}
    return " ".join(
        word for word in neighbours.WHERE if any(t.endswith(f" {word}") for t in titles)
    )


@pytest.mark.parametrize("who", ROLES)
def test_lists_and_their_files_hold_what_can_be_opened(module_world, who):
    if who in CASES:
        found = exported(who, "/console/recognition/?state=submitted&download=csv", "Application")
        assert found == CASES[who]
    if who in CLASSES:
        assert exported(who, "/console/classes/?download=csv", "Class") == CLASSES[who]
    if who in PLACES and who != "institution":
        found = exported(who, "/console/institutions/?kind=provider&download=csv", "Institution")
        assert found == PLACES[who].replace("own ", "")


@pytest.mark.parametrize("who", ROLES)
def test_nobody_moves_a_case_of_another_province(module_world, who):
    case = module_world.case["other"]
    verbs = (
        "accept", "return", "screen", "convene", "assess", "vote", "propose", "decide", "reject",
        "send-back", "take", "release", "declare", "take-up", "change", "uphold", "ask-revocation",
        "revoke", "keep",
    )  # fmt: skip
    for verb in verbs:
        answer = signed_in(who).post(
            f"/console/recognition/{case}/{verb}/", {"note": "x", "reasons": "x"}
        )
        assert answer.status_code in {403, 404}, (who, verb)


@pytest.mark.parametrize("who", ["learner", *ROLES])
def test_nobody_opens_what_belongs_to_another_learner(module_world, who):
    """Pages of one's own: somebody else's application is not found."""
    client = signed_in(who)
    assert client.get(f"/bank/applications/{module_world.case['own']}/").status_code == 404
