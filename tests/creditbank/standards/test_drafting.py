import itertools
from datetime import date, timedelta

import pytest
from django.db import DatabaseError, connection, transaction

from tests.creditbank.standards import makers
from tests.creditbank.standards.makers import AT, DAY
from xueqiao.creditbank import standards
from xueqiao.creditbank.models import QualificationFramework, Standard, StandardChange, Unit
from xueqiao.creditbank.standards import comparing, drafting, publishing
from xueqiao.people import rights

pytestmark = pytest.mark.django_db
LATER = date(2027, 1, 1)


@pytest.fixture
def who():
    return makers.bench()


def verbs(code="CARE"):
    rows = StandardChange.objects.filter(kind="standard", code=code).order_by("pk")
    return [key for key, _same in itertools.groupby(rows.values_list("verb", flat=True))]


def test_a_draft_counts_for_nobody_until_a_second_person_publishes_it(who):
    draft = makers.draft(who)
    assert "CARE-U1" not in {each.code for each in standards.claimable(DAY)}

    published = publishing.publish(draft=draft, by=who.publisher, at=AT)

    assert "CARE-U1" in {each.code for each in standards.claimable(DAY)}
    assert (published.is_draft, published.published_by) == (False, who.publisher)
    assert publishing.publish(draft=draft, by=who.publisher, at=AT) == published
    assert verbs() == ["drafted", "changed", "published"]


def test_who_wrote_a_draft_does_not_publish_it(who):
    draft = makers.draft(who)
    with pytest.raises(rights.NotAllowed):
        publishing.publish(draft=draft, by=who.author, at=AT)

    drafting.change(
        draft=draft, facts=makers.facts(who.level, title_en="Care"), by=who.publisher, at=AT
    )
    with pytest.raises(publishing.SamePerson):
        publishing.publish(draft=draft, by=who.publisher, at=AT)


@pytest.mark.parametrize("name", ["stranger", "other"])
def test_only_its_drafter_and_the_authority_edit_a_draft(who, name):
    draft = makers.draft(who)
    somebody = who.stranger
    if name == "other":
        somebody = makers.factories.officer("旁人", "institution", who.author.home)
    with pytest.raises(rights.NotAllowed):
        drafting.save_unit(draft=draft, facts=makers.unit(who.level), by=somebody, at=AT)
    with pytest.raises(rights.NotAllowed):
        drafting.discard(draft=draft, by=somebody, at=AT)


def test_what_is_published_is_kept_by_the_database(who):
    draft = makers.draft(who)
    publishing.publish(draft=draft, by=who.publisher, at=AT)
    tampering = [
        "update creditbank_unit set credit_hundredths = 9900 where code = 'CARE-U1'",
        "update creditbank_standard set title_zh = '别的' where code = 'CARE'",
        "update creditbank_standard set is_draft = true where code = 'CARE'",
        "update creditbank_level set knowledge = '' where number = 3",
        "delete from creditbank_unit where code = 'CARE-U1'",
        "delete from creditbank_standardchange",
    ]
    for statement in tampering:
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as ask:
            ask.execute(statement)
    with pytest.raises(drafting.NotADraft):
        drafting.remove_unit(draft=draft, unit_id=0, by=who.author, at=AT)


def test_the_next_version_ends_the_one_before_and_stands_beside_it(who):
    first = publishing.publish(draft=makers.draft(who), by=who.publisher, at=AT)
    second = drafting.next_standard(
        standard=first, version="2", valid_from=LATER, by=who.author, at=AT
    )
    old = second.units.get()
    better = makers.unit(who.level, "CARE-U1", credit_hundredths=250, title_en="Care every day")
    drafting.save_unit(draft=second, facts=better, by=who.author, at=AT, unit_id=old.pk)
    drafting.save_unit(draft=second, facts=makers.unit(who.level, "CARE-U2"), by=who.author, at=AT)

    publishing.publish(draft=second, by=who.publisher, at=AT)

    first.refresh_from_db()
    assert (first.valid_to, first.replaced_by_id) == (LATER, second.pk)
    versions = Unit.objects.filter(code="CARE-U1").order_by("version")
    assert [(each.version, each.valid_to) for each in versions] == [("1", LATER), ("2", None)]
    before = {each.code: each.version for each in standards.claimable(LATER - timedelta(days=1))}
    after = {each.code: each.version for each in standards.claimable(LATER)}
    assert (before["CARE-U1"], after["CARE-U1"]) == ("1", "2")
    parts = {part.code: part for part in comparing.compare(first, second)}
    assert {code: part.what for code, part in parts.items()} == {
        "": "changed",
        "CARE-U1": "changed",
        "CARE-U2": "added",
    }
    changes = {each.title: each for each in parts["CARE-U1"].changes}
    credit = changes[comparing.WORDS["credit"]]
    assert ("".join(t for t, _ in credit.old), "".join(t for t, _ in credit.new)) == ("2", "2.5")


