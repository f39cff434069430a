"""Course packages come in: versions, files, limits, and what a hostile zip file tries."""

from __future__ import annotations

import hashlib
import io
import stat
import struct
import zipfile
from datetime import UTC, datetime, timedelta

import pytest

from tests.cmi5.packages import COURSE, block, package, structure, unit, zipped
from xueqiao.cmi5 import archive, content, packages
from xueqiao.cmi5.models import ContentFile, Course, Part, Version
from xueqiao.cmi5.structure import StructureUnfit

pytestmark = pytest.mark.django_db

AT = datetime(2026, 9, 1, tzinfo=UTC)
PAGE = b"<!doctype html><title>One</title>"


def take(file, **options):
    given = {"name": "geology.zip", "at": AT, "by_id": None} | options
    return packages.import_package(file=file, **given)


def test_a_package_becomes_the_first_version_of_its_course():
    version = take(package(block("a", unit("one", moveOn="Passed", masteryScore="0.8")), unit("b")))

    course = Course.objects.get()
    assert (course.publisher_id, course.current, version.number) == (COURSE, version, 1)
    assert course.activity_id != COURSE
    rows = Part.objects.order_by("number").values_list(
        "number", "parent__number", "depth", "is_block", "publisher_id", "move_on", "mastery"
    )
    assert list(rows) == [
        (1, None, 0, True, f"{COURSE}/blocks/a", "", None),
        (2, 1, 1, False, f"{COURSE}/units/one", "Passed", 8000),
        (3, None, 0, False, f"{COURSE}/units/b", "NotApplicable", None),
    ]
    file = ContentFile.objects.get()
    assert (file.path, file.digest, file.size) == (
        "index.html",
        hashlib.sha256(PAGE).hexdigest(),
        len(PAGE),
    )
    assert content.place(file.digest).read_bytes() == PAGE


def test_the_same_file_is_the_same_version():
    held = package().getvalue()
    one = take(io.BytesIO(held))
    two = take(io.BytesIO(held), name="again.zip")
    assert one == two
    assert list(Version.objects.values_list("number", "name")) == [(1, "geology.zip")]


def test_another_file_of_the_course_is_its_next_version_and_parts_keep_their_ids():
    first = take(package(unit("one")))
    second = take(package(unit("two"), unit("one")))

    course = Course.objects.get()
    assert (first.number, second.number, course.current) == (1, 2, second)
    ids = Part.objects.filter(publisher_id=f"{COURSE}/units/one").values_list("activity_id")
    assert len(set(ids)) == 1
    assert Part.objects.filter(version=first).count() == 1


def test_an_older_file_is_offered_again():
    held = package(unit("one")).getvalue()
    first = take(io.BytesIO(held))
    take(package(unit("two")))
    assert take(io.BytesIO(held)) == first
    assert Course.objects.get().current == first


def test_a_structure_comes_alone():
    alone = structure(unit(url="https://elsewhere.example/start"))
    version = take(io.BytesIO(alone), name="cmi5.xml")
    assert (version.has_files, version.files.count()) == (False, 0)


def test_a_thousand_units_and_more_are_kept():
    version = take(package(*[unit(str(n)) for n in range(1200)]))
    assert version.parts.count() == 1200


def test_a_package_of_64_bits_is_read():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as file:
        for name, data in {"cmi5.xml": structure(), "index.html": PAGE}.items():
            with file.open(name, "w", force_zip64=True) as entry:
                entry.write(data)
    out.seek(0)
    assert take(out).files.count() == 1


def test_files_of_unknown_kinds_are_named_and_not_kept():
    files = {"index.html": PAGE, "setup.exe": b"MZ", "run.php": b"<?php", "README": b"hello"}
    version = take(package(files=files))
    assert version.left_out == ["README", "run.php", "setup.exe"]
    assert [file.path for file in version.files.all()] == ["index.html"]


def test_what_systems_add_is_passed_over():
    files = {"index.html": PAGE, "__MACOSX/._index.html": b"x", "media/.DS_Store": b"x"}
    version = take(package(files=files))
    assert (version.left_out, version.files.count()) == ([], 1)


def test_a_course_of_somebody_else_is_not_replaced(person):
    one, other = person("one"), person("two")
    take(package(), by_id=one.pk, may_all=False)
    with pytest.raises(packages.NotYours):
        take(package(unit("two")), by_id=other.pk, may_all=False)
    assert take(package(unit("two")), by_id=other.pk, may_all=True).number == 2
    assert take(package(unit("three")), by_id=one.pk, may_all=False).number == 3


def with_link():
    link = zipfile.ZipInfo("link.html")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    out = package()
    with zipfile.ZipFile(out, "a") as file:
        file.writestr(link, "/etc/passwd")
    return out


def encrypted():
    data = bytearray(package().getvalue())
    for signature, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        start = 0
        while (found := data.find(signature, start)) >= 0:
            data[found + at] |= 1
            start = found + 4
    return io.BytesIO(bytes(data))


