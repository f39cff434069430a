"""Personas: joined and split by somebody, back again, never guessed."""

import hashlib
import io

import pytest
from django.db import DatabaseError, IntegrityError, transaction
from openpyxl import Workbook

from tests.records import erasing
from tests.records import factories as f
from xueqiao.kernel import clock
from xueqiao.lake import catalogue
from xueqiao.people import identity
from xueqiao.records import actors, exports, query
from xueqiao.records.models import Actor, Persona, PersonaMember, PersonaProposal, Statement
from xueqiao.records.personas import identifiers, membership, proposals, reading, sheets
from xueqiao.records.personas import statements as personas

pytestmark = pytest.mark.django_db
HOME = "https://school.example"
WEI, WEI2, LI = (f"account|{HOME}|{name}" for name in ("wei", "wei2", "li"))
MAIL = "mbox|mailto:wei@school.example"


def join(*wanted, why="form 12", **options):
    return membership.join(
        identifiers=wanted, why=why, by=erasing.person("zheng"), at=clock.now(), **options
    )


def of(persona):
    found = reading.members().filter(persona=persona)
    return sorted(found.values_list("actor__ifi", flat=True))


def filters(**options):
    return query.Filters(ascending=True, **options)


def keys(page):
    return [str(row.uuid) for row in page.rows]


def test_joining_twice_is_joining_once_and_a_third_comes_along():
    first = join(WEI, WEI2)
    rows = list(PersonaMember.objects.values())
    assert join(WEI, WEI2).pk == first.pk
    assert list(PersonaMember.objects.values()) == rows
    assert join(WEI2, MAIL).pk == first.pk
    assert of(first) == sorted([WEI, WEI2, MAIL])


def test_two_personas_become_one_and_it_can_be_undone():
    older, younger = join(WEI, WEI2), join(LI, MAIL)
    assert join(WEI, LI).pk == older.pk
    assert of(older) == sorted([WEI, WEI2, LI, MAIL])
    assert of(younger) == []
    for identifier in (LI, MAIL):
        membership.split(
            persona=older, actor=Actor.objects.get(ifi=identifier), why="another person",
            by=erasing.person("wu"), at=clock.now(),
        )  # fmt: skip
    assert of(older) == sorted([WEI, WEI2])
    assert PersonaMember.objects.count() == 6
    assert PersonaMember.objects.exclude(left_at=None).count() == 4


def test_splitting_the_last_two_leaves_nobody():
    made = join(WEI, WEI2)
    wei = Actor.objects.get(ifi=WEI)
    membership.split(persona=made, actor=wei, why="error", by=None, at=clock.now())
    assert of(made) == []
    with pytest.raises(membership.NotTogether):
        membership.split(persona=made, actor=wei, why="error", by=None, at=clock.now())
    again = join(WEI, WEI2)
    assert of(again) == sorted([WEI, WEI2])


def test_the_database_keeps_one_persona_for_an_actor_and_who_joined_it():
    made = join(WEI, WEI2)
    other = Persona.objects.create(key="0" * 32, opened_at=clock.now())
    actor = Actor.objects.get(ifi=WEI)
    with pytest.raises(IntegrityError), transaction.atomic():
        PersonaMember.objects.create(persona=other, actor=actor, joined_at=clock.now(), why="x")
    with pytest.raises(DatabaseError), transaction.atomic():
        PersonaMember.objects.filter(persona=made).update(why="something else")


def test_a_renamed_account_is_found_under_both_and_each_text_stays():
    before, after = f.statement(), f.statement(actor=f.agent("wei2"))
    f.store(before, after, f.statement(actor=f.agent("li")))
    texts = dict(Statement.objects.values_list("uuid", "text"))
    membership.rename(old=WEI, new=WEI2, why="account renamed", by=None, at=clock.now())
    both = [before["id"], after["id"]]
    assert keys(personas.page(WEI, filters())) == both
    assert keys(personas.page(WEI2, filters())) == both
    # The standard's filter stays as it is: the identifier, nothing else.
    assert keys(query.page(filters(agent=WEI))) == both[:1]
    assert dict(Statement.objects.values_list("uuid", "text")) == texts
    assert PersonaMember.objects.get(actor__ifi=WEI2).replaces.ifi == WEI