def test_a_version_does_not_begin_before_the_one_it_replaces(who):
    first = publishing.publish(draft=makers.draft(who), by=who.publisher, at=AT)
    second = drafting.next_standard(
        standard=first, version="2", valid_from=DAY - timedelta(days=9), by=who.author, at=AT
    )
    with pytest.raises(publishing.WrongDay):
        publishing.publish(draft=second, by=who.publisher, at=AT)
    assert Standard.objects.get(pk=second.pk).is_draft


def test_a_draft_with_gaps_is_not_published_and_says_which(who):
    draft = makers.draft(who)
    bare = makers.unit(who.level, "CARE-U2", outcomes=[], criteria=[])
    drafting.save_unit(draft=draft, facts=bare, by=who.author, at=AT)
    with pytest.raises(publishing.NotComplete, match="CARE-U2"):
        publishing.publish(draft=draft, by=who.publisher, at=AT)


@pytest.mark.parametrize(
    "change", [{"credit_hundredths": 0}, {"source": " "}, {"notional_hours": 0}]
)
def test_a_unit_without_value_hours_or_source_is_refused(who, change):
    draft = makers.draft(who)
    with pytest.raises(drafting.FieldMissing) as refused:
        drafting.save_unit(
            draft=draft, facts=makers.unit(who.level, "CARE-U2", **change), by=who.author, at=AT
        )
    assert refused.value.pointer == next(iter(change))


def test_a_code_and_version_are_taken_once(who):
    makers.draft(who)
    with pytest.raises(drafting.VersionTaken):
        makers.draft(who)
    other = drafting.draft_standard(
        code="OTHER", version="1", facts=makers.facts(who.level), by=who.author, at=AT
    )
    with pytest.raises(drafting.VersionTaken):
        drafting.save_unit(draft=other, facts=makers.unit(who.level), by=who.author, at=AT)


def test_retired_it_recognises_nothing_new(who):
    row = publishing.publish(draft=makers.draft(who), by=who.publisher, at=AT)
    with pytest.raises(publishing.WrongDay):
        publishing.retire(row=row, day=DAY, by=who.publisher, at=AT, reason="过时")
    for _twice in range(2):
        publishing.retire(row=row, day=LATER, by=who.publisher, at=AT, reason="过时")
    assert "CARE-U1" in {each.code for each in standards.claimable(LATER - timedelta(days=1))}
    assert "CARE-U1" not in {each.code for each in standards.claimable(LATER)}
    assert verbs()[-1] == "retired"


def test_a_discarded_draft_leaves_its_audit_rows(who):
    draft = makers.draft(who)
    drafting.discard(draft=draft, by=who.author, at=AT)
    assert not Standard.objects.filter(code="CARE").exists()
    assert verbs() == ["drafted", "changed", "discarded"]


def test_a_framework_gets_a_next_version_with_its_levels(who):
    first = QualificationFramework.objects.get(code="SAMPLE-QF10")
    second = drafting.next_framework(
        framework=first, version="2027.1", valid_from=LATER, by=who.author, at=AT
    )
    assert second.levels.count() == first.levels.count()
    levels = [
        drafting.LevelFacts(number, f"{number}级", f"Level {number}", "知", "技", "能")
        for number in (1, 2, 3)
    ]
    with pytest.raises(drafting.FieldMissing):
        drafting.set_levels(draft=second, levels=levels[1:], by=who.author, at=AT)
    drafting.set_levels(draft=second, levels=levels, by=who.author, at=AT)
    publishing.publish(draft=second, by=who.publisher, at=AT)
    first.refresh_from_db()
    assert (first.valid_to, second.levels.count()) == (LATER, 3)
    whats = [part.what for part in comparing.compare(first, second)]
    assert (whats.count("removed"), whats.count("changed")) == (7, 4)
