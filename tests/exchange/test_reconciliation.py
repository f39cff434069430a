"""What the ledger posted is reported to the superior bank; each day is compared to zero breaks."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest

from tests.creditbank import factories
from tests.exchange.conftest import AT, SECRET, later
from xueqiao.creditbank.models import CreditLot
from xueqiao.exchange import partners
from xueqiao.exchange.models import Break, Message, Reconciliation
from xueqiao.exchange.superior import drivers, reconciling, reporting
from xueqiao.kernel import clock, outbound
from xueqiao.people import rights

pytestmark = pytest.mark.django_db
DAY = clock.local_date(AT)


def report(partner, at=AT):
    """What the job does, but for the place in the log: a test's own entries are not committed."""
    reporting.write(partner=partner, lot_ids=CreditLot.objects.values_list("pk", flat=True), at=at)
    return reporting.send(partner=partner, driver=drivers.of(partner), now=at)


def compare(partner, at):
    return reconciling.reconcile(partner=partner, day=DAY, now=at)


def figures(row):
    return row.ours, row.theirs, row.matched, row.breaks


def states():
    return sorted(Break.objects.values_list("kind", "state"))


@pytest.fixture
def officer(db):
    return factories.provincial(factories.network.place("32", 1, "江苏省"))


@pytest.mark.django_db(transaction=True)
def test_every_posted_lot_is_reported_once_however_often_the_job_runs(recognise, partner, bank):
    recognise(3)
    first = reporting.run(now=later(minutes=1))
    again = reporting.run(now=later(minutes=2))
    assert (first.read, first.sent, again) == (3, 3, (0, 0, 0))
    (day,) = bank.days
    assert len(bank.days[day]) == 3
    assert set(Message.objects.values_list("state", "version")) == {("taken", 1)}


def test_a_day_on_which_nothing_went_wrong_has_no_break(recognise, partner):
    recognise(3)
    report(partner)
    assert figures(compare(partner, later(days=1))) == (3, 3, 3, 0)
    assert states() == []


def test_a_changed_lot_is_the_next_version_and_an_unchanged_one_is_none(recognise, partner, bank):
    recognise(2)
    report(partner)
    assert reporting.write(partner=partner, lot_ids=[CreditLot.objects.first().pk], at=AT) == 0
    CreditLot.objects.filter(pk=CreditLot.objects.first().pk).update(state="frozen")
    report(partner, later(hours=1))
    assert sorted(Message.objects.values_list("version", flat=True)) == [1, 1, 2]
    assert figures(compare(partner, later(days=1))) == (3, 3, 3, 0)


@pytest.mark.parametrize("fault", ["lose", "alter"])
def test_what_got_lost_or_changed_there_is_sent_again_until_nothing_differs(
    recognise, partner, bank, fault
):
    recognise(5)
    setattr(bank, fault, 2)
    report(partner)
    kind = {"lose": "missing_there", "alter": "differs"}[fault]
    found = compare(partner, later(days=1))
    assert (found.breaks, states()) == (2, [(kind, "mending")] * 2)
    report(partner, later(days=1))
    assert figures(compare(partner, later(days=2))) == (5, 5, 5, 0)
    assert states() == [(kind, "resolved")] * 2


def test_what_gets_lost_again_and_again_waits_for_somebody(recognise, partner, bank, officer):
    recognise(1)
    bank.lose = 99
    report(partner)
    for n in range(1, reconciling.TRIES + 2):
        compare(partner, later(days=n))
        report(partner, later(days=n))
    row = Break.objects.get()
    assert (row.state, row.tries) == ("waiting", reconciling.TRIES)
    bank.lose = 0
    reconciling.send_again(row=row, by=officer, at=later(days=9), reason="对方已修复")
    report(partner, later(days=9))
    assert figures(compare(partner, later(days=10))) == (1, 1, 1, 0)
    row.refresh_from_db()
    assert (row.state, row.decided_by, row.note) == ("resolved", officer, "对方已修复")


def test_what_we_never_reported_is_withdrawn_by_a_person_and_not_by_itself(
    recognise, partner, bank, officer
):
    recognise(1)
    report(partner)
    bank.days[DAY.isoformat()]["JS:lot:999", 1] = "f" * 64
    compare(partner, later(days=1))
    row = Break.objects.get()
    assert (row.kind, row.state) == ("missing_here", "waiting")

    with pytest.raises(reconciling.NoReason):
        reconciling.withdraw(row=row, by=officer, at=later(days=1), reason=" ")
    somebody = factories.person("路人")
    with pytest.raises(rights.NotAllowed):
        reconciling.withdraw(row=row, by=somebody, at=later(days=1), reason="不是我们的")
    with pytest.raises(reconciling.WrongState):
        reconciling.send_again(row=row, by=officer, at=later(days=1), reason="再发")
    reconciling.withdraw(row=row, by=officer, at=later(days=1), reason="不是我们的")
    with pytest.raises(reconciling.WrongState):
        reconciling.withdraw(row=row, by=officer, at=later(days=1), reason="不是我们的")

    report(partner, later(days=1))
    found = compare(partner, later(days=2))
    assert (found.breaks, states()) == (0, [("missing_here", "resolved")])


def test_the_refused_one_decides_nothing_half(recognise, partner, officer):
    """A refusal of ``send_again`` leaves the break as it was."""
    row = Break.objects.create(
        partner=partner, day=DAY, key="JS:lot:1", version=1, kind="missing_here", state="waiting",
        opened_at=AT,
    )  # fmt: skip
    with pytest.raises(reconciling.WrongState):
        reconciling.send_again(row=row, by=officer, at=AT, reason="再发")
    row.refresh_from_db()
    assert (row.state, row.decided_by) == ("waiting", None)


