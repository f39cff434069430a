from datetime import date, timedelta

import pytest
from django.db import DatabaseError, transaction

from tests.creditbank import factories as bank
from tests.creditbank.rulebook import factories
from xueqiao.creditbank.models import TransferAgreement
from xueqiao.creditbank.rulebook import agreements, rules
from xueqiao.people import rights

pytestmark = pytest.mark.django_db
AT = factories.AT
DAY = AT.date()


@pytest.fixture
def of():
    return factories.sides()


def stands(agreement, day=DAY):
    return rules.standing(TransferAgreement.objects.get(pk=agreement.pk), day)


def test_it_is_in_force_when_both_sides_have_signed(of):
    made = factories.draft(of)
    assert stands(made) == "draft"
    agreements.offer(agreement=made, by=of.headmaster, at=AT)
    factories.sign(made, of.headmaster, "receiving")
    assert stands(made) == "offered"
    assert list(TransferAgreement.objects.in_force(DAY)) == []

    factories.sign(made, of.engineer, "giving", office="总工程师")

    assert (stands(made), stands(made, date(2025, 12, 1))) == ("in_force", "signed")
    assert list(TransferAgreement.objects.in_force(DAY)) == [made]
    steps = made.steps.order_by("number").values_list("verb", "actor__name")
    assert list(steps) == [
        ("draft", "校长"), ("offer", "校长"), ("sign_receiving", "校长"), ("sign_giving", "工程师"),
    ]  # fmt: skip
    signature = made.signatures.get(side="giving")
    made.refresh_from_db()
    assert (signature.office, signature.text_hash) == ("总工程师", agreements.text_hash(made))


def test_a_side_is_signed_for_by_its_own_people_only(of):
    made = factories.draft(of)
    agreements.offer(agreement=made, by=of.headmaster, at=AT)
    for who, side in (
        (of.headmaster, "giving"),
        (of.engineer, "receiving"),
        (of.officer, "giving"),
    ):
        with pytest.raises(rights.NotAllowed):
            factories.sign(made, who, side)
    stranger = bank.person("路人", of.place)
    with pytest.raises(rights.NotAllowed):
        factories.sign(made, stranger, "giving", document="假文件")


def test_one_person_never_signs_for_both_sides(of):
    made = factories.draft(of)
    agreements.offer(agreement=made, by=of.headmaster, at=AT)
    factories.sign(made, of.officer, "giving", document="厂字〔2014〕1 号")
    with pytest.raises(agreements.SignedByOne):
        factories.sign(made, of.officer, "receiving", document="校字〔2014〕2 号")
    factories.sign(made, of.headmaster, "receiving")
    assert stands(made) == "in_force"
    assert made.signatures.get(side="giving").document == "厂字〔2014〕1 号"


def test_what_is_signed_is_what_was_read(of):
    made = factories.draft(of)
    agreements.offer(agreement=made, by=of.headmaster, at=AT)
    read = agreements.text_hash(made)
    agreements.return_for_change(agreement=made, by=of.engineer, reason="学时不符", at=AT)
    agreements.amend(agreement=made, by=of.engineer, text=factories.text(notice_days=30), at=AT)
    agreements.offer(agreement=made, by=of.engineer, at=AT)
    with pytest.raises(agreements.TextChanged):
        factories.sign(made, of.headmaster, "receiving", read=read)


def test_a_returned_text_is_signed_anew_by_both(of):
    made = factories.draft(of)
    agreements.offer(agreement=made, by=of.headmaster, at=AT)
    factories.sign(made, of.headmaster, "receiving")
    with pytest.raises(agreements.Incomplete):
        agreements.return_for_change(agreement=made, by=of.engineer, reason=" ", at=AT)
    agreements.return_for_change(agreement=made, by=of.engineer, reason="学时不符", at=AT)
    assert stands(made) == "draft"
    agreements.offer(agreement=made, by=of.engineer, at=AT)
    factories.sign(made, of.engineer, "giving")
    assert stands(made) == "offered"
    factories.sign(made, of.headmaster, "receiving")
    assert stands(made) == "in_force"
    found = made.signatures.order_by("pk").values_list("revision", "side")
    assert list(found) == [(1, "receiving"), (2, "giving"), (2, "receiving")]


