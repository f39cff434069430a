"""The gate before stage: which version of each bronze table is believed.

A table that breaks its contract is read on in its last version that kept it, so that stage and
marts built from it stay as they were, with their date, and everything else goes on. What was found
stands in ``quality.gate``, one row a table; a build that finds nothing new looks at versions only.
"""

from __future__ import annotations

import json
import logging
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

import pyarrow as pa
from deltalake.exceptions import DeltaError
from django.utils.translation import gettext as _
from pyarrow import fs

from xueqiao.kernel import errors
from xueqiao.lake import quality, sources, tables
from xueqiao.lake.contracts import checks, decided
from xueqiao.lake.contracts.shipped import in_force

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from deltalake import DeltaTable

    from xueqiao.lake.contracts.contract import Contract
    from xueqiao.lake.engine import Engine

log = logging.getLogger(__name__)
GATE = "quality.gate"
PASSED, STOPPED, ALLOWED, FREE = "passed", "stopped", "allowed", "free"
NONE = -1

COLUMNS = sources.columns(
    table=sources.TEXT, state=sources.TEXT, good_version=sources.BIG, good_at=sources.INSTANT,
    identity=sources.BIG, seen_version=sources.BIG, contract=sources.INT, digest=sources.BIG,
    rows=sources.BIG, good_rows=sources.BIG, checked_at=sources.INSTANT, since=sources.INSTANT,
    reasons=sources.TEXT,
)  # fmt: skip


class NothingGood(errors.Refusal):
    """A table breaks its contract and no version of it ever kept it, so nothing can be served."""

    code = "lake.nothing_good"


@dataclass(frozen=True)
class Verdict:
    """What was found about one table.

    Attributes:
        state: passed, stopped, allowed (stopped, but a steward let it through), free (no contract).
        good_version: the version to read; ``NONE`` where none ever passed.
        good_at: when that one was judged.
        seen_version: the one that was judged last.
        contract: the contract's version; 0 where there is none.
        digest: of the contract's content, with the allowance.
        since: since when it is stopped.
        reasons: JSON list of breaches.
    """

    table: str
    state: str
    good_version: int
    good_at: datetime | None
    identity: int
    seen_version: int
    contract: int
    digest: int
    rows: int
    good_rows: int
    checked_at: datetime
    since: datetime | None
    reasons: str = "[]"

    @property
    def breaches(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads(self.reasons)
        return found

    @property
    def is_stopped(self) -> bool:
        return self.state == STOPPED


def checked(*, root: Path, engine: Engine, at: datetime) -> dict[str, int]:
    """Judge every bronze table and every new batch of statements.

    Args:
        root: the lake's folder.
        engine: runs the checks.
        at: written beside what was found; no instant may lie behind it.

    Returns:
        Table → the version to read instead of the newest, for tables that are stopped.

    Raises:
        NothingGood: a table is stopped and never had a version that kept its contract.
    """
    contracts, before = in_force(root), {each.table: each for each in verdicts(root)}
    allowed = decided.allowed_versions(root)
    found = []
    for name in bronze(root):
        table, contract = tables.Table(root, name), contracts.get(name)
        try:
            verdict: Verdict | None = judge(
                table, contract, before.get(name), allowed=allowed, engine=engine, at=at
            )
        except errors.Refusal:
            raise
        except Exception:
            # What cannot be read fails the tables made from it, each with this reason, not all.
            # What was stopped stays so: nobody has found it to keep its contract again.
            log.exception("The table %s could not be checked", name)
            verdict = before.get(name)
        if verdict is not None:
            found.append(verdict)
    if found != list(before.values()):
        write(root, found)
    # A table of rows whose columns are not as agreed is not looked into.
    stopped = {each.table for each in found if each.is_stopped}
    quality.follow(root=root, engine=engine, contracts=contracts, stopped=stopped, at=at)
    return pins_of(root, found)


def pins(root: Path) -> dict[str, int]:
    """Table → the version to read, for tables that are stopped: what the last check found.

    Raises:
        NothingGood: a stopped table has no version that can be read.
    """
    return pins_of(root, verdicts(root))


def pins_of(root: Path, found: list[Verdict]) -> dict[str, int]:
    stopped = [each for each in found if each.is_stopped]
    for each in stopped:
        if not is_there(tables.Table(root, each.table), each.good_version):
            text = _(
                "{table} does not keep its contract, and no earlier version of it did: {why} "
                "Correct the source, or let a steward approve a contract that fits."
            )
            why = " ".join(checks.said(one) for one in each.breaches)
            raise NothingGood(text.format(table=each.table, why=why))
    return {each.table: each.good_version for each in stopped}


def judge(
    table: tables.Table,
    contract: Contract | None,
    before: Verdict | None,
    *,
    allowed: set[tuple[str, int]],
    engine: Engine,
    at: datetime,
) -> Verdict:
    """What is to be said about one table; the last verdict where nothing has changed since."""
    opened = table.opened()
    assert opened is not None, table.name
    identity, version = tables.number(str(opened.metadata().id)), opened.version()
    let = (table.name, version) in allowed
    digest = tables.number([contract.digest if contract else 0, let])
    if before is not None and before.identity != identity:
        before = None
    if before and (before.seen_version, before.digest) == (version, digest):
        return before
    rows = table.rows()
    good = earlier(table, before)
    arrived = checks.Arrived(opened, rows, good, before.good_rows if before and good else 0)
    broken = checks.breaches(contract, arrived, engine, at) if contract else []
    number = contract.version if contract else 0
    fresh = Verdict(
        table.name, PASSED if contract else FREE, version, at, identity, version, number, digest,
        rows, rows, at, None,
    )  # fmt: skip
    if not broken:
        return fresh
    fresh = replace(fresh, reasons=json.dumps([asdict(each) for each in broken], sort_keys=True))
    if let:
        return replace(fresh, state=ALLOWED)
    return replace(
        fresh,
        state=STOPPED,
        good_version=before.good_version if before else NONE,
        good_at=before.good_at if before else None,
        good_rows=before.good_rows if before else 0,
        since=before.since if before and before.since else at,
    )


def earlier(table: tables.Table, before: Verdict | None) -> DeltaTable | None:
    """The version that passed last; None where there is none, or its files are gone."""
    if before is None or before.good_version == NONE:
        return None
    try:
        return table.opened(before.good_version)
    except DeltaError:
        return None


def is_there(table: tables.Table, version: int) -> bool:
    """Whether a version and all of its files are there: an erasure takes older files away."""
    if version == NONE:
        return False
    try:
        opened = table.opened(version)
    except DeltaError:
        return False
    if opened is None:
        return False
    store = table.store
    found = store.files.get_file_info(
        [store.path(f"{table.folder}/{name}") for name in table.file_names(opened)]
    )
    return all(each.type is fs.FileType.File for each in found)


def bronze(root: Path) -> list[str]:
    """The bronze tables that exist, by name."""
    return [name for name in tables.names(root) if name.startswith("bronze.")]


def verdicts(root: Path) -> list[Verdict]:
    """What the last check found, by table."""
    opened = tables.Table(root, GATE).opened()
    if opened is None:
        return []
    rows = opened.to_pyarrow_table().to_pylist()
    return [Verdict(**row) for row in sorted(rows, key=lambda row: str(row["table"]))]


def write(root: Path, found: list[Verdict]) -> None:
    rows = [{**each.__dict__} for each in found]
    batch = sources.record_batch(COLUMNS, rows)
    tables.Table(root, GATE).commit(
        batches=pa.RecordBatchReader.from_batches(COLUMNS, [batch]), marks={}, replace="everything"
    )
