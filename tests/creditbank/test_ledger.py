import hashlib
from datetime import timedelta

import pytest
import rfc8785
from django.db import DatabaseError, connection, transaction

from tests.creditbank import factories
from xueqiao.creditbank import audit, guards, hashed, ledger, rules
from xueqiao.creditbank.guards import refusals
from xueqiao.creditbank.guards.tables import APPEND_ONLY
from xueqiao.creditbank.models import (
    Account,
    CreditLot,
    Decision,
    LedgerUnit,
    Phase,
    Transfer,
    TransferGroup,
)

pytestmark = pytest.mark.django_db
AT = factories.AT
LATER = AT + timedelta(days=1)


@pytest.fixture
def issue():
    return factories.account("issue:x")


@pytest.fixture
def lot(issue):
    made = factories.account("lot:x", no_overdraw=True)
    factories.post(issue, made, 1000, "start")
    return made


def counters(account):
    account.refresh_from_db()
    return account.debits, account.credits, account.debits_pending, account.credits_pending


def test_a_posting_moves_credit_once_for_each_key(issue, lot):
    first = factories.post(lot, issue, 400, "a")
    again = factories.post(lot, issue, 400, "a", at=LATER)
    assert (first, first.event_at) == (again, AT)
    assert (counters(lot), counters(issue)) == ((400, 1000, 0, 0), (1000, 400, 0, 0))
    assert Transfer.objects.count() == 2


def test_a_key_with_another_request_is_refused(issue, lot):
    factories.post(lot, issue, 400, "a")
    for lines in ([factories.line(lot, issue, 401)], [factories.line(issue, lot, 400)]):
        with pytest.raises(ledger.KeyReused):
            ledger.post(key="a", kind="test", lines=lines, event_at=AT, posted_at=AT)
    two = [ledger.Voucher("b", "test", (factories.line(lot, issue, n),), AT) for n in (1, 2)]
    with pytest.raises(ledger.KeyReused):
        ledger.post_many(vouchers=two, posted_at=AT)
    assert counters(lot) == (400, 1000, 0, 0)


def test_one_key_twice_in_a_batch_is_posted_once(issue, lot):
    voucher = ledger.Voucher("b", "test", (factories.line(lot, issue, 5),), AT)
    made = ledger.post_many(vouchers=[voucher, voucher], posted_at=AT)
    assert list(made) == ["b"]
    assert counters(lot) == (5, 1000, 0, 0)


def test_more_than_is_free_is_refused_in_words(issue, lot):
    ledger.reserve(
        key="r",
        lines=[factories.line(lot, issue, 300)],
        event_at=AT,
        posted_at=AT,
        expires_at=LATER,
    )
    with pytest.raises(ledger.Overdrawn) as refused:
        factories.post(lot, issue, 701, "a")
    assert (refused.value.account, refused.value.free, refused.value.asked) == (
        "lot:x",
        "7",
        "7.01",
    )
    factories.post(lot, issue, 700, "b")


def test_a_group_is_all_or_nothing(issue, lot):
    lines = [factories.line(issue, lot, 50), factories.line(lot, issue, 2000)]
    with pytest.raises(ledger.Overdrawn):
        ledger.post(key="a", kind="test", lines=lines, event_at=AT, posted_at=AT)
    assert counters(lot) == (0, 1000, 0, 0)
    assert not TransferGroup.objects.filter(key="a").exists()


def test_lines_of_a_group_count_in_their_order(issue, lot):
    empty = factories.account("lot:empty", no_overdraw=True)
    through = [factories.line(lot, empty, 100), factories.line(empty, issue, 100)]
    ledger.post(key="a", kind="test", lines=through, event_at=AT, posted_at=AT)
    with pytest.raises(ledger.Overdrawn):
        ledger.post(key="b", kind="test", lines=through[::-1], event_at=AT, posted_at=AT)


@pytest.mark.parametrize(
    ("outcome", "after"),
    [
        (Phase.POST, (300, 1000, 0, 0)),
        (Phase.VOID, (0, 1000, 0, 0)),
    ],
)
def test_a_reservation_is_resolved_once(issue, lot, outcome, after):
    reservation = ledger.reserve(
        key="r",
        lines=[factories.line(lot, issue, 300)],
        event_at=AT,
        posted_at=AT,
        expires_at=LATER,
    )
    assert counters(lot) == (0, 1000, 300, 0)
    assert counters(issue) == (1000, 0, 0, 300)
    for _twice in range(2):
        ledger.resolve(
            key="done", reservation=reservation, outcome=outcome, event_at=AT, posted_at=AT
        )
    assert counters(lot) == after
    for other in (Phase.POST, Phase.VOID):
        with pytest.raises(ledger.AlreadyResolved):
            ledger.resolve(
                key=f"other:{other}",
                reservation=reservation,
                outcome=other,
                event_at=AT,
                posted_at=AT,
            )
    assert counters(lot) == after