def test_pages_of_a_persona_repeat_and_lose_nothing():
    made = [f.statement(actor=f.agent(name)) for name in ["wei", "wei2", "wei2", "li"] * 5]
    for each in made:
        f.store(each)
    join(WEI, WEI2)
    wanted = [each["id"] for each in made if each["actor"]["account"]["name"] != "li"]
    found, behind = [], None
    while True:
        page = personas.page(WEI, filters(limit=4, behind=behind))
        found += keys(page)
        behind = page.following
        if behind is None:
            break
    assert found == wanted


def test_identifiers_of_two_persons_are_not_joined():
    one, other = erasing.people()
    for person, name in ((one, "wei"), (other, "li")):
        identity.link(person_id=person.pk, home_page=HOME, name=name, at=clock.now(), why="t")
    with pytest.raises(membership.TwoPersons):
        join(WEI, LI)
    join(WEI, WEI2)
    with pytest.raises(membership.TwoPersons):
        join(WEI2, LI)


def test_a_joined_mailbox_counts_for_the_linked_person_and_back():
    f.store(f.statement(), f.statement(actor={"mbox": "mailto:wei@school.example"}))
    one = erasing.person("zheng")
    identity.link(person_id=one.pk, home_page=HOME, name="wei", at=clock.now(), why="t")
    made = join(WEI, MAIL)
    assert actors.resolve(at=clock.now()) == 2
    assert set(Actor.objects.values_list("person", flat=True)) == {one.pk}
    assert actors.resolve(at=clock.now()) == 0
    mail = Actor.objects.get(ifi=MAIL)
    membership.split(persona=made, actor=mail, why="not hers", by=None, at=clock.now())
    assert actors.resolve(at=clock.now()) == 1
    mail.refresh_from_db()
    assert mail.person_id is None


def test_unknown_identifiers_of_a_persona_are_one_learner_in_the_lake():
    f.store(f.statement(), f.statement(actor=f.agent("wei2")), f.statement(actor=f.agent("li")))
    before = learners()
    assert len(set(before.values())) == 3
    join(WEI, WEI2)
    assert learners() == before | {WEI2: before[WEI]}


def learners():
    """Identifier → the learner that the lake counts it as."""
    rows = [row for found in catalogue.learners(exports.ACTORS.all()) for row in found.to_pylist()]
    known = dict(Actor.objects.values_list("pk", "ifi"))
    return {known[row["actor_id"]]: row["learner_id"] for row in rows}


def test_a_mailbox_and_its_hash_are_proposed_and_joined_by_somebody_only():
    digest = hashlib.sha1(b"mailto:wei@school.example").hexdigest()
    f.store(
        f.statement(actor={"mbox": "mailto:wei@school.example"}),
        f.statement(actor={"mbox_sha1sum": digest}),
        f.statement(actor={"mbox": "mailto:li@school.example"}),
    )
    assert (proposals.find(now=clock.now()), proposals.find(now=clock.now())) == (1, 0)
    assert reading.members().count() == 0
    [found] = proposals.waiting()
    made = proposals.accept(proposal=found, by=erasing.person("wu"), at=clock.now())
    assert of(made) == sorted([MAIL, f"sha1|{digest}"])
    assert proposals.waiting() == []
    with pytest.raises(proposals.ProposalDecided):
        proposals.turn_down(proposal=found, by=erasing.person("wu"), at=clock.now())


def test_what_was_turned_down_is_not_proposed_again():
    digest = hashlib.sha1(b"mailto:wei@school.example").hexdigest()
    f.store(
        f.statement(actor={"mbox": "mailto:wei@school.example"}),
        f.statement(actor={"mbox_sha1sum": digest}),
    )
    proposals.find(now=clock.now())
    proposals.turn_down(
        proposal=PersonaProposal.objects.get(), by=erasing.person("wu"), at=clock.now()
    )
    assert proposals.find(now=clock.now()) == 0
    assert proposals.waiting() == []


