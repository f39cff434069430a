# ruff: noqa: PERF401 - statements in order; each name in them is a constant of this file
"""What the database itself refuses: the triggers of the ledger, for SQLite and PostgreSQL.

``install`` is called by migration 0002 and by every later migration that makes or rebuilds a
guarded table (SQLite drops a table's triggers when Django rebuilds it); tables and columns that a
later migration makes are guarded from that one on. On PostgreSQL the counters are kept by one
statement trigger over the new rows, so a group of 1,000 transfers updates each account once; it
locks nothing by itself, ``ledger`` has locked the accounts in order before
(docs/decisions/0020-one-row-per-transfer.md).
"""

from __future__ import annotations

from typing import Any

from xueqiao.creditbank import guard_transfers
from xueqiao.creditbank.guard_transfers import ACCOUNT, TRANSFER

CERTIFICATE = "creditbank_certificate"
# Facts that are appended and never edited.
APPEND_ONLY = (
    TRANSFER,
    "creditbank_transfergroup",
    "creditbank_outcome",
    "creditbank_decision",
    "creditbank_assessment",
    "creditbank_applicationstep",
    "creditbank_interestdeclaration",
    "creditbank_panelvote",
    "creditbank_objection",
    "creditbank_objectionruling",
    "creditbank_appeal",
    "creditbank_appealruling",
    "creditbank_revocation",
    "creditbank_conversionstep",
    "creditbank_conversionuse",
    "creditbank_conversionresult",
    "creditbank_awarduse",
    "creditbank_awardstep",
    "creditbank_lotparent",
    "creditbank_ruletable",
    "creditbank_standardchange",
    "creditbank_lotstep",
    "creditbank_heldlot",
    "creditbank_reversalstep",
    "creditbank_ledgerseal",
    "creditbank_sealcheck",
    "creditbank_agreementsignature",
    "creditbank_agreementstep",
    "creditbank_rulestep",
    "creditbank_rulesignature",
    "creditbank_consultationcomment",
    "creditbank_consultationreply",
)
# Tables of which some columns are facts and others say how things stand.
FIXED_COLUMNS = {
    ACCOUNT: ("code", "unit", "kind", "no_overdraw", "opened_at"),
    "creditbank_creditlot": (
        "account_id",
        "amount_hundredths",
        "decision_id",
        "conversion_id",
        "hops",
    ),
    "creditbank_notice": ("key", "person_id", "code", "facts", "application_id", "at"),
    "creditbank_award": (
        "number",
        "request_key",
        "request_hash",
        "qualification_id",
        "person_id",
        "total_hundredths",
        "reservation_id",
    ),
    CERTIFICATE: ("key", "request_key", "person_id", "lot_id", "institution_id"),
    "creditbank_hold": ("request_key", "lot_id", "cause", "reason", "opened_by_id", "opened_at"),
    "creditbank_reversal": (
        "request_key",
        "lot_id",
        "hold_id",
        "reason",
        "asked_by_id",
        "asked_at",
    ),
    "creditbank_recount": ("began_at", "ended_at", "accounts", "transfers", "differences", "named"),
    "creditbank_issuerkey": ("institution_id", "did", "method", "public_multikey", "valid_from"),
    "creditbank_bankkey": ("algorithm", "did", "method", "public_multikey", "valid_from"),
}
# What was signed stays as it was signed, and what was revoked stays revoked.
SIGNED = (
    "(old.document <> '' and new.document <> old.document)"
    " or (old.state = 'revoked' and new.state <> 'revoked')"
)
PUBLISHED, AGREEMENT = "creditbank_ruleversion", "creditbank_transferagreement"
# Hashes are added behind those that are there, which stay as they are.
TILE = "creditbank_sealtile"
GROWN = " and ".join(
    ["new.level = old.level", 'new."index" = old."index"']
    + [
        f"substr(new.{name}, 1, length(old.{name})) = old.{name}"
        for name in ("hashes", "transfer_ids")
    ]
)
# Facts of what two persons drafted and published; before that, a draft is edited freely.
PUBLISHED_FACTS = {
    "creditbank_qualification": (
        "code", "version", "title_zh", "title_en", "programme_id", "level_id", "institution_id",
        "requirements", "reserve_days", "valid_from", "source", "is_draft",
    ),
    "creditbank_qualificationframework": (
        "code", "version", "name_zh", "name_en", "valid_from", "source", "is_draft",
    ),
    "creditbank_level": (
        "framework_id", "number", "name_zh", "name_en", "knowledge", "skills", "competence",
        "is_draft",
    ),
    "creditbank_standard": (
        "code", "version", "title_zh", "title_en", "level_id", "field", "owner", "valid_from",
        "source", "is_draft",
    ),
    "creditbank_unit": (
        "standard_id", "code", "version", "module_code", "title_zh", "title_en", "level_id",
        "field", "credit_hundredths", "notional_hours", "valid_from", "source", "is_draft",
    ),
}  # fmt: skip
OUT = "('published', 'superseded', 'suspended', 'retired')"
# Rows that are fixed from a moment on: since when, and what may still change then.
SEALED = (
    (PUBLISHED, f"old.state in {OUT}", frozenset({"state", "valid_to"})),
    (
        AGREEMENT,
        "old.offered_at is not null",
        frozenset(
            {"offered_at", "revision", "signed_giving", "signed_receiving", "ended_at", "valid_to"}
        ),
    ),
    (
        AGREEMENT,
        "old.signed_giving is not null and old.signed_receiving is not null",
        frozenset({"ended_at", "valid_to"}),
    ),
)
NEVER_BACK = f"old.state in {OUT} and new.state not in {OUT}"
COUNTERS = ("debits", "credits", "debits_pending", "credits_pending")


