"""Scores: each statement is asked every rule once, in one pass over what has arrived since.

The position up to which statements were asked is a mark of the commit that holds their scores, so a
check that was killed asks the same rows again, and one that ended does not.
"""

from __future__ import annotations

import logging
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from deltalake.exceptions import DeltaError

from xueqiao.kernel import errors
from xueqiao.lake import sources, tables
from xueqiao.lake.contracts.contract import OF_SOURCE, SOURCE_TABLE, Contract
from xueqiao.lake.quality import holding, setbacks
from xueqiao.lake.quality.rules import RULES, VERB_AGREED
from xueqiao.lake.retention import lines

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from datetime import datetime

    from deltalake import DeltaTable

    from xueqiao.lake.engine import Engine

log = logging.getLogger(__name__)
SCORE = "quality.score"
ROWS = "rows"
SQL = (Path(__file__).parent / "statement.sql").read_text(encoding="utf-8")
DIMENSION_TABLES = ("bronze.verb", "bronze.actor", "bronze.batch", "bronze.source")
COLUMNS = sources.columns(
    source_id=sources.BIG, batch_id=sources.BIG, rule=sources.TEXT, value=sources.TEXT,
    day=sources.DAY, checked=sources.BIG, failed=sources.BIG, checked_at=sources.INSTANT,
    part=sources.TEXT,
)  # fmt: skip


def follow(
    *,
    root: Path,
    engine: Engine,
    contracts: Mapping[str, Contract],
    stopped: set[str],
    at: datetime,
) -> None:
    """Ask the statements that arrived since the last time, and bring held batches up to date.

    Args:
        contracts: by name; those of sources are called ``source.<code>``.
        stopped: tables that are not to be looked into.
        at: written beside each score.
    """
    codes = source_codes(root)
    if SOURCE_TABLE not in stopped:
        try:
            score(root, engine, contracts, codes, at)
        except errors.Refusal:
            raise
        except Exception as error:
            # They are asked the next time; the build says itself what it cannot read.
            log.exception("Statements could not be asked how good they are")
            setbacks.note(root=root, error=error, at=at)
        else:
            setbacks.over(root)
    holding.refresh(root=root, contracts=contracts, codes=codes, at=at)


def score(
    root: Path,
    engine: Engine,
    contracts: Mapping[str, Contract],
    codes: dict[int, str],
    at: datetime,
) -> None:
    """Append the scores of new statements, with the position up to which they reach."""
    log = tables.Table(root, SOURCE_TABLE, is_parted=True)
    statements = log.opened()
    table = tables.Table(root, SCORE, is_parted=True)
    version, before = table.version(), table.marks(["xid", "row", "version", "identity"])
    if statements is None:
        table.make(COLUMNS)
        return
    identity = tables.number(str(statements.metadata().id))
    if before.get("identity") not in {None, identity}:
        before = {}
    if before.get("version") == statements.version():
        return
    files = added(log, before.get("version"))
    marks = {
        "xid": statements.transaction_version("xid") or 0,
        "row": statements.transaction_version("row") or 0,
        "version": statements.version(),
        "identity": identity,
    }
    rows: Iterator[dict[str, Any]] = iter(())
    if files:
        attach(root, engine, contracts, codes)
        engine.attach("added", files=files, schema=_schema(statements), is_parted=True)
        line = lines.of(root).get(SCORE, "")
        found = asked(engine, before.get("xid", 0), before.get("row", 0), at)
        # Scores that were given up are not made again, though their statements are still there.
        rows = (row for row in found if row["part"] >= line)
    table.commit(
        batches=sources.reader(COLUMNS, sources.as_tables(COLUMNS, rows)), marks=marks,
        replace="nothing" if before or version == tables.NEVER else "everything", expect=version,
    )  # fmt: skip


def asked(engine: Engine, xid: int, row: int, at: datetime) -> Iterator[dict[str, Any]]:
    """Rows of ``quality.score`` for the statements behind a position."""
    seen = f"""
        arrived as (select * from added where xid > {xid} or (xid = {xid} and id > {row})),
        seen as ({SQL})
    """  # noqa: S608 - whole numbers and our own file
    counted = ", ".join(
        f"count({each.code}) as {each.code}_checked, "
        f"count(*) filter (where not {each.code}) as {each.code}_failed"
        for each in RULES
    )
    sums = ", ".join(
        f"sum({each.code}_{what})::bigint as {each.code}_{what}"
        for each in RULES
        for what in ("checked", "failed")
    )
    any_failed = " or ".join(f"{each.code}_failed > 0" for each in RULES)
    names = ", ".join(f"{each.code}_{what}" for each in RULES for what in ("checked", "failed"))
    found = engine.sql(f"""
        with {seen}, by_batch as materialized (
            select source_id, batch_id, day, count(*) as n, {counted}
            from seen group by source_id, batch_id, day
        )
        select source_id, cast(null as bigint) as batch_id, day, sum(n)::bigint as n, {sums}
        from by_batch group by source_id, day
        union all
        select source_id, batch_id, day, n, {names} from by_batch where {any_failed}
    """)  # noqa: S608 - our own names
    lacking = False
    for batch in found:
        for line in batch.to_pylist():
            lacking |= bool(line[f"{VERB_AGREED}_failed"])
            yield from _scores(line, at)
    if lacking:
        yield from _verbs(engine, seen, at)


