"""OneRoster packages: rows are kept, enrolments become statements, a fault names its cell."""

from __future__ import annotations

import io
import os
import zipfile
from pathlib import Path

import pytest

from tests.intake import rosters as r
from tests.records import factories as f
from xueqiao.intake import connections, running
from xueqiao.intake.models import RosterPackage, RosterRow
from xueqiao.intake.oneroster import loading
from xueqiao.intake.oneroster import package as packages
from xueqiao.kernel import clock
from xueqiao.records.models import Quarantine, Statement

pytestmark = pytest.mark.django_db
SITE = "https://school.example"


@pytest.fixture
def school(settings, tmp_path):
    settings.DROPS = str(tmp_path)
    (tmp_path / "school").mkdir()
    return School(tmp_path / "school")


class School:
    def __init__(self, folder):
        self.folder, self.number, self.connection = folder, 0, None

    def connect(self, **values):
        values = {"folder": "school", "site": f"{SITE}/", "people_by": "sourcedId"} | values
        self.connection = connections.create(
            source=f.source(), kind="oneroster", name="Rosters", values=values, at=clock.now()
        )
        return self

    def hand_in(self, data, seconds=50):
        """What became of a package: received, accepted, duplicate, quarantined."""
        self.number += 1
        path = self.folder / f"{self.number}.zip"
        path.write_bytes(data)
        os.utime(path, (0, 0))
        return self.run(seconds)

    def run(self, seconds=50):
        self.connection.refresh_from_db()
        done = running.run(connection=self.connection, at=clock.now(), seconds=seconds)
        assert done.reason == ""
        return done.received, done.accepted, done.duplicate, done.quarantined

    def why(self):
        return Path(self.folder / "failed" / f"{self.number}.zip.reason.txt").read_text()


def counts():
    found = RosterPackage.objects.latest("pk")
    assert found.finished_at is not None
    names = ("rows", "added", "changed", "unchanged", "refused", "missing")
    return tuple(getattr(found, name) for name in names)


def active(table):
    return set(RosterRow.objects.filter(table=table, is_active=True)
               .values_list("sourced_id", flat=True))  # fmt: skip


def told():
    rows = Statement.objects.order_by("pk").values_list("verb__iri", "actor__name", "activity__iri")
    return [(verb.rpartition("/")[2], name, thing) for verb, name, thing in rows]


KLASS = f"{SITE}/class/k1"


def test_a_bulk_package_is_kept_and_its_students_are_registered(school):
    assert school.connect().hand_in(r.package(r.ROWS)) == (3, 3, 0, 0)
    assert counts() == (15, 15, 0, 0, 0, 0)
    assert told() == [("registered", f"u{n}", KLASS) for n in (2, 3, 4)]
    assert active("users") == {"u1", "u2", "u3", "u4"}
    first = Statement.objects.first()
    assert '"und":"七年级数学（三班）"' in first.text
    assert '"timestamp":"2026-02-19T16:00:00+00:00"' in first.text


def test_what_nobody_needs_is_not_kept(school):
    school.connect().hand_in(r.package(r.ROWS))
    held = RosterRow.objects.get(table="users", sourced_id="u1").data
    assert held == {
        "sourcedId": "u1", "enabledUser": "true", "username": "li1", "givenName": "Wei",
        "familyName": "Li", "identifier": "S1", "primaryOrgSourcedId": "s1",
    }  # fmt: skip


def test_trying_a_connection_out_writes_nothing(school):
    path = school.connect().folder / "rosters.zip"
    path.write_bytes(r.package(r.but("orgs", "d1", type="rocket")))
    os.utime(path, (0, 0))
    assert running.try_out(connection=school.connection) == (1, 1)
    assert path.exists()
    assert not RosterPackage.objects.exists()
    assert not RosterRow.objects.exists()


def test_the_second_run_adds_nothing(school):
    school.connect().hand_in(r.package(r.ROWS))
    assert school.hand_in(r.package(r.ROWS)) == (0, 0, 0, 0)
    assert counts() == (15, 0, 0, 15, 0, 0)
    assert (Statement.objects.count(), RosterRow.objects.count()) == (3, 15)


def test_who_is_no_longer_in_a_bulk_table_has_left_and_may_come_back(school):
    school.connect().hand_in(r.package(r.ROWS))
    assert school.hand_in(r.package(r.but("enrollments", "e3", gone=True))) == (1, 1, 0, 0)
    assert counts() == (14, 0, 0, 14, 0, 1)
    assert active("enrollments") == {"e1", "e2", "e4"}
    assert school.hand_in(r.package(r.ROWS)) == (1, 1, 0, 0)
    assert told()[3:] == [("unregistered", "u3", KLASS), ("registered", "u3", KLASS)]
    assert school.hand_in(r.package(r.ROWS)) == (0, 0, 0, 0)