@pytest.mark.parametrize(
    ("text", "identifier"),
    [
        ("wei@School.example", MAIL),
        ("mailto:wei@school.example", MAIL),
        (f"{HOME} wei", WEI),
        ('{"account":{"homePage":"https://school.example","name":"wei"}}', WEI),
        ("AB" * 20, f"sha1|{'ab' * 20}"),
        ("https://id.example/wei", "openid|https://id.example/wei"),
    ],
)
def test_identifiers_are_read_as_people_write_them(text, identifier):
    assert identifiers.parse(text) == identifier
    assert identifiers.parse(identifiers.show(identifier)) == identifier


@pytest.mark.parametrize("text", ["", "wei", "{", "{}", "school.example wei", '{"mbox":1}', "[1]"])
def test_what_is_no_identifier_is_refused(text):
    with pytest.raises(identifiers.IdentifierUnfit):
        identifiers.parse(text)


GOOD = (
    "group,identifier,platform,evidence\n"
    "1,wei,https://school.example,list of March\n"
    "1,wei@school.example,,list of March\n"
    "2,https://school.example li,,form\n"
    "2,li2,https://school.example,form\n"
)


def sheet(text, name="people.csv"):
    data = text if isinstance(text, bytes) else text.encode()
    return sheets.read(name=name, data=data, by=erasing.person("zheng"), at=clock.now())


def test_a_table_is_looked_at_and_then_applied_once():
    f.store(f.statement())
    made = sheet(GOOD)
    groups = sheets.preview(made)
    assert [(g.name, g.identifiers, g.unknown, g.joined) for g in groups] == [
        ("1", [WEI, MAIL], [MAIL], 0),
        ("2", [LI, f"account|{HOME}|li2"], [LI, f"account|{HOME}|li2"], 0),
    ]
    assert reading.members().count() == 0
    done = sheets.apply(sheet=made, by=erasing.person("wu"), at=clock.now())
    assert done.joined == 4
    assert of(reading.persona_of(Actor.objects.get(ifi=WEI))) == sorted([WEI, MAIL])
    with pytest.raises(sheets.SheetApplied):
        sheets.apply(sheet=made, by=erasing.person("wu"), at=clock.now())
    assert sheet(GOOD).pk == made.pk


def test_a_workbook_says_the_same_as_a_table():
    book = Workbook()
    page = book.active
    page.append(["分组", "标识", "平台", "依据"])
    for row in GOOD.splitlines()[1:]:
        page.append(row.split(","))
    data = io.BytesIO()
    book.save(data)
    made = sheet(data.getvalue(), "people.xlsx")
    assert [row["identifier"] for row in made.rows] == [
        row["identifier"] for row in sheet(GOOD).rows
    ]


def test_every_wrong_cell_is_named():
    text = (
        "evidence,group,identifier\n"
        "form,1,wei@school.example\n"
        ",1,nobody\n"
        "form,2,wei@school.example\n"
        "form,2,\n"
        "form,3,li@school.example\n"
    )
    with pytest.raises(sheets.SheetUnfit) as refused:
        sheet(text)
    assert [each.cell for each in refused.value.cells] == ["C2", "A3", "C3", "C4", "C4", "C5", "C6"]


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b"", "a.csv"),
        (b"a,b\n1,2\n", "a.csv"),
        (b"\xff\xfe\x00", "a.csv"),
        (b"PK no workbook", "a.xlsx"),
        (b'group,identifier,evidence\n"1', "a.csv"),
        (b"group,identifier,evidence\n", "a.csv"),
    ],
)
def test_what_is_no_table_is_refused(data, name):
    with pytest.raises(sheets.SheetUnfit):
        sheet(data, name)


def test_a_table_of_two_persons_changes_nothing():
    one, other = erasing.people()
    identity.link(person_id=one.pk, home_page=HOME, name="li", at=clock.now(), why="t")
    identity.link(person_id=other.pk, home_page=HOME, name="li2", at=clock.now(), why="t")
    made = sheet(GOOD)
    with pytest.raises(sheets.SheetUnfit) as refused:
        sheets.apply(sheet=made, by=one, at=clock.now())
    assert [each.cell for each in refused.value.cells] == ["B4"]
    assert reading.members().count() == 0