def test_a_reservation_lapses_at_its_time_and_not_before(issue, lot):
    reservation = ledger.reserve(
        key="r",
        lines=[factories.line(lot, issue, 300)],
        event_at=AT,
        posted_at=AT,
        expires_at=LATER,
    )
    assert ledger.expire_due(now=LATER - timedelta(microseconds=1)) == 0
    with pytest.raises(ledger.ReservationLapsed):
        ledger.resolve(
            key="late", reservation=reservation, outcome=Phase.POST, event_at=AT, posted_at=LATER
        )
    assert ledger.expire_due(now=LATER) == 1
    assert ledger.expire_due(now=LATER) == 0
    assert counters(lot) == (0, 1000, 0, 0)


def test_a_reversal_names_what_it_reverses_and_is_final(issue, lot):
    group = factories.post(lot, issue, 400, "a")
    back = ledger.reverse(key="back", group=group, reason="误记", event_at=AT, posted_at=AT)
    assert counters(lot) == (400, 1400, 0, 0)
    assert back.transfers.get().reverses == group.transfers.get()
    for key, which in (("again", group), ("back:back", back)):
        with pytest.raises(ledger.NotReversible):
            ledger.reverse(key=key, group=which, reason="x", event_at=AT, posted_at=AT)


def test_what_has_been_used_since_cannot_be_reversed(issue, lot):
    factories.post(lot, issue, 900, "use")
    with pytest.raises(ledger.Overdrawn):
        ledger.reverse(
            key="back", group=TransferGroup.objects.get(key="start"), reason="x", event_at=AT,
            posted_at=AT,
        )  # fmt: skip


def test_a_closed_account_takes_no_transfer(lot):
    closed = factories.account("old", closed=True)
    with pytest.raises(ledger.AccountClosed):
        factories.post(lot, closed, 1, "a")
    with pytest.raises(DatabaseError, match="closed"), transaction.atomic():
        raw(lot, closed, 1)


def test_balances_as_of_and_as_known(issue, lot):
    early = AT - timedelta(days=30)
    ledger.post(
        key="late-news", kind="test", lines=[factories.line(lot, issue, 100)], event_at=early,
        posted_at=LATER,
    )  # fmt: skip
    assert audit.balance_at(lot.pk, as_of=AT, known_at=AT) == 1000
    assert audit.balance_at(lot.pk, as_of=AT, known_at=LATER) == 900
    assert audit.balance_at(lot.pk, as_of=early, known_at=LATER) == -100
    assert audit.balance(lot.pk).held == 900


def test_a_leaf_hash_is_the_sha256_of_the_rfc_8785_form(issue, lot):
    ledger.reserve(
        key="文 “key”\n", lines=[factories.line(lot, issue, 300)], event_at=AT, posted_at=LATER,
        expires_at=LATER + timedelta(microseconds=1),
    )  # fmt: skip
    for transfer in Transfer.objects.all():
        facts = {name: getattr(transfer, name) for name in hashed.COLUMNS}
        plain = {
            name: value.isoformat(timespec="microseconds") if hasattr(value, "isoformat") else value
            for name, value in facts.items()
        }
        assert rules.canonical_hash(plain) == hashlib.sha256(rfc8785.dumps(plain)).hexdigest()
        assert hashed.of(transfer) == transfer.leaf_hash


def raw(debit, credit, amount, **more):
    """A transfer written past the ledger."""
    given = {
        "code": "raw",
        "phase": "post",
        "event_at": AT,
        "posted_at": AT,
        "request_hash": "",
        **more,
    }
    key = f"raw:{Transfer.objects.count()}"
    group = TransferGroup.objects.create(
        key=key, request_hash="", kind="raw", event_at=AT, posted_at=AT
    )
    return Transfer.objects.create(
        group=group, key=key, debit=debit, credit=credit, amount_hundredths=amount, **given
    )


def test_the_database_keeps_the_counters_of_raw_transfers(issue, lot):
    raw(lot, issue, 250)
    assert counters(lot) == (250, 1000, 0, 0)
    assert list(audit.recompute()) == []


