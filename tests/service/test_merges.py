"""Two accounts of one person: never joined by one officer, never with somebody else's, undoable."""

import pytest

from tests.creditbank import factories as bank
from tests.creditbank.test_conversion import Bank
from tests.service import factories
from tests.service.factories import AT
from xueqiao.creditbank import audit, caps, carried, completions, conversion, holders, queries
from xueqiao.creditbank.models import CreditLot, LearningAccount
from xueqiao.people import documents, rights
from xueqiao.people.models import RoleKind
from xueqiao.service import merges

NUMBER = factories.identity_number(7)


class Two(Bank):
    """One learner with two accounts, each with a lot; only the first was checked."""

    def __init__(self):
        super().__init__()
        self.kept, self.county = self.learner, bank.officer(
            "徐明", RoleKind.COUNTY, self.places.county
        )  # fmt: skip
        self.duplicate = bank.person("学员 1", self.places.county)
        documents.give(person_id=self.kept.pk, identity_hash=documents.hashed(NUMBER))
        self.kept.refresh_from_db()
        self.own, self.other = self.lot(), self.lot(who=self.duplicate)

    def ask(self, **changes):
        given = {
            "kept": self.kept, "duplicate": self.duplicate, "identity_number": NUMBER,
            "reason": "两次开户", "by": self.county, "at": AT, "request_key": "m",
        }  # fmt: skip
        return merges.ask(**{**given, **changes})

    def merged(self):
        return merges.approve(merge=self.ask(), by=self.officer, at=AT)

    def split(self, merge):
        merges.ask_split(merge=merge, by=self.county, at=AT, reason="不是同一人")
        return merges.split(merge=merge, by=self.officer, at=AT)

    def held(self, who):
        return [row.lot.pk for row in queries.lots(who, AT.date())]


@pytest.fixture
def two(db):
    return Two()


def test_one_asks_and_another_decides(two):
    merge = two.ask()
    assert two.ask() == merge
    with pytest.raises(merges.OneAlone):
        merges.approve(merge=merge, by=two.county, at=AT)
    merged = merges.approve(merge=merge, by=two.officer, at=AT)
    assert merges.approve(merge=merge, by=two.officer, at=AT) == merged
    assert (sorted(two.held(two.kept)), two.held(two.duplicate)) == (
        [two.own.pk, two.other.pk], [],
    )  # fmt: skip
    assert holders.merged_into(two.duplicate.pk).person == two.kept
    assert list(audit.recompute()) == []


@pytest.mark.parametrize(
    ("field", "value"), [("name", "另一个人"), ("birth_year", 1971), ("sex", "1")]
)
def test_accounts_that_contradict_each_other_stay_apart(two, field, value):
    two.kept.sex = "2"
    two.kept.save()
    setattr(two.duplicate, field, value)
    two.duplicate.save()
    with pytest.raises(merges.NotOnePerson):
        two.ask()


def test_the_document_has_to_fit_both_and_one_must_be_known(two):
    with pytest.raises(merges.NotOnePerson):
        two.ask(identity_number=factories.identity_number(8))
    other = documents.hashed(factories.identity_number(8))
    documents.give(person_id=two.duplicate.pk, identity_hash=other)
    two.duplicate.refresh_from_db()
    with pytest.raises(merges.NotOnePerson):
        two.ask()
    with pytest.raises(merges.NotOnePerson):
        two.ask(duplicate=two.kept)


def test_what_contradicts_by_the_time_of_the_decision_is_refused_then(two):
    merge = two.ask()
    two.duplicate.name = "改了名字"
    two.duplicate.save()
    with pytest.raises(merges.NotOnePerson):
        merges.approve(merge=merge, by=two.officer, at=AT)
    merges.reject(merge=merge, by=two.officer, at=AT, note="姓名不同")
    with pytest.raises(merges.MergeOver):
        merges.approve(merge=merge, by=two.officer, at=AT)


def test_nobody_handles_their_own_account_or_that_of_another_place(two):
    stranger = bank.officer("外地", RoleKind.COUNTY, two.places.elsewhere)
    with pytest.raises(rights.NotAllowed):
        two.ask(by=stranger)
    merge = two.ask()
    with pytest.raises(rights.NotAllowed):
        merges.approve(merge=merge, by=stranger, at=AT)
    with pytest.raises(merges.MergeOpen):
        two.ask(request_key="second")


def test_a_split_gives_back_exactly_what_was_moved(two):
    merge = two.merged()
    late = two.lot(who=two.kept)
    merges.ask_split(merge=merge, by=two.county, at=AT, reason="不是同一人")
    with pytest.raises(merges.OneAlone):
        merges.split(merge=merge, by=two.county, at=AT)
    merges.split(merge=merge, by=two.officer, at=AT)
    assert (sorted(two.held(two.kept)), two.held(two.duplicate)) == (
        [two.own.pk, late.pk], [two.other.pk],
    )  # fmt: skip
    accounts = LearningAccount.objects.filter(person__in=[two.kept, two.duplicate])
    assert set(accounts.values_list("status", "merged_into")) == {("active", None)}
    assert two.ask(request_key="again").state == "asked"


def test_what_is_learnt_later_under_the_merged_account_goes_to_the_kept_one(two):
    two.merged()
    entry = bank.completed(two.duplicate, 99, module="BBB")
    completions.recognise(entries=[entry], now=AT)
    assert CreditLot.objects.latest("pk").person == two.kept


def converted(two, who, lot, amount, key):
    asked = conversion.request(
        request_key=key, person=who, by=who, version_id=two.bachelor.pk, at=AT,
        uses=[conversion.Use(lot.pk, amount)],
    )  # fmt: skip
    return two.approve(asked)


def test_caps_of_both_count_together(two):
    converted(two, two.duplicate, two.other, 6000, "a")
    two.merged()
    # 40 credits are the programme's cap; 33.33 of them are used under the other account.
    with pytest.raises(caps.CapReached):
        converted(two, two.kept, two.own, 6000, "b")
    assert converted(two, two.kept, two.own, 1000, "c").amount_hundredths == 555
    assert list(audit.recompute()) == []


def test_accounts_that_together_exceed_a_cap_are_not_joined(two):
    converted(two, two.duplicate, two.other, 6000, "a")
    converted(two, two.kept, two.own, 6000, "b")
    with pytest.raises(carried.CapsExceeded):
        two.merged()
    assert holders.merged_into(two.duplicate.pk) is None


def test_a_split_restores_the_caps_and_takes_along_what_was_converted(two):
    merge = two.merged()
    made = converted(two, two.kept, two.other, 900, "a")
    two.split(merge)
    made.refresh_from_db()
    assert (made.person, made.account.person) == (two.duplicate, two.duplicate)
    assert converted(two, two.kept, two.own, 6000, "b").amount_hundredths == 3333
    assert list(audit.recompute()) == []


def test_credit_of_both_converted_together_keeps_them_joined(two):
    merge = two.merged()
    asked = two.request((two.own, 900), (two.other, 900))
    two.approve(asked)
    with pytest.raises(holders.NotPartable):
        two.split(merge)
