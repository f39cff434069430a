# ruff: noqa: S608 - each name in a statement is a constant of this package
"""The ledger's counters: kept by the database with each transfer, after checking it.

On PostgreSQL one statement trigger works over the new rows, so a group of 1,000 transfers updates
each account once; it locks nothing by itself, ``ledger`` has locked the accounts in order before
(docs/decisions/0020-one-row-per-transfer.md).
"""

from __future__ import annotations

from xueqiao.creditbank.guards.tables import ACCOUNT, TRANSFER

# What is refused, as a condition on n, the new transfer; the text names it.
REFUSED = {
    "ledger: the two accounts count different units": f"""
        (select unit from {ACCOUNT} where id = n.debit_id)
        <> (select unit from {ACCOUNT} where id = n.credit_id)""",
    "ledger: an account is closed": f"""
        exists (select 1 from {ACCOUNT} a where a.id in (n.debit_id, n.credit_id) and a.closed)""",
    "ledger: not the reservation that it resolves": f"""
        n.pending_id is not null and not exists (
            select 1 from {TRANSFER} p where p.id = n.pending_id and p.phase = 'pending'
            and p.debit_id = n.debit_id and p.credit_id = n.credit_id
            and p.amount_hundredths = n.amount_hundredths)""",
    "ledger: the reservation has timed out": f"""
        n.pending_id is not null and n.phase = 'post' and exists (
            select 1 from {TRANSFER} p
            where p.id = n.pending_id and p.expires_at <= n.posted_at)""",
    "ledger: the reservation has not timed out": f"""
        n.phase = 'expire' and exists (
            select 1 from {TRANSFER} p where p.id = n.pending_id and p.expires_at > n.posted_at)""",
    "ledger: not the posted transfer that it reverses": f"""
        n.reverses_id is not null and not exists (
            select 1 from {TRANSFER} r where r.id = n.reverses_id and r.phase = 'post'
            and r.reverses_id is null and r.debit_id = n.credit_id and r.credit_id = n.debit_id
            and r.amount_hundredths = n.amount_hundredths)""",
}
POSTED = "case when n.phase = 'post' then n.amount_hundredths else 0 end"
RESERVED = """case when n.phase = 'pending' then n.amount_hundredths
    when n.pending_id is not null then -n.amount_hundredths else 0 end"""
# SQLite does not tell who updates. What it can tell: a change of the counters is the effect of the
# last transfer on one of its two accounts, or it is nobody's.
LAST_TRANSFER = " union all ".join(
    f"""select 1 from {TRANSFER} n where n.id = (select max(id) from {TRANSFER})
        and n.{side}_id = old.id and new.{side}s = old.{side}s + {POSTED}
        and new.{side}s_pending = old.{side}s_pending + {RESERVED}
        and new.{other}s = old.{other}s and new.{other}s_pending = old.{other}s_pending"""
    for side, other in (("debit", "credit"), ("credit", "debit"))
)


def sqlite() -> list[str]:
    """The triggers that check a transfer and keep the counters, row by row."""
    checks = "\n".join(
        f"select raise(abort, '{text}') where {condition.replace('n.', 'new.')};"
        for text, condition in REFUSED.items()
    )
    kept = "\n".join(
        f"""update {ACCOUNT} set {side}s = {side}s + {POSTED.replace("n.", "new.")},
            {side}s_pending = {side}s_pending + {RESERVED.replace("n.", "new.")}
            where id = new.{side}_id;"""
        for side in ("debit", "credit")
    )
    return [
        f"create trigger guard_{TRANSFER}_checks before insert on {TRANSFER} begin {checks} end",
        f"create trigger guard_{TRANSFER}_counters after insert on {TRANSFER} begin {kept} end",
    ]


def postgresql() -> list[str]:
    """The function and the statement trigger that do both for all new rows at once."""
    trigger = (
        f"create trigger keep_counters after insert on {TRANSFER} referencing new table as fresh "
        "for each statement execute function creditbank_keep_counters()"
    )
    return [_function(), trigger]


def _function() -> str:
    checks = "\n".join(
        f"""if exists (select 1 from fresh n where {condition}) then
            raise exception '{text}' using errcode = 'restrict_violation'; end if;"""
        for text, condition in REFUSED.items()
    )
    return f"""
create or replace function creditbank_keep_counters() returns trigger language plpgsql as $$
begin
    {checks}
    update {ACCOUNT} a set debits = a.debits + s.debits, credits = a.credits + s.credits,
        debits_pending = a.debits_pending + s.debits_pending,
        credits_pending = a.credits_pending + s.credits_pending
    from (
        select id, sum(debits) debits, sum(credits) credits,
               sum(debits_pending) debits_pending, sum(credits_pending) credits_pending
        from (
            select n.debit_id id, {POSTED} debits, 0 credits,
                   {RESERVED} debits_pending, 0 credits_pending
            from fresh n
            union all
            select n.credit_id, 0, {POSTED}, 0, {RESERVED} from fresh n
        ) both_sides group by id
    ) s where a.id = s.id;
    return null;
end $$"""