def test_the_database_refuses_a_raw_overdraw_and_two_units(issue, lot):
    rights = factories.account("cap:x", unit=LedgerUnit.RIGHT)
    pending = {"phase": "pending", "expires_at": LATER}
    for case in (
        lambda: raw(lot, issue, 1001),
        lambda: raw(lot, issue, 1001, **pending),
        lambda: raw(lot, rights, 1),
        lambda: raw(lot, issue, 0),
        lambda: raw(lot, issue, -1),
        lambda: raw(lot, lot, 1),
        lambda: raw(lot, issue, 1, phase="void"),
        lambda: raw(lot, issue, 1, phase="pending"),
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            case()
    assert counters(lot) == (0, 1000, 0, 0)


def test_the_database_refuses_a_raw_resolution_or_reversal_that_does_not_fit(issue, lot):
    pending = raw(lot, issue, 300, phase="pending", expires_at=LATER)
    posted = raw(lot, issue, 100)
    for case in (
        lambda: raw(lot, issue, 299, pending=pending),
        lambda: raw(issue, lot, 300, pending=pending),
        lambda: raw(lot, issue, 300, pending=posted),
        lambda: raw(lot, issue, 300, pending=pending, posted_at=LATER),
        lambda: raw(lot, issue, 300, pending=pending, phase="expire"),
        lambda: raw(lot, issue, 100, reverses=posted),
        lambda: raw(issue, lot, 99, reverses=posted),
        lambda: raw(issue, lot, 300, reverses=pending),
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            case()
    raw(lot, issue, 300, pending=pending)
    with pytest.raises(DatabaseError), transaction.atomic():
        raw(lot, issue, 300, pending=pending, phase="void")
    assert counters(lot) == (400, 1000, 0, 0)


def test_every_guarded_table_still_has_its_triggers_after_all_migrations():
    """Whatever is in the tables: the guards stand, and each append-only table refuses both acts."""
    triggers = (
        "select c.relname, t.tgname from pg_trigger t join pg_class c on c.oid = t.tgrelid "
        "where not t.tgisinternal"
        if connection.vendor == "postgresql"
        else "select tbl_name, replace(name, 'guard_' || tbl_name || '_', '') from sqlite_master "
        "where type = 'trigger'"
    )
    with connection.cursor() as ask:
        ask.execute(triggers)
        found = set(ask.fetchall())
        stands = {
            table: {
                column.name for column in connection.introspection.get_table_description(ask, table)
            }
            for table in refusals.guarded()
        }
    wanted = {(each.table, each.name) for each in refusals.all_of(stands, counter_change="true")}
    assert wanted - found == set()
    appended = {(table, f"refuse_{act}") for table in APPEND_ONLY for act in ("update", "delete")}
    assert appended <= wanted


def test_raw_sql_cannot_change_or_remove_what_is_posted(issue, lot):
    statements = [
        "update creditbank_transfer set amount_hundredths = 1",
        "update creditbank_transfer set leaf_hash = null",
        "delete from creditbank_transfer",
        "update creditbank_transfergroup set reason = 'x'",
        "delete from creditbank_transfergroup",
        "update creditbank_account set no_overdraw = (1 = 0)",
        "update creditbank_account set unit = 'CAP'",
        "update creditbank_account set credits = credits + 1",
        "update creditbank_account set debits_pending = 5",
        "delete from creditbank_account",
    ]
    if connection.vendor == "postgresql":
        statements += [
            "truncate creditbank_transfer cascade",
            "insert into creditbank_account select * from creditbank_account",
        ]
    for statement in statements:
        with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as run:
            run.execute(statement)
    assert counters(lot) == (0, 1000, 0, 0)


def test_the_facts_of_a_lot_and_a_decision_never_change():
    from tests.creditbank.test_conversion import Bank  # noqa: PLC0415 - only this test needs it

    lot = Bank().lot(6000)
    for change in (
        lambda: CreditLot.objects.filter(pk=lot.pk).update(amount_hundredths=7000),
        lambda: CreditLot.objects.filter(pk=lot.pk).delete(),
        lambda: Decision.objects.update(amount_hundredths=7000),
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            change()
    assert CreditLot.objects.filter(pk=lot.pk).update(state="frozen") == 1


def test_the_nightly_check_names_an_account_that_somebody_wrote(issue, lot):
    audit.refuse_differences()
    guards.remove(connection)
    Account.objects.filter(pk=lot.pk).update(credits=1100)
    guards.install(connection)
    with pytest.raises(audit.CountersDiffer, match="lot:x"):
        audit.refuse_differences()
    (found,) = audit.recompute()
    assert (found.counted, found.recomputed) == ((0, 1100, 0, 0), (0, 1000, 0, 0))
