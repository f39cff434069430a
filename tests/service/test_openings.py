"""Accounts by roster: faults by cell, all or nothing, the same file once."""

import io

import pytest
from openpyxl import Workbook, load_workbook

from tests.creditbank import factories as bank
from tests.service import factories
from tests.service.factories import AT, identity_number
from xueqiao.creditbank import queries
from xueqiao.people import rights
from xueqiao.people.models import Person
from xueqiao.service.models import OpeningLine, OpeningSheet
from xueqiao.service.openings import reading, sheets, workbook

HEAD = ["姓名", "性别", "身份证号", "居住地"]
NUMBERS = [identity_number(seed) for seed in range(10)]


@pytest.fixture
def point(db):
    return factories.point()


def book(*rows, head=HEAD):
    made = Workbook()
    made.active.append(head)
    for row in rows:
        made.active.append(row)
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


GOOD = (
    ["王秀英", "女", NUMBERS[0], "320924100"],
    ["李建国", "", identity_number(3, female=False), "320924100"],
)


def upload(point, content, by=None):
    return sheets.upload(
        content=content, name="名册.xlsx", place_id=point.town.pk, by=by or point.helper, at=AT
    )


def cells(sheet):
    return [fault["cell"] for fault in sheet.faults]


def test_the_template_filled_in_is_read(point):
    made = load_workbook(io.BytesIO(workbook.template()))
    sheet = made.worksheets[0]
    for place, value in enumerate(GOOD[0], start=1):
        sheet.cell(2, place).value = value
    out = io.BytesIO()
    made.save(out)
    read = reading.read(content=out.getvalue(), name="a.xlsx", place_id=point.town.pk, at=AT)
    line = read.lines[0]
    assert (read.rows, read.faults) == (1, [])
    assert (line.name, line.sex, line.birth_year, line.home_id) == (
        "王秀英", "2", 1960, point.town.pk,
    )  # fmt: skip


def test_a_sheet_is_opened_once_and_verified_by_roster(point):
    content = book(*GOOD)
    sheet = upload(point, content)
    assert (sheet.state, sheet.rows, sheet.fault_count) == ("ready", 2, 0)
    assert upload(point, content) == sheet
    opened = sheets.open_accounts(sheet=sheet, by=point.helper, at=AT)
    assert (opened.state, opened.opened, opened.known) == ("opened", 2, 0)
    assert sheets.open_accounts(sheet=sheet, by=point.helper, at=AT).opened == 2
    wang = Person.objects.get(name="王秀英")
    assert (wang.sex, wang.birth_year, wang.home_id) == ("2", 1960, point.town.pk)
    assert queries.learning_account(wang).verified == 1
    assert NUMBERS[0] not in str(list(OpeningLine.objects.values_list()))


def test_who_has_an_account_keeps_it(point):
    sheets.open_accounts(sheet=upload(point, book(*GOOD)), by=point.helper, at=AT)
    third = ["张三", "女", NUMBERS[4], "320924100"]
    again = sheets.open_accounts(sheet=upload(point, book(*GOOD, third)), by=point.helper, at=AT)
    assert (again.opened, again.known) == (1, 2)
    assert Person.objects.filter(name="王秀英").count() == 1


def test_every_wrong_cell_is_named_and_nothing_is_opened(point):
    before = Person.objects.count()
    sheet = upload(
        point,
        book(
            ["", "女", NUMBERS[1], "320924100"],
            ["李四", "男", NUMBERS[2], "320924100"],
            ["王五", "女", "110105194912310021", "320924100"],
            ["赵六", "女", 999999196001010008, "320924100"],
            ["钱七", "女", NUMBERS[1], "43"],
            ["孙八", "中", NUMBERS[5], "没有这个村"],
        ),
    )
    assert sheet.state == "faulty"
    assert cells(sheet) == ["A2", "B3", "C4", "C5", "C6", "D6", "B7", "D7"]
    assert NUMBERS[1] not in str(sheet.faults)
    with pytest.raises(sheets.SheetFaulty):
        sheets.open_accounts(sheet=sheet, by=point.helper, at=AT)
    assert Person.objects.count() == before


def test_a_place_may_be_named(point):
    assert upload(point, book(["王秀英", "女", NUMBERS[0], "合德镇"])).state == "ready"


def test_a_number_of_another_name_is_a_fault(point):
    sheets.open_accounts(sheet=upload(point, book(*GOOD)), by=point.helper, at=AT)
    sheet = upload(point, book(["王秀芳", "女", NUMBERS[0], "320924100"]))
    assert cells(sheet) == ["C2"]


def test_an_account_opened_meanwhile_under_another_name_stops_the_whole_sheet(point):
    first = upload(point, book(*GOOD))
    other = upload(point, book(["王秀芳", "女", NUMBERS[0], "320924100"]))
    sheets.open_accounts(sheet=other, by=point.helper, at=AT)
    before = Person.objects.count()
    with pytest.raises(sheets.SheetFaulty):
        sheets.open_accounts(sheet=first, by=point.helper, at=AT)
    assert Person.objects.count() == before


@pytest.mark.parametrize(
    "content",
    [b"", b"PK\x03\x04 broken", book(), book(["x"], head=["姓名", "电话"]), b"\x00\x01\x02"],
    ids=["empty", "broken", "no-rows", "no-columns", "binary"],
)
def test_what_is_no_roster_is_refused(point, content):
    with pytest.raises(reading.RosterUnreadable):
        upload(point, content)


def test_a_dropped_sheet_can_be_uploaded_again_and_an_opened_one_not_dropped(point):
    first = upload(point, book(*GOOD))
    sheets.drop(sheet=first, by=point.helper, at=AT)
    second = upload(point, book(*GOOD))
    assert second != first
    sheets.open_accounts(sheet=second, by=point.helper, at=AT)
    with pytest.raises(sheets.SheetOver):
        sheets.drop(sheet=second, by=point.helper, at=AT)
    with pytest.raises(sheets.SheetOver):
        sheets.open_accounts(sheet=first, by=point.helper, at=AT)


def test_rosters_of_other_places_are_refused_and_not_seen(point):
    stranger = bank.helper(point.elsewhere)
    with pytest.raises(rights.NotAllowed):
        upload(point, book(*GOOD), by=stranger)
    upload(point, book(*GOOD))
    day = AT.date()
    assert OpeningSheet.objects.kept_by(point.officer, day).count() == 1
    assert not OpeningSheet.objects.kept_by(stranger, day).exists()


def test_hundreds_of_people_in_a_bounded_number_of_queries(point, django_assert_max_num_queries):
    rows = [
        ["居民", "女", factories.identity_number(n, year=1930 + n % 70), "320924100"]
        for n in range(400)
    ]
    unique = list({row[2]: row for row in rows}.values())
    sheet = upload(point, book(*unique))
    with django_assert_max_num_queries(30):
        opened = sheets.open_accounts(sheet=sheet, by=point.helper, at=AT)
    assert opened.opened == len(unique) > 300
