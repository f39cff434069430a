"""Delta tables: one commit or none, marks, kill and full disk."""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import DeltaTable

from xueqiao.lake import tables

SCHEMA = pa.schema([("n", pa.int64()), ("part", pa.string())])
ROOT = Path(__file__).resolve().parents[2]


def rows(*pairs):
    batch = pa.RecordBatch.from_pylist([{"n": n, "part": part} for n, part in pairs], SCHEMA)
    return pa.RecordBatchReader.from_batches(SCHEMA, [batch])


def content(table):
    opened = table.opened()
    return sorted(
        (n, tables.part_of(file))
        for file in opened.file_uris()
        for n in pa.parquet.read_table(file, partitioning=None)["n"].to_pylist()
    )


@pytest.fixture
def table(tmp_path):
    return tables.Table(tmp_path, "stage.things", is_parted=True)


def test_a_commit_holds_rows_and_marks_together(table):
    assert (table.version(), table.marks(["row"])) == (tables.NEVER, {})

    table.commit(batches=rows((1, "2024-01"), (2, "2024-02")), marks={"row": 2}, replace="nothing")

    assert content(table) == [(1, "2024-01"), (2, "2024-02")]
    assert table.marks(["row", "other"]) == {"row": 2}


def test_only_the_named_parts_are_replaced(table):
    table.commit(batches=rows((1, "2024-01"), (2, "2024-02")), marks={}, replace="nothing")
    before = table.version()

    table.commit(batches=rows((3, "2024-02")), marks={}, replace=["2024-02", "2024-03"])

    assert content(table) == [(1, "2024-01"), (3, "2024-02")]
    assert table.parts_since(before) == {"2024-02"}


def test_a_part_without_rows_disappears(table):
    table.commit(batches=rows((1, "2024-01"), (2, "2024-02")), marks={}, replace="nothing")
    table.commit(batches=rows(), marks={}, replace=["2024-02"])
    assert content(table) == [(1, "2024-01")]


def test_everything_is_replaced_and_may_change_its_columns(table):
    table.commit(batches=rows((1, "2024-01")), marks={}, replace="everything")
    wider = pa.schema([("n", pa.int64()), ("more", pa.string()), ("part", pa.string())])
    batch = pa.RecordBatch.from_pylist([{"n": 5, "more": "x", "part": "2024-01"}], wider)

    table.commit(
        batches=pa.RecordBatchReader.from_batches(wider, [batch]), marks={}, replace="everything"
    )

    assert content(table) == [(5, "2024-01")]
    assert pa.schema(table.opened().schema().to_arrow()).names == ["n", "more", "part"]


def test_who_read_an_older_version_may_not_append(table):
    table.commit(batches=rows((1, "2024-01")), marks={"row": 1}, replace="nothing")
    seen = table.version()
    table.commit(batches=rows((2, "2024-01")), marks={"row": 2}, replace="nothing")

    with pytest.raises(tables.Overtaken):
        table.commit(batches=rows((2, "2024-01")), marks={"row": 2}, replace="nothing", expect=seen)

    assert content(table) == [(1, "2024-01"), (2, "2024-01")]


def test_two_commits_of_the_same_mark_at_once_do_not_both_succeed(table):
    table.commit(batches=rows((1, "2024-01")), marks={"row": 1}, replace="nothing")

    class Late(tables.Table):
        def _write(self, batches, written):
            """Between the look at the version and the commit, another process commits."""
            done = super()._write(batches, written)
            table.commit(batches=rows((2, "2024-01")), marks={"row": 2}, replace="nothing")
            return done

    late = Late(table.root, table.name, is_parted=True)
    with pytest.raises(tables.Overtaken):
        late.commit(batches=rows((2, "2024-01")), marks={"row": 2}, replace="nothing")

    assert content(table) == [(1, "2024-01"), (2, "2024-01")]
    on_disk = {str(path) for path in table.path.rglob("*.parquet")}
    assert on_disk == set(table.opened().file_uris())


@pytest.fixture
def small_files_only():
    """A disk that takes no file above 4 KiB: what a full one answers, from the kernel itself."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, limits[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    signal.signal(signal.SIGXFSZ, handler)


def test_a_full_disk_leaves_the_table_as_it_was(table, small_files_only):
    table.commit(batches=rows((1, "2024-01")), marks={"row": 1}, replace="nothing")
    files = sorted(table.path.rglob("*"))
    many = rows(*((n * 7919, "2024-01") for n in range(20_000)))

    with pytest.raises(tables.LakeFull) as refused:
        table.commit(batches=many, marks={"row": 2}, replace="everything")

    assert refused.value.code == "lake.full"
    assert content(table) == [(1, "2024-01")]
    assert table.marks(["row"]) == {"row": 1}
    assert sorted(table.path.rglob("*")) == files


KILLED = """
    import os, signal, sys
    from pathlib import Path
    import django; django.setup()
    from tests.lake.test_tables import rows
    from xueqiao.lake import tables
    moment = sys.argv[2]
    table = tables.Table(Path(sys.argv[1]), "stage.things", is_parted=True)
    write = tables.Table._write
    def die(*facts):
        os.kill(os.getpid(), signal.SIGKILL)
    if moment == "before the files":
        tables.Table._write = die
    if moment == "before the commit":
        tables.Table._write = lambda *facts: write(*facts) and die()
    if moment == "after the commit":
        tables.Table._sync_log = lambda self: self.version() > 0 and die()
    new = rows((2, "2024-01"))
    table.commit(batches=new, marks={"row": 2}, replace="nothing", expect=table.version())
"""


@pytest.mark.parametrize(
    ("moment", "survives"),
    [("before the files", False), ("before the commit", False), ("after the commit", True)],
)
def test_a_killed_commit_is_whole_or_nothing(table, moment, survives):
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(KILLED), str(table.root), moment],
        cwd=ROOT,
        check=False,
        capture_output=True,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings", "PYTHONPATH": "src:."},
    )
    assert done.returncode == -signal.SIGKILL, done.stderr.decode()
    expected = [(2, "2024-01")] if survives else []
    assert (content(table) if table.opened() else []) == expected
    assert table.marks(["row"]) == ({"row": 2} if survives else {})
    DeltaTable(str(table.path)) if table.opened() else None


def test_one_process_of_a_purpose_at_a_time(tmp_path):
    with tables.locked(tmp_path, "build"):
        with pytest.raises(tables.LakeBusy), tables.locked(tmp_path, "build"):
            pass
        with tables.locked(tmp_path, "extract"):
            pass
