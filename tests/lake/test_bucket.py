"""The lake in a bucket: the same tables as on a disk, from extraction to erasure.

The bucket is moto's, served by a process of its own on this machine.
"""

from __future__ import annotations

import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pyarrow import fs

from tests.lake import erasing, sparks, worlds
from xueqiao.lake import compaction, engines, extract, mending, sources, storage, tables

pytestmark = pytest.mark.embedded
LOG = "bronze.statement"
ACCESS = {"key": "of-a-test", "secret": "of-a-test-too", "region": "us-east-1"}


@pytest.fixture(scope="module")
def server():
    """The address of an object storage with one bucket, ``lake``."""
    port = sparks.free_port()
    words = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    quiet = subprocess.DEVNULL
    process = subprocess.Popen(words, stdout=quiet, stderr=quiet)
    try:
        make_bucket(f"127.0.0.1:{port}", process)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(10)


def make_bucket(address, process):
    ends = time.monotonic() + 30
    while True:
        try:
            fs.S3FileSystem(
                access_key=ACCESS["key"], secret_key=ACCESS["secret"], region=ACCESS["region"],
                endpoint_override=address, scheme="http", allow_bucket_creation=True,
            ).create_dir("lake")  # fmt: skip
        except OSError:
            assert process.poll() is None, "the object storage has ended"
            if time.monotonic() > ends:
                raise
            time.sleep(0.1)
        else:
            return


@pytest.fixture
def root(server, settings, tmp_path, request):
    """The folder of a lake whose tables lie in the bucket."""
    settings.LAKE = tmp_path / "here"
    settings.LAKE.mkdir()
    settings.LAKE_URL = f"s3://lake/{request.node.name}"
    settings.LAKE_S3 = {**ACCESS, "endpoint": server}
    yield settings.LAKE
    storage.bucket.cache_clear()


@pytest.mark.slow
def test_a_lake_lives_in_a_bucket_as_on_a_disk(root, tmp_path, monkeypatch):
    """Extraction, build, a lost object, compaction, erasure: one lake through its whole life."""
    monkeypatch.setattr(extract, "BATCH", 2)
    world, disk = erasing.make_world(), tmp_path / "disk"
    for each in (root, disk):
        worlds.fill(each, world)
        erasing.make(each)
    assert erasing.everything(root) == erasing.everything(disk)
    assert not list(root.rglob("*.parquet"))
    worlds.fill(root, world)
    assert worlds.make(root) == []

    before, gone = worlds.rows_of(root, LOG), log(root).file_names()[0]
    storage.of(root).remove([f"{log(root).folder}/{gone}"])
    assert mending.lost(root) == {LOG: [gone]}
    assert mending.mend(root=root, of=world.sources(), at=worlds.AT)[LOG] > 0
    assert mending.lost(root) == {}
    assert worlds.rows_of(root, LOG) == before

    for day in range(10):
        world.add_statement(erasing.LI, datetime(2024, 3, 11 + day, tzinfo=UTC))
    worlds.fill(root, world)
    grown = worlds.rows_of(root, LOG)
    assert len(grown) == len(before) + 10
    with engines.opened(name="duckdb", memory="500MB", root=root) as engine:
        done = compaction.compact(root=root, engine=engine)
    assert LOG in {each.table for each in done}
    assert compaction.sweep(root=root, keep_hours=0) > 0
    assert worlds.rows_of(root, LOG) == grown

    erasing.erase(root, erasing.wei(world))
    assert {row["actor_id"] for row in worlds.rows_of(root, LOG)} == {erasing.LI}
    assert parquet(root) == named(root)  # no earlier version is left
    assert not any("wei@school.example" in content(root, name) for name in parquet(root))


def log(root):
    return tables.Table(root, LOG, is_parted=True)


def parquet(root):
    """The data files of the floors in the bucket."""
    store = storage.of(root)
    found = store.files.get_file_info(fs.FileSelector(store.path("").rstrip("/"), recursive=True))
    top = tuple(store.path(f"{floor}/") for floor in tables.FLOORS)
    return {each.path for each in found if each.path.startswith(top) and ".parquet" in each.path}


def named(root):
    """The data files that the newest versions of all tables name."""
    store, found = storage.of(root), set()
    for name in tables.names(root):
        table = tables.Table(root, name)
        found |= {store.path(f"{table.folder}/{file}") for file in table.file_names()}
    return found


def content(root, name):
    with storage.of(root).files.open_input_file(name) as file:
        return repr(pq.read_table(file).to_pylist())


def test_of_writers_at_once_nobody_loses_a_commit(root):
    schema = pa.schema([("writer", pa.int64()), ("number", pa.int64())])

    def write(writer):
        for number in range(4):
            rows = pa.table({"writer": [writer], "number": [number]}, schema=schema)
            batches = sources.reader(schema, [rows])
            table.commit(batches=batches, marks={}, replace="nothing")

    table = tables.Table(root, "runs.noted")
    table.make(schema)
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(write, range(4))) == [None] * 4
    rows = table.opened().to_pyarrow_table().to_pylist()
    wanted = [(writer, number) for writer in range(4) for number in range(4)]
    assert sorted((row["writer"], row["number"]) for row in rows) == wanted