def test_days_are_compared_until_they_agree_and_today_is_not(recognise, partner, bank):
    recognise(2)
    bank.lose = 1
    report(partner)
    today = DAY + timedelta(days=1)
    assert reconciling.due(partner=partner, today=today) == [DAY]
    assert reconciling.run(now=later(days=1)) == (1, 1, 0)
    far = DAY + timedelta(days=40)
    assert DAY in reconciling.due(partner=partner, today=far)
    report(partner, later(days=1))
    reconciling.reconcile(partner=partner, day=DAY, now=later(days=2))
    for n in range(1, 40):
        Reconciliation.objects.create(
            partner=partner, day=DAY + timedelta(days=n), compared_at=later(days=n + 1), ours=0,
            theirs=0, matched=0, breaks=0,
        )  # fmt: skip
    assert reconciling.due(partner=partner, today=far) == [
        far - timedelta(days=n) for n in (3, 2, 1)
    ]


def test_a_partner_that_does_not_answer_loses_nothing(recognise, partner, bank, monkeypatch):
    recognise(2)
    partner.address = "http://127.0.0.1:9"
    partner.save()
    monkeypatch.setattr(outbound, "_back_off", lambda tried: 0.0)
    assert report(partner) == (0, 2)
    row = Message.objects.first()
    assert (row.state, row.attempts, row.next_at) == ("queued", 1, later(minutes=2))
    assert reconciling.run(now=later(days=1)).unanswered == 1
    partner.address = bank.address
    partner.save()
    assert report(partner, later(hours=1)) == (2, 0)


def test_a_paused_partner_is_told_everything_afterwards(recognise, partner):
    recognise(1)
    partners.pause(partner=partner, at=AT)
    assert reporting.run(now=AT) == (0, 0, 0)
    partners.pause(partner=partner, at=None)
    assert report(partner) == (1, 0)


def test_an_answer_with_another_signature_is_not_believed(recognise, partner, bank):
    recognise(1)
    bank.key = "another secret of thirty-two letters"
    assert report(partner) == (0, 1)
    assert Message.objects.get().state == "queued"


def test_no_name_and_no_identity_number_leaves_the_house(recognise, partner):
    recognise(1)
    report(partner)
    content = Message.objects.get().content
    assert sorted(content) == [
        "account", "bank", "credit_hundredths", "issuer", "key", "kind", "level", "lot",
        "obtained", "parents", "state", "title", "unit", "valid_to",
    ]  # fmt: skip
    assert "learner 0" not in json.dumps(content, ensure_ascii=False)


# --- by files ------------------------------------------------------------------------------------


@pytest.fixture
def folder(db, settings, tmp_path):
    settings.HOME = tmp_path
    made = partners.open_partner(
        code="province-above", name="上级", own_code="JS", driver="file", address="above",
        secret=SECRET, at=AT,
    )  # fmt: skip
    return made, tmp_path / "exchange" / "above"


def lay(path, rows, secret=SECRET):
    body = "".join(json.dumps(row) + "\n" for row in rows).encode()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.with_suffix(".sig").write_text(drivers.sign(secret, body))
    path.write_bytes(body)


def test_by_files_answers_come_later_and_the_day_is_a_file(recognise, folder):
    partner, where = folder
    recognise(2)
    report(partner)
    assert set(Message.objects.values_list("state", flat=True)) == {"sent"}
    (sent,) = where.glob("out/*.jsonl")
    rows = [json.loads(line) for line in sent.read_text().splitlines()]
    drivers.check(SECRET, sent.read_bytes(), sent.with_suffix(".sig").read_text())
    with pytest.raises(drivers.NotAnswered):
        compare(partner, later(days=1))

    answers = [{"key": r["key"], "version": r["version"], "taken": True} for r in rows]
    lay(where / "in/answers-1.jsonl", answers)
    reporting.report(partner=partner, now=later(hours=1))
    assert set(Message.objects.values_list("state", flat=True)) == {"taken"}
    assert (where / "done/answers-1.jsonl").exists()

    lay(
        where / f"in/day-{DAY}.jsonl",
        [{n: r[n] for n in ("key", "version", "digest")} for r in rows],
    )
    assert figures(compare(partner, later(days=1))) == (2, 2, 2, 0)


def test_a_file_that_was_tampered_with_is_refused_and_stays(recognise, folder):
    partner, where = folder
    recognise(1)
    report(partner)
    lay(where / "in/answers-1.jsonl", [{"key": "x", "version": 1, "taken": True}], secret="wrong")
    with pytest.raises(drivers.AnswerUnreadable):
        reporting.report(partner=partner, now=later(hours=1))
    assert (where / "in/answers-1.jsonl").exists()


@pytest.mark.parametrize(
    ("changed", "pointer"),
    [
        ({"code": "no spaces"}, "code"),
        ({"secret": "short"}, "secret"),
        ({"driver": "file", "address": "../etc"}, "address"),
    ],
    ids=["code", "secret", "folder"],
)
def test_an_unfit_partner_is_refused_in_the_form(db, changed, pointer):
    said = {
        "code": "a", "name": "a", "own_code": "JS", "driver": "file", "address": "above",
        "secret": SECRET,
    }  # fmt: skip
    with pytest.raises(partners.PartnerUnfit) as refused:
        partners.open_partner(**said | changed, at=AT)
    assert refused.value.pointer == pointer
    partners.open_partner(**said, at=AT)
    with pytest.raises(partners.PartnerTaken):
        partners.open_partner(**said, at=AT)
