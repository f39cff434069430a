"""Delta tables: one commit or none, marks, kill and full disk."""

from __future__ import annotations

import errno
import os
import resource
import signal
import subprocess
import sys
import textwrap
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pyarrow as pa
import pytest
from deltalake import DeltaTable

from xueqiao.lake import files, folding, storage, tables

pytestmark = pytest.mark.embedded
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
    assert table.changes_since(before) == {"2024-02": None}


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

    def late():
        """Between the look at the version and the commit, another process commits."""
        yield from rows((2, "2024-01"))
        table.commit(batches=rows((2, "2024-01")), marks={"row": 2}, replace="nothing")

    slow = pa.RecordBatchReader.from_batches(SCHEMA, late())
    with pytest.raises(tables.Overtaken):
        table.commit(batches=slow, marks={"row": 2}, replace="nothing")

    assert content(table) == [(1, "2024-01"), (2, "2024-01")]
    on_disk = {str(path) for path in table.path.rglob("*.parquet")}
    assert on_disk == set(table.opened().file_uris())


def test_files_are_taken_out_and_put_in_while_others_append(table):
    for n in range(3):
        table.commit(batches=rows((n, "2024-01")), marks={"row": n}, replace="nothing")
    before, old = table.version(), table.file_names()

    def meanwhile():
        yield from rows((0, "2024-01"), (1, "2024-01"), (2, "2024-01"))
        table.commit(batches=rows((3, "2024-02")), marks={"row": 3}, replace="nothing")

    slow = pa.RecordBatchReader.from_batches(SCHEMA, meanwhile())
    assert table.swap(remove=old, batches=slow, is_data_change=False) == 3

    assert content(table) == [(0, "2024-01"), (1, "2024-01"), (2, "2024-01"), (3, "2024-02")]
    assert len(table.file_names()) == 2
    assert table.changes_since(before) == {"2024-02": None}
    assert table.marks(["row"]) == {"row": 3}


def test_rows_of_a_file_that_was_taken_out_do_not_come_back(table):
    table.commit(batches=rows((1, "2024-01"), (2, "2024-01")), marks={}, replace="nothing")
    old = table.file_names()
    table.swap(remove=old, batches=rows((2, "2024-01")))

    with pytest.raises(tables.Overtaken):
        table.swap(remove=old, batches=rows((1, "2024-01"), (2, "2024-01")), is_data_change=False)

    assert content(table) == [(2, "2024-01")]


def test_what_a_commit_names_stays_when_the_disk_fails_behind_it(table, monkeypatch):
    table.commit(batches=rows((1, "2024-01")), marks={"row": 1}, replace="nothing")
    sync = storage.Disk.sync

    def failing(store, names):
        listed = list(names)
        if any("_delta_log" in name for name in listed):
            raise OSError(errno.EIO, "Input/output error")
        sync(store, listed)

    monkeypatch.setattr(storage.Disk, "sync", failing)
    with pytest.raises(OSError, match="Input/output"):
        table.commit(batches=rows((2, "2024-01")), marks={"row": 2}, replace="nothing")

    assert (content(table), table.marks(["row"])) == ([(1, "2024-01"), (2, "2024-01")], {"row": 2})


def test_rows_that_come_while_a_table_gets_other_columns_are_not_lost(table, monkeypatch):
    table.commit(batches=rows((1, "2024-01")), marks={}, replace="nothing")
    listed, wider = folding.rows_in, SCHEMA.append(pa.field("more", pa.string()))

    def meanwhile(*given):
        found = listed(*given)
        table.commit(batches=rows((2, "2024-01")), marks={}, replace="nothing")
        return found

    monkeypatch.setattr(folding, "rows_in", meanwhile)
    with pytest.raises(tables.Overtaken):
        folding.reshape(table, wider)

    assert content(table) == [(1, "2024-01"), (2, "2024-01")]