def delta(*rows, table="enrollments"):
    return r.package({table: list(rows)}, mode="delta")


def test_a_delta_package_changes_only_what_it_names(school):
    school.connect().hand_in(r.package(r.ROWS))
    leaving = {"sourcedId": "e2", "status": "tobedeleted", "dateLastModified": r.AT}
    assert school.hand_in(delta(leaving)) == (1, 1, 0, 0)
    assert active("enrollments") == {"e1", "e3", "e4"}
    assert counts() == (1, 0, 1, 0, 0, 0)
    assert '"timestamp":"2026-02-20T08:00:00+00:00"' in Statement.objects.latest("pk").text

    older = r.ROWS["enrollments"][1] | {
        "status": "active", "dateLastModified": "2026-02-19T08:00:00Z",
    }  # fmt: skip
    assert school.hand_in(delta(older)) == (0, 0, 0, 0)
    newer = older | {"dateLastModified": "2026-02-21T08:00:00Z"}
    assert school.hand_in(delta(newer)) == (1, 1, 0, 0)
    assert active("enrollments") == {"e1", "e2", "e3", "e4"}


def test_an_enrolment_of_2099_is_held(school):
    school.connect().hand_in(r.package(r.ROWS))
    row = r.ROWS["enrollments"][1] | {
        "sourcedId": "e9", "status": "active", "dateLastModified": "2099-01-01T00:00:00Z",
    }  # fmt: skip
    assert school.hand_in(delta(row)) == (1, 0, 0, 1)
    assert Quarantine.objects.get().reason == "time_future"


def test_a_delta_row_without_its_time_is_refused(school):
    school.connect().hand_in(r.package(r.ROWS))
    assert school.hand_in(delta(r.ROWS["enrollments"][1])) == (1, 0, 0, 1)
    held = Quarantine.objects.get()
    assert held.pointer == "enrollments.csv:2:status"
    assert "dateLastModified" in held.detail


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"role": "pupil"}, "cell_unfit"),
        ({"userSourcedId": "u9"}, "reference_unknown"),
        ({"beginDate": "2026-02-30"}, "cell_unfit"),
        ({"userSourcedId": ""}, "cell_unfit"),
        ({"sourcedId": "e2"}, "conflict"),
        ({"sourcedId": "x" * 256}, "cell_unfit"),
        ({"primary": "yes"}, "cell_unfit"),
        ({"dateLastModified": "2026-02-20"}, "cell_unfit"),
    ],
)
def test_a_wrong_cell_is_named_and_the_rest_comes_in(school, changes, reason):
    rows = r.but("enrollments", "e3", **changes)
    assert school.connect().hand_in(r.package(rows)) == (3, 2, 0, 1)
    held, (column,) = Quarantine.objects.get(), changes
    assert (held.pointer, held.reason) == (f"enrollments.csv:4:{column}", reason)
    assert counts() == (15, 14, 0, 0, 1, 0)
    assert school.hand_in(r.package(rows)) == (1, 0, 1, 0)


def test_an_enrolment_of_a_refused_user_is_refused_too(school):
    rows = r.but("users", "u3", enabledUser="yes")
    assert school.connect().hand_in(r.package(rows)) == (4, 2, 0, 2)
    assert set(Quarantine.objects.values_list("pointer", flat=True)) == {
        "users.csv:4:enabledUser", "enrollments.csv:4:userSourcedId",
    }  # fmt: skip


def test_a_row_that_has_become_wrong_does_not_leave_for_it(school):
    school.connect().hand_in(r.package(r.ROWS))
    assert school.hand_in(r.package(r.but("enrollments", "e3", role="pupil"))) == (1, 0, 0, 1)
    assert active("enrollments") == {"e1", "e2", "e3", "e4"}


def test_learners_may_be_known_by_another_column(school):
    rows = r.but("users", "u4", identifier="")
    assert school.connect(people_by="identifier").hand_in(r.package(rows)) == (3, 2, 0, 1)
    assert [name for _verb, name, _thing in told()] == ["S2", "S3"]
    assert Quarantine.objects.get().reason == "nobody"