def _scores(line: dict[str, Any], at: datetime) -> Iterator[dict[str, Any]]:
    """The rows of one source and day, or of one batch in which something was broken."""
    of_batch = line["batch_id"] is not None
    shared = _shared(line, at)
    if not of_batch:
        yield {**shared, "rule": ROWS, "value": None, "checked": line["n"], "failed": 0}
    for each in RULES:
        checked, failed = line[f"{each.code}_checked"], line[f"{each.code}_failed"]
        # Verbs of a batch come one by one, so that an agreement to some of them can be heard.
        if (failed and each.code != VERB_AGREED) if of_batch else checked:
            yield {
                **shared, "rule": each.code, "value": None, "checked": checked, "failed": failed
            }  # fmt: skip


def _verbs(engine: Engine, seen: str, at: datetime) -> Iterator[dict[str, Any]]:
    """For each batch the verbs that were not agreed, with how often they came."""
    found = engine.sql(f"""
        with {seen}, whole as (
            select batch_id, count(*) as n from seen group by batch_id
        )
        select source_id, seen.batch_id, day, verb, max(n) as checked, count(*) as failed
        from seen join whole on whole.batch_id = seen.batch_id
        where not verb_agreed group by source_id, seen.batch_id, day, verb
    """)  # noqa: S608 - our own names
    for batch in found:
        for line in batch.to_pylist():
            yield {
                **_shared(line, at), "rule": VERB_AGREED, "value": line["verb"],
                "checked": line["checked"], "failed": line["failed"],
            }  # fmt: skip


def _shared(line: dict[str, Any], at: datetime) -> dict[str, Any]:
    return {
        "source_id": line["source_id"], "batch_id": line["batch_id"], "day": line["day"],
        "checked_at": at, "part": f"{line['day']:%Y-%m}",
    }  # fmt: skip


def attach(
    root: Path, engine: Engine, contracts: Mapping[str, Contract], codes: dict[int, str]
) -> None:
    """Make readable what the rules look at besides the statements."""
    for name in DIMENSION_TABLES:
        opened = tables.Table(root, name).opened()
        if opened is not None:
            engine.attach(name, files=opened.file_uris(), schema=_schema(opened), is_parted=False)
    agreed = {
        number: contracts[OF_SOURCE + code]
        for number, code in codes.items()
        if OF_SOURCE + code in contracts
    }
    engine.register("source_terms", terms_of(agreed))
    verbs = tables.Table(root, "bronze.verb").opened()
    numbers: dict[str, int] = {}
    if verbs is not None:
        known = verbs.to_pyarrow_table(columns=["iri", "verb_id"]).to_pylist()
        numbers = {row["iri"]: row["verb_id"] for row in known}
    engine.register("agreed_verb", verbs_of(agreed, numbers))


def terms_of(agreed: Mapping[int, Contract]) -> pa.Table:
    """Source → what its contract says about clocks and verbs."""
    return pa.table(
        {
            "source_id": pa.array(list(agreed), pa.int64()),
            "future_seconds": pa.array(
                [each.future_seconds for each in agreed.values()], pa.int64()
            ),
            "has_verbs": pa.array([bool(each.verbs) for each in agreed.values()], pa.bool_()),
        }
    )


def verbs_of(agreed: Mapping[int, Contract], numbers: dict[str, int]) -> pa.Table:
    """Source and verb, for each verb that its contract lists and that has ever occurred."""
    pairs = [
        (source, numbers[iri])
        for source, each in agreed.items()
        for iri in each.verbs
        if iri in numbers
    ]
    return pa.table(
        {
            "source_id": pa.array([source for source, _verb in pairs], pa.int64()),
            "verb_id": pa.array([verb for _source, verb in pairs], pa.int64()),
        }
    )


def added(table: tables.Table, version: int | None) -> list[str]:
    """Files that an earlier version did not have; all where nobody can tell."""
    opened, earlier = table.opened(), None
    assert opened is not None
    if version is not None:
        with suppress(DeltaError):
            earlier = table.opened(version)
    known = set(earlier.file_uris()) if earlier else set()
    return [file for file in opened.file_uris() if file not in known]


def source_codes(root: Path) -> dict[int, str]:
    """Number of a source → its code."""
    opened = tables.Table(root, "bronze.source").opened()
    if opened is None:
        return {}
    rows = opened.to_pyarrow_table(columns=["source_id", "code"]).to_pylist()
    return {row["source_id"]: row["code"] for row in rows}


def _schema(opened: DeltaTable) -> pa.Schema:
    return pa.schema(opened.schema().to_arrow())