def install(connection: Any) -> None:
    """Put every trigger in place whose table stands, replacing those that are there."""
    remove(connection)
    stands = _standing(connection)
    _run(connection, _postgresql(stands) if connection.vendor == "postgresql" else _sqlite(stands))


def reinstall(_apps: Any, editor: Any) -> None:
    """``install`` as an operation that ends a migration."""
    install(editor.connection)


def remove(connection: Any) -> None:
    """Take every trigger away: to undo the migration, and for tests that empty tables."""
    if connection.vendor == "postgresql":
        tables = _standing(connection)
        names = (
            "refuse_change", "refuse_truncate", "refuse_delete",
            "keep_facts", "guard_counters", "keep_counters", "keep_signed", "keep_published",
            "only_grow",
            *_SEAL_NAMES,
        )  # fmt: skip
        _run(connection, [f"drop trigger if exists {n} on {t}" for t in tables for n in names])
        return
    with connection.cursor() as ask:
        ask.execute(
            "select name from sqlite_master "
            "where type = 'trigger' and name like 'guard!_%' escape '!'"
        )
        names_found = [row[0] for row in ask.fetchall()]
    _run(connection, [f"drop trigger {name}" for name in names_found])


def _standing(connection: Any) -> dict[str, set[str]]:
    """The guarded tables that are made already, with their columns."""
    with connection.cursor() as ask:
        made = set(connection.introspection.table_names(ask))
        return {
            table: {
                column.name for column in connection.introspection.get_table_description(ask, table)
            }
            for table in (
                *APPEND_ONLY,
                *FIXED_COLUMNS,
                *PUBLISHED_FACTS,
                PUBLISHED,
                AGREEMENT,
                TILE,
            )
            if table in made
        }


def _fixed(
    stands: dict[str, set[str]], facts: dict[str, tuple[str, ...]]
) -> dict[str, tuple[str, ...]]:
    return {
        table: tuple(name for name in columns if name in stands[table])
        for table, columns in facts.items()
        if table in stands
    }


def _published(stands: dict[str, set[str]]) -> dict[str, tuple[str, ...]]:
    drafted = {table: names for table, names in stands.items() if "is_draft" in names}
    return _fixed(drafted, PUBLISHED_FACTS)


_SEAL_NAMES = (
    *(f"{part}_{n}" for n in range(len(SEALED)) for part in ("keep_sealed", "keep_row")),
    "never_back",
)


def _seals(stands: dict[str, set[str]]) -> list[tuple[str, str, str, str]]:
    """Name, table, event and condition of each refusal that SEALED asks for."""
    found = []
    for n, (table, since, free) in enumerate(SEALED):
        named = {part.split(" ")[0].removeprefix("old.") for part in since.split(" and ")}
        if table in stands and named <= stands[table]:
            fixed = tuple(sorted(stands[table] - free))
            found.append((f"keep_sealed_{n}", table, "update", f"{since} and ({_differs(fixed)})"))
            found.append((f"keep_row_{n}", table, "delete", since))
    if PUBLISHED in stands:
        found.append(("never_back", PUBLISHED, "update", NEVER_BACK))
    return found


def _run(connection: Any, statements: list[str]) -> None:
    with connection.cursor() as ask:
        for statement in statements:
            ask.execute(statement)