def test_steps_out_of_turn_are_refused(of):
    made = factories.draft(of)
    with pytest.raises(agreements.WrongState):
        factories.sign(made, of.headmaster, "receiving")
    agreements.offer(agreement=made, by=of.headmaster, at=AT)
    with pytest.raises(agreements.WrongState):
        agreements.amend(agreement=made, by=of.headmaster, text=factories.text(), at=AT)
    factories.sign(made, of.headmaster, "receiving")
    factories.sign(made, of.engineer, "giving")
    with pytest.raises(agreements.WrongState):
        agreements.return_for_change(agreement=made, by=of.engineer, reason="x", at=AT)


def test_repeated_steps_change_nothing(of):
    first, second = factories.draft(of), factories.draft(of)
    assert first == second
    for _time in range(2):
        agreements.offer(agreement=first, by=of.headmaster, at=AT)
    one = factories.sign(first, of.headmaster, "receiving")
    assert factories.sign(first, of.headmaster, "receiving") == one
    assert first.steps.count() == 3
    with pytest.raises(agreements.CodeTaken):
        agreements.draft(
            request_key="other", by=of.headmaster, code="A-1", giving=of.works,
            receiving=of.school, text=factories.text(), at=AT,
        )  # fmt: skip
    with pytest.raises(agreements.SidesEqual):
        agreements.draft(
            request_key="same", by=of.headmaster, code="A-2", giving=of.school,
            receiving=of.school, text=factories.text(), at=AT,
        )  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "refusal", "pointer"),
    [
        ({"valid_to": date(2026, 1, 1)}, agreements.DaysImpossible, "valid_to"),
        ({"terms_en": " "}, agreements.Incomplete, "terms_en"),
        ({"source": ""}, agreements.Incomplete, "source"),
    ],
)
def test_a_text_that_cannot_be_is_refused(of, changes, refusal, pointer):
    with pytest.raises(refusal) as refused:
        factories.draft(of, **changes)
    assert refused.value.pointer == pointer


def test_notice_ends_it_no_sooner_than_agreed(of):
    made = factories.signed(of)
    earliest = DAY + timedelta(days=90)
    with pytest.raises(agreements.DaysImpossible):
        end(made, of.engineer, earliest - timedelta(days=1))
    with pytest.raises(agreements.DaysImpossible):
        end(made, of.engineer, date(2030, 1, 1))
    end(made, of.engineer, earliest)
    end(made, of.engineer, earliest)
    assert (stands(made), stands(made, earliest + timedelta(days=1))) == ("ending", "ended")
    assert TransferAgreement.objects.in_force(earliest).count() == 1
    assert TransferAgreement.objects.in_force(earliest + timedelta(days=1)).count() == 0
    assert made.steps.filter(verb="give_notice").count() == 1


def end(made, by, last_day):
    agreements.give_notice(agreement=made, by=by, last_day=last_day, reason="停产", at=AT)


def test_agreements_are_kept_by_their_sides_and_their_province(of):
    made = factories.draft(of)
    stranger = factories.manager("外校", factories.body_of(
        "other", "外地学校", "open_university", of.place), of.place)  # fmt: skip
    elsewhere = bank.provincial(bank.network.place("41", 1, "河南省"))
    for who in (of.headmaster, of.engineer, of.officer):
        assert list(TransferAgreement.objects.kept_by(who, DAY)) == [made]
    for who in (stranger, elsewhere, None):
        assert list(TransferAgreement.objects.kept_by(who, DAY)) == []
    with pytest.raises(rights.NotAllowed):
        agreements.offer(agreement=made, by=stranger, at=AT)
    with pytest.raises(rights.NotAllowed):
        factories.draft(of, "A-9", by=stranger)
    assert not TransferAgreement.objects.filter(code="A-9").exists()


def test_the_database_keeps_an_offered_text_and_what_was_signed(of):
    made = factories.draft(of)
    agreements.offer(agreement=made, by=of.headmaster, at=AT)
    rows = TransferAgreement.objects.filter(pk=made.pk)
    refused(rows, terms_zh="另一内容")
    factories.sign(made, of.headmaster, "receiving")
    factories.sign(made, of.engineer, "giving")
    refused(rows, offered_at=None)
    refused(rows, signed_giving=None)
    with pytest.raises(DatabaseError, match="never change"), transaction.atomic():
        made.signatures.update(office="别人")


def refused(rows, **change):
    with pytest.raises(DatabaseError, match="never changes"), transaction.atomic():
        rows.update(**change)
