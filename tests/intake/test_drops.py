"""Files laid down or uploaded: each once by its content, whatever breaks in between."""

import itertools
import json
import os
import time

import pytest

from tests.intake import tables as t
from tests.records import factories as f
from xueqiao.intake import connections, contracts, drops, files, folder, running, uploads
from xueqiao.intake.tables import mapping as mappings
from xueqiao.kernel import clock
from xueqiao.records.models import Delivery, Quarantine, Statement

pytestmark = pytest.mark.django_db


def agreed(**changes):
    return contracts.save(
        source=f.source(), name="成绩", mapping=t.mapping(**changes), by=None, at=clock.now()
    )


def connect(kind="folder", contract=None, **values):
    made = connections.create(
        source=f.source(), kind=kind, name=kind, values=values, at=clock.now()
    )
    return connections.change(
        connection=made, name=kind, values=values, contract=contract or agreed()
    )


@pytest.fixture
def inbox(tmp_path, settings):
    settings.DROPS = tmp_path
    settings.HOME = tmp_path / "home"
    made = tmp_path / "school-3"
    made.mkdir()
    return made


def run(connection, **options):
    done = running.run(connection=connection, at=clock.now(), **options)
    return done.state, done.received, done.accepted, done.duplicate, done.quarantined


def lying(path):
    return sorted(str(each.relative_to(path)) for each in path.rglob("*") if each.is_file())


def test_a_file_is_taken_in_once_and_put_away(inbox):
    made = connect(folder="school-3")
    t.laid(inbox, "a.csv", t.csv_bytes(t.ROWS))
    t.xlsx(inbox / "b.xlsx", [[*t.ROWS[0][:5], 90]])
    os.utime(inbox / "b.xlsx", (0, 0))
    assert run(made) == ("done", 3, 3, 0, 0)
    assert lying(inbox) == ["done/a.csv", "done/b.xlsx"]
    assert [each.finished_at is not None for each in Delivery.objects.all()] == [True, True]

    t.laid(inbox, "again.csv", t.csv_bytes(t.ROWS))
    t.laid(inbox, "gbk.csv", t.csv_bytes(t.ROWS, encoding="gbk"))
    assert run(made) == ("done", 4, 0, 4, 0)
    assert Statement.objects.count() == 3
    assert Delivery.objects.count() == 3, "the same bytes are one delivery"


def test_what_is_not_whole_or_not_a_table_is_left_alone(inbox):
    made = connect(folder="school-3")
    (inbox / "now.csv").write_bytes(t.csv_bytes(t.ROWS))
    for name in ("a.csv.part", ".hidden.csv", "~$a.xlsx", "photo.jpg"):
        t.laid(inbox, name, b"x")
    (inbox / "link.csv").symlink_to("/etc/passwd")
    (inbox / "folder.csv").mkdir()
    assert run(made) == ("done", 0, 0, 0, 0)
    assert (inbox / "now.csv").exists()
    os.utime(inbox / "now.csv", (time.time() - 60,) * 2)
    assert run(made)[1] == 2


def test_a_file_that_cannot_be_read_is_named_and_the_others_go_on(inbox):
    made = connect(folder="school-3")
    t.laid(inbox, "a.csv", b'a,"b\n')
    t.laid(inbox, "b.csv", t.csv_bytes([row[:5] for row in t.ROWS], t.HEADING[:5]))
    t.laid(inbox, "c.csv", t.csv_bytes(t.ROWS))
    assert run(made) == ("done", 4, 2, 0, 2)
    assert lying(inbox) == [
        "done/c.csv", "failed/a.csv", "failed/a.csv.reason.txt", "failed/b.csv",
        "failed/b.csv.reason.txt",
    ]  # fmt: skip
    assert "得分" in (inbox / "failed/b.csv.reason.txt").read_text()
    held = Quarantine.objects.filter(reason="file_unreadable").order_by("pk")
    assert [each.text for each in held] == ["a.csv", "b.csv"]


def many(count):
    return [[f"{n}", *t.ROWS[0][1:]] for n in range(count)]