def lying():
    """A bomb that declares one byte: 30 MB of nothing."""
    out = package(files={"index.html": b"\0" * 30_000_000})
    data = bytearray(out.getvalue())
    for signature, at in ((b"PK\x03\x04", 22), (b"PK\x01\x02", 24)):
        start = 0
        while (found := data.find(signature, start)) >= 0:
            if struct.unpack_from("<I", data, found + at)[0] == 30_000_000:
                struct.pack_into("<I", data, found + at, 1)
            start = found + 4
    return io.BytesIO(bytes(data))


HOSTILE = {
    "text": lambda: io.BytesIO(b"# not a package"),
    "nothing": lambda: io.BytesIO(b""),
    "half a zip": lambda: io.BytesIO(package().getvalue()[:200]),
    "only the start of one": lambda: io.BytesIO(b"PK\x03\x04" + b"x" * 100),
    "no structure": lambda: zipped({"index.html": PAGE}),
    "a structure in a folder": lambda: zipped({"course/cmi5.xml": structure()}),
    "a climbing path": lambda: package(files={"index.html": PAGE, "../../evil.html": b"x"}),
    "a path from the root": lambda: package(files={"index.html": PAGE, "/etc/evil.html": b"x"}),
    "a path of another system": lambda: package(files={"index.html": PAGE, "a\\b.html": b"x"}),
    "a drive": lambda: package(files={"index.html": PAGE, "c:evil.html": b"x"}),
    "a name with a control character": lambda: package(
        files={"index.html": PAGE, "a\x07.html": b""}
    ),
    "a long name": lambda: package(files={"index.html": PAGE, "a" * 300 + ".html": b""}),
    "two names in one": lambda: package(files={"index.html": PAGE, "INDEX.html": b"x"}),
    "a link": with_link,
    "encryption": encrypted,
    "an unusual packing": lambda: zipped(
        {"cmi5.xml": structure(), "index.html": PAGE}, method=zipfile.ZIP_LZMA
    ),
    "a bomb": lambda: package(files={"index.html": b"\0" * 30_000_000}),
    "a bomb that lies": lying,
    "a bomb as structure": lambda: zipped({"cmi5.xml": b" " * 30_000_000}),
}


@pytest.mark.parametrize("case", HOSTILE)
def test_what_is_no_package_is_refused_and_nothing_is_kept(case):
    with pytest.raises((archive.PackageUnfit, StructureUnfit)):
        take(HOSTILE[case]())
    assert (Course.objects.count(), Version.objects.count(), ContentFile.objects.count()) == (
        0,
        0,
        0,
    )


def test_too_many_files_are_refused(monkeypatch):
    monkeypatch.setattr(archive, "MOST_FILES", 3)
    take(package(files={"index.html": PAGE, "a.html": b"x"}))
    with pytest.raises(archive.PackageUnfit):
        take(package(files={"index.html": PAGE, "a.html": b"x", "b.html": b"x"}))


def test_all_files_together_have_a_limit(monkeypatch):
    monkeypatch.setattr(archive, "MOST_BYTES", 1000)
    with pytest.raises(archive.PackageUnfit):
        take(package(files={"index.html": b"x" * 600, "b.html": b"y" * 600}))
    assert not Course.objects.exists()


def token_of(address):
    return address.split("/")[3]


def test_a_file_is_reached_by_an_address_that_ends():
    version = take(package())
    token = token_of(content.address(version.pk, "index.html", AT))
    found = content.served(token, "index.html", AT)
    assert (found.path.read_bytes(), found.media_type) == (PAGE, "text/html; charset=utf-8")
    assert content.served(token, "index.html", AT + timedelta(days=7)) == found
    with pytest.raises(content.NotThere):
        content.served(token, "index.html", AT + timedelta(days=15))


@pytest.mark.parametrize(
    "token", ["", "1", "1-2", "1-2-", "x-y-z", "1-99999-" + "0" * 40, "9" * 40 + "-1-a", "-1-2-3"]
)
def test_an_address_that_is_not_ours_opens_nothing(token):
    version = take(package())
    assert version.files.exists()
    with pytest.raises(content.NotThere):
        content.served(token, "index.html", AT)


def test_an_address_opens_its_own_version_only():
    one, two = take(package()), take(package(unit("two"), files={"index.html": b"two"}))
    week = token_of(content.address(one.pk, "", AT)).split("-")[1:]
    forged = "-".join([str(two.pk), *week])
    with pytest.raises(content.NotThere):
        content.served(forged, "index.html", AT)


@pytest.mark.parametrize("path", ["", "other.html", "../index.html", "cmi5.xml", "INDEX.HTML"])
def test_only_files_of_the_package_are_served(path):
    token = token_of(content.address(take(package()).pk, "", AT))
    with pytest.raises(content.NotThere):
        content.served(token, path, AT)


def test_a_closed_course_is_opened_again():
    course = take(package()).course
    packages.close(course_id=course.pk, at=AT)
    packages.close(course_id=course.pk, at=AT + timedelta(days=1))
    course.refresh_from_db()
    assert course.closed_at == AT
    assert not Course.objects.offered().exists()
    packages.reopen(course_id=course.pk)
    assert Course.objects.offered().get() == course