def test_two_who_take_files_out_at_once_do_not_both_succeed(table):
    table.commit(batches=rows((1, "2024-01")), marks={}, replace="nothing")
    old = table.file_names()

    def meanwhile():
        yield from rows((1, "2024-01"))
        table.swap(remove=old, batches=rows((9, "2024-01")))

    slow = pa.RecordBatchReader.from_batches(SCHEMA, meanwhile())
    with pytest.raises(tables.Overtaken):
        table.swap(remove=old, batches=slow, is_data_change=False)
    slow = pa.RecordBatchReader.from_batches(SCHEMA, meanwhile_replaced(table))
    with pytest.raises(tables.Overtaken):
        table.commit(batches=slow, marks={}, replace="everything")

    assert content(table) == [(9, "2024-01")]


def meanwhile_replaced(table):
    yield from rows((1, "2024-01"))
    table.swap(remove=table.file_names(), batches=rows((9, "2024-01")), is_data_change=False)


def test_a_table_without_parts_tells_whether_anything_changed(tmp_path):
    plain, schema = tables.Table(tmp_path, "bronze.plain"), pa.schema([("n", pa.int64())])

    def reader(*numbers):
        batch = pa.RecordBatch.from_pylist([{"n": n} for n in numbers], schema)
        return pa.RecordBatchReader.from_batches(schema, [batch])

    plain.commit(batches=reader(1), marks={}, replace="everything")
    first = plain.version()
    plain.swap(remove=plain.file_names(), batches=reader(1), is_data_change=False)
    assert plain.changes_since(first) == {}
    plain.commit(batches=reader(), marks={"x": 1}, replace="nothing")
    assert plain.changes_since(first) == {}
    plain.commit(batches=reader(2), marks={}, replace="everything")
    assert plain.changes_since(first) == {"": None}


def test_a_hundred_commits_at_once_are_all_kept(table):
    table.make(SCHEMA)
    with ThreadPoolExecutor(max_workers=20) as crowd:
        done = crowd.map(
            lambda n: table.commit(batches=rows((n, "2024-01")), marks={}, replace="nothing"),
            range(100),
        )
        assert sum(done) == 100
    assert [n for n, _part in content(table)] == list(range(100))


def test_few_rows_for_many_parts_do_not_make_many_row_groups(table):
    months = [f"20{year}-{month:02}" for year in range(10, 14) for month in range(1, 13)]
    batches = [
        pa.RecordBatch.from_pylist([{"n": n, "part": part} for part in months], SCHEMA)
        for n in range(20)
    ]
    table.commit(
        batches=pa.RecordBatchReader.from_batches(SCHEMA, batches), marks={}, replace="everything"
    )
    found = [pa.parquet.ParquetFile(file).num_row_groups for file in table.opened().file_uris()]
    assert found == [1] * len(months)


def test_large_rows_go_into_several_files(table, monkeypatch):
    monkeypatch.setattr(files, "FILE_BYTES", 1000)
    monkeypatch.setattr(files, "GROUP_ROWS", 500)
    batch = pa.RecordBatch.from_pylist(
        [{"n": n * 7919 % 100_003, "part": "2024-01"} for n in range(2000)], SCHEMA
    )
    batches = [batch.slice(start, 250) for start in range(0, 2000, 250)]
    table.commit(
        batches=pa.RecordBatchReader.from_batches(SCHEMA, batches), marks={}, replace="nothing"
    )
    assert len(table.file_names()) == 4
    assert len(content(table)) == table.rows() == 2000


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
    from xueqiao.lake import files, folding, storage, tables
    moment = sys.argv[2]
    table = tables.Table(Path(sys.argv[1]), "stage.things", is_parted=True)
    write = files.Files.write
    def die(*facts):
        os.kill(os.getpid(), signal.SIGKILL)
    if moment == "before the files":
        files.Files.write = die
    if moment == "before the commit":
        files.Files.write = lambda *facts: write(*facts) and die()
    if moment == "after the commit":
        tables.Table._sync_log = lambda self, table, before: before >= 0 and die()
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