def _sqlite(stands: dict[str, set[str]]) -> list[str]:
    found = []
    for table in (each for each in APPEND_ONLY if each in stands):
        for act in ("update", "delete"):
            found.append(
                _sqlite_refusal(
                    f"{table}_{act}", f"{act} on {table}", f"{table}: rows never change"
                )
            )
    for table, columns in _fixed(stands, FIXED_COLUMNS).items():
        text = f"{table}: this part of a row never changes"
        found.append(
            _sqlite_refusal(f"{table}_facts", f"update of {', '.join(columns)} on {table}", text)
        )
        found.append(_sqlite_refusal(f"{table}_delete", f"delete on {table}", text))
    for table, columns in _published(stands).items():
        for act in (f"update of {', '.join(columns)}", "delete"):
            found.append(
                _sqlite_refusal(
                    f"{table}_published_{act[:6]}", f"{act} on {table}",
                    f"{table}: what was published never changes", when="when not old.is_draft",
                )
            )  # fmt: skip
    for name, table, act, when in _seals(stands):
        text = f"{table}: what was published or signed never changes"
        condition = when.replace("is distinct from", "is not")
        found.append(
            _sqlite_refusal(f"{table}_{name}", f"{act} on {table}", text, when=f"when {condition}")
        )
    if TILE in stands:
        text = f"{TILE}: hashes stay in their place"
        for act, when in (("update", f"when not ({GROWN})"), ("delete", "")):
            found.append(_sqlite_refusal(f"{TILE}_{act}", f"{act} on {TILE}", text, when=when))
    signed = f"{CERTIFICATE}: what was signed or revoked stays so"
    found.append(
        _sqlite_refusal(
            f"{CERTIFICATE}_signed", f"update on {CERTIFICATE}", signed, when=f"when {SIGNED}"
        )
    )
    found += guard_transfers.sqlite()
    found.append(
        _sqlite_refusal(
            f"{ACCOUNT}_counters", f"update of {', '.join(COUNTERS)} on {ACCOUNT}",
            f"{ACCOUNT}: only a transfer changes the counters",
            when=f"when not exists ({guard_transfers.LAST_TRANSFER})",
        )
    )  # fmt: skip
    return found


def _sqlite_refusal(name: str, event: str, text: str, *, when: str = "") -> str:
    refusal = f"select raise(abort, '{text}')"
    return f"create trigger guard_{name} before {event} {when} begin {refusal}; end"


def _postgresql(stands: dict[str, set[str]]) -> list[str]:
    found, fixed = [_PG_REFUSE, guard_transfers.postgresql()], _fixed(stands, FIXED_COLUMNS)
    appended = [table for table in APPEND_ONLY if table in stands]
    for table in appended:
        found.append(_pg_refusal("refuse_change", f"update or delete on {table} for each row"))
    for table in (*appended, *fixed):
        found.append(_pg_refusal("refuse_truncate", f"truncate on {table} for each statement"))
    for table, columns in fixed.items():
        changed = f"update on {table} for each row when ({_differs(columns)})"
        found.append(_pg_refusal("keep_facts", changed))
        found.append(_pg_refusal("refuse_delete", f"delete on {table} for each row"))
    for table, columns in _published(stands).items():
        changed = f"not old.is_draft and ({_differs(columns)})"
        found.append(
            _pg_refusal("keep_published", f"update on {table} for each row when ({changed})")
        )
        gone = f"delete on {table} for each row when (not old.is_draft)"
        found.append(_pg_refusal("refuse_delete", gone))
    if TILE in stands:
        changed = f"update on {TILE} for each row when (not ({GROWN}))"
        found.append(_pg_refusal("only_grow", changed))
        found.append(_pg_refusal("refuse_delete", f"delete on {TILE} for each row"))
        found.append(_pg_refusal("refuse_truncate", f"truncate on {TILE} for each statement"))
    found.append(
        _pg_refusal("keep_signed", f"update on {CERTIFICATE} for each row when ({SIGNED})")
    )
    # Here the counters are closed to everybody but the transfer trigger, which is depth 1.
    tampered = f"pg_trigger_depth() = 0 and ({_differs(COUNTERS)})"
    found.append(
        _pg_refusal("guard_counters", f"update on {ACCOUNT} for each row when ({tampered})")
    )
    for name, table, act, when in _seals(stands):
        found.append(_pg_refusal(name, f"{act} on {table} for each row when ({when})"))
    found.append(
        f"create trigger keep_counters after insert on {TRANSFER} referencing new table as fresh "
        "for each statement execute function creditbank_keep_counters()"
    )
    return found


def _pg_refusal(name: str, event: str) -> str:
    return f"create trigger {name} before {event} execute function creditbank_refuse_change()"


def _differs(columns: tuple[str, ...]) -> str:
    return " or ".join(f"old.{name} is distinct from new.{name}" for name in columns)


_PG_REFUSE = """
create or replace function creditbank_refuse_change() returns trigger language plpgsql as $$
begin
    raise exception '%: what is recorded never changes', tg_table_name
    using errcode = 'restrict_violation';
end $$"""