def test_a_stopped_package_goes_on_at_its_row(school, monkeypatch):
    monkeypatch.setattr(loading, "ROWS_A_PORTION", 2)
    school.connect()
    whole = [school.hand_in(r.package(r.ROWS), seconds=0)]
    while any(each.suffix == ".zip" for each in school.folder.iterdir()):
        whole.append(school.run(seconds=0))
    assert len(whole) > 5
    assert [sum(column) for column in zip(*whole, strict=True)] == [3, 3, 0, 0]
    assert counts() == (15, 15, 0, 0, 0, 0)
    assert RosterPackage.objects.count() == 1


def test_a_package_that_would_empty_a_table_is_refused_as_cut_short(school):
    many = r.ROWS | {
        "users": [r.ROWS["users"][0] | {"sourcedId": f"u{n}"} for n in range(1, 121)]
    }  # fmt: skip
    school.connect().hand_in(r.package(many))
    few = many | {"users": many["users"][:50]}
    assert school.hand_in(r.package(few)) == (1, 0, 0, 1)
    assert "70 of 120 rows of users.csv" in school.why()
    assert len(active("users")) == 120
    school.connection.config |= {"most_leaving_percent": 100}
    school.connection.save()
    assert school.hand_in(r.package(few))[3] == 0
    assert len(active("users")) == 50


def zipped(**files):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name.replace("__", "/"), data)
    return out.getvalue()


def swapped():
    heading = [field.name for field in packages.TABLES["orgs"]]
    heading[3], heading[4] = heading[4], heading[3]
    return r.table("orgs", r.ROWS["orgs"], heading)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"not a zip", "is no zip file"),
        (r.package(r.ROWS)[:-200], "is no zip file"),
        (r.package(r.ROWS, manifest=None), "has no manifest.csv"),
        (r.package(r.ROWS, manifest=b"a,b\n"), "other columns than propertyName,value"),
        (r.package(r.ROWS, manifest=r.manifest({}, **{"oneroster.version": "1.1"})), "“1.1”"),
        (r.package(r.ROWS, manifest=r.manifest({"orgs": "some"})), "file.orgs = some"),
        (r.package(r.ROWS, manifest=r.manifest({"rockets": "bulk"})), "file.rockets = bulk"),
        (r.package(r.ROWS, manifest=r.manifest({"orgs": "absent"})), "no roster table"),
        (r.package(r.ROWS, users=None), "users.csv"),
        (r.package(r.ROWS, orgs=b"sourcedId,status\n"), "Missing: dateLastModified, name, type"),
        (r.package(r.ROWS, orgs=swapped()), "has another heading"),
        (r.package(r.ROWS, orgs=b"\xff\xfe"), "is not UTF-8"),
        (r.package(r.ROWS, orgs=b'sourcedId,"status\n'), "cannot be read"),
        (zipped(**{"in__manifest.csv": b"x"}), "side by side"),
        (zipped(**{f"{n}.csv": b"x" for n in range(70)}), "more than 64 files"),
    ],
)
def test_a_package_that_is_none_is_refused_as_a_whole(school, data, said):
    assert school.connect().hand_in(data) == (1, 0, 0, 1)
    assert said in school.why()
    assert not RosterRow.objects.exists()


def test_a_bomb_is_not_unpacked(school, monkeypatch):
    monkeypatch.setattr(packages, "MOST_BYTES", 10_000_000)
    bomb = b"sourcedId,status\n" + b"0,\n" * 10_000_000
    school.connect().hand_in(r.package(r.ROWS, orgs=bomb))
    assert "has another heading" in school.why()
    heading = r.table("orgs", [])
    school.hand_in(r.package(r.ROWS, orgs=heading + b"a,,,n,school,,\r\n" * 1_000_000))
    assert "grows beyond" in school.why()
    assert not RosterRow.objects.exists()


def test_columns_of_ones_own_and_files_that_are_no_rosters_are_no_fault(school):
    heading = [*(field.name for field in packages.TABLES["orgs"]), "metadata.area"]
    rows = [row | {"metadata.area": "320106"} for row in r.ROWS["orgs"]]
    modes = dict.fromkeys(r.ROWS, "bulk") | {"demographics": "bulk", "results": "absent"}
    data = r.package(
        r.ROWS, orgs=b"\xef\xbb\xbf" + r.table("orgs", rows, heading), demographics=b"secret",
        manifest=r.manifest(modes),
    )  # fmt: skip
    assert school.connect().hand_in(data) == (3, 3, 0, 0)
    assert RosterPackage.objects.get().passed_over == ["demographics"]
    assert RosterRow.objects.get(sourced_id="s1").data["metadata.area"] == "320106"
