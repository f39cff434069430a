"""Tracking logs in a folder: packed or not, stopped or not, each line once."""

from __future__ import annotations

import gzip
import json
import os
from pathlib import Path

import pytest

from tests.intake.test_openedx import SITE, line
from tests.records import factories as f
from xueqiao.intake import connections, openedx_files, running
from xueqiao.kernel import clock
from xueqiao.records.models import Quarantine, Statement

pytestmark = pytest.mark.django_db


@pytest.fixture
def drop(settings, tmp_path):
    settings.DROPS = str(tmp_path)
    (tmp_path / "mooc").mkdir()
    return tmp_path / "mooc"


def lay(drop, name, data):
    path = drop / name
    path.write_bytes(data)
    os.utime(path, (0, 0))
    return path


def connect():
    values = {"folder": "mooc", "site": f"{SITE}/", "name_people_by": "user_id"}
    return connections.create(
        source=f.source(), kind="openedx", name="MOOC", values=values, at=clock.now()
    )


def run(connection, seconds=50):
    connection.refresh_from_db()
    done = running.run(connection=connection, at=clock.now(), seconds=seconds)
    assert done.reason == ""
    return done.received, done.accepted, done.duplicate, done.quarantined


def log(count, first=0):
    lines = [
        line("play_video", json.dumps({"id": f"v{n}", "currentTime": n}))
        for n in range(first, first + count)
    ]
    return "\n".join(lines).encode() + b"\n"


def test_logs_come_in_once_whatever_they_are_called(drop):
    strange = line("edx.unheard.of", {}).encode()
    lay(drop, "tracking.log", log(30) + strange + b"\n\n" + b"{broken\n")
    lay(drop, "tracking.log-20260302.gz", gzip.compress(log(20, first=20)))
    lay(drop, "readme.md", b"not taken")
    made = connect()
    assert run(made) == (52, 40, 10, 2)
    assert set(Quarantine.objects.values_list("reason", flat=True)) == {
        "event_unknown", "not_json",
    }  # fmt: skip
    assert sorted(each.name for each in (drop / "done").iterdir()) == [
        "tracking.log", "tracking.log-20260302.gz",
    ]  # fmt: skip
    assert run(made) == (0, 0, 0, 0)
    lay(drop, "again.log", (drop / "done" / "tracking.log").read_bytes())
    assert run(made) == (32, 0, 32, 0)
    assert (Statement.objects.count(), Quarantine.objects.count()) == (40, 2)


def test_a_line_of_2099_is_held(drop):
    lay(drop, "tracking.log", line("seq_next", {"id": "b"}, time="2099-01-01T00:00:00Z").encode())
    assert run(connect()) == (1, 0, 0, 1)
    assert Quarantine.objects.get().reason == "time_future"


def test_a_stopped_file_goes_on_at_its_line(drop, monkeypatch):
    monkeypatch.setattr(openedx_files, "LINES_A_PORTION", 10)
    lay(drop, "tracking.log.gz", gzip.compress(log(35)))
    made = connect()
    taken = [run(made, seconds=0) for _run in range(4)]
    assert taken == [(10, 10, 0, 0)] * 3 + [(5, 5, 0, 0)]
    assert not list(drop.glob("*.gz"))


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (gzip.compress(b"x" * 1000, mtime=0)[:-20], "damaged"),
        (b"\x1f\x8bnot gzip", "damaged"),
        (b"{}\n\xff\xfe", "UTF-8"),
        (gzip.compress(b" " * (openedx_files.MOST_BYTES_A_LINE + 1), mtime=0), "Split it"),
    ],
)
def test_a_file_that_breaks_is_put_aside_and_the_next_one_is_taken(drop, data, said):
    lay(drop, "a.log.gz", data)
    lay(drop, "b.log", log(1))
    done = run(connect())
    assert done[1] == 1
    assert done[3] >= 1
    assert said in Path(drop / "failed" / "a.log.gz.reason.txt").read_text()