def test_a_stopped_file_goes_on_at_its_row(inbox, monkeypatch):
    monkeypatch.setattr(drops, "ROWS_A_PORTION", 100)
    made = connect(folder="school-3")
    t.laid(inbox, "a.csv", t.csv_bytes(many(250)))
    assert run(made, seconds=0) == ("continued", 100, 100, 0, 0)
    assert lying(inbox) == ["a.csv"]
    made.refresh_from_db()
    assert made.watermark["row"] == 101
    assert run(made) == ("done", 150, 150, 0, 0)
    assert lying(inbox) == ["done/a.csv"]
    assert Delivery.objects.get().items == 250


def test_a_run_that_dies_between_storing_and_moving_adds_nothing_twice(inbox, monkeypatch):
    made = connect(folder="school-3")
    t.laid(inbox, "a.csv", t.csv_bytes(t.ROWS))
    monkeypatch.setattr(folder.Folder, "finish", lambda *_args: (_ for _ in ()).throw(OSError("x")))
    assert run(made)[:3] == ("failed", 2, 2)
    monkeypatch.undo()
    assert run(made)[2] == 0
    assert (Statement.objects.count(), lying(inbox.parent / "school-3")) == (2, ["done/a.csv"])


@pytest.mark.parametrize("name", ["..", ".", "/etc", "../home", "x\0y"])
def test_a_folder_elsewhere_is_refused_when_it_is_named_and_when_it_is_read(inbox, name):
    with pytest.raises(folder.FolderUnfit) as why:
        connect(folder=name)
    assert why.value.pointer == "folder"
    if "\0" in name:
        return  # no database keeps such a text
    made = connect(folder="school-3")
    made.config["folder"] = name
    made.save()
    assert running.run(connection=made, at=clock.now()).state == "failed"


def test_a_folder_that_is_not_there_yet_is_said_when_it_is_read(inbox):
    done = running.run(connection=connect(folder="nowhere"), at=clock.now())
    assert done.state == "failed"
    assert "nowhere" in done.reason


def test_a_connection_without_a_contract_says_so(inbox):
    made = connections.create(
        source=f.source(), kind="folder", name="x", values={"folder": "school-3"}, at=clock.now()
    )
    assert "contract" in running.run(connection=made, at=clock.now()).reason


def upload(name="成绩 2026.csv", data=None):
    return uploads.receive(name=name, blocks=[data or t.csv_bytes(t.ROWS)])


def test_an_upload_is_taken_in_and_leaves_no_copy(inbox):
    made = connect("upload")
    token = upload()
    assert uploads.shown_name(token) == "成绩_2026.csv"
    uploads.hand_in(connection=made, token=token)
    assert run(made) == ("done", 2, 2, 0, 0)
    assert lying(inbox.parent / "home") == []
    assert Delivery.objects.get().name == token
    with pytest.raises(uploads.UploadGone):
        uploads.path_of(token)
    uploads.hand_in(connection=made, token=upload())
    assert run(made) == ("done", 2, 0, 2, 0)


@pytest.mark.parametrize("token", ["", "..", "../../x", "/etc/passwd", "x"])
def test_a_token_leads_nowhere_else(inbox, token):
    with pytest.raises(uploads.UploadGone):
        uploads.path_of(token)


def test_an_upload_that_is_too_large_or_no_table_is_not_kept(inbox, monkeypatch):
    with pytest.raises(files.FileUnreadable):
        upload(data=b"\0\0\0")
    monkeypatch.setattr(uploads, "MOST_BYTES", 10)
    with pytest.raises(uploads.UploadTooLarge):
        uploads.receive(name="a.csv", blocks=itertools.repeat(b"12345"))
    assert lying(inbox.parent / "home") == []


def test_an_upload_without_a_column_is_refused_before_it_waits(inbox):
    made = connect("upload")
    token = upload(data=t.csv_bytes([["1"]], ["学号"]))
    with pytest.raises(mappings.MappingUnfit, match="课程"):
        uploads.hand_in(connection=made, token=token)
    assert uploads.path_of(token).exists()


def test_versions_of_a_contract_are_kept_and_an_equal_one_is_the_same(inbox):
    first, again = agreed(), agreed()
    second = agreed(repeats="count")
    assert (first.pk, first.version, second.version) == (again.pk, 1, 2)
    made = connect(folder="school-3", contract=second)
    t.laid(inbox, "a.csv", t.csv_bytes([["", *t.ROWS[0][1:]]]))
    run(made)
    held = Quarantine.objects.get()
    assert (held.form, json.loads(held.text)["学号"]) == (f"contract:{second.pk}", "")
