"""Tables of offices: every encoding, every kind of cell, and what is wrong named by its column."""

import codecs
import doctest
import json
import zipfile
from datetime import UTC, datetime, time, timedelta

import pytest
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from tests.intake import tables as t
from xueqiao.intake import rules
from xueqiao.intake.files import FileUnreadable
from xueqiao.intake.tables import guess, reading, template, values
from xueqiao.intake.tables import mapping as mappings
from xueqiao.intake.tables.rows import Converter
from xueqiao.records.checking import Incoming
from xueqiao.records.xapi import validate

SHANGHAI = mappings.ZoneInfo("Asia/Shanghai")


@pytest.mark.parametrize("module", [values, rules])
def test_the_examples_of_the_rules_hold(module):
    assert doctest.testmod(module).failed == 0


@pytest.mark.parametrize(
    ("text", "form", "wanted"),
    [
        ("2024-1-5 9:03", "YYYY-MM-DD HH:mm", "2024-01-05T09:03:00+08:00"),
        ("20240105093001", "YYYYMMDDHHmmss", "2024-01-05T09:30:01+08:00"),
        ("2024年3月5日 9时5分", "YYYY年MM月DD日 HH时mm分", "2024-03-05T09:05:00+08:00"),
        ("24/3/5", "YY/MM/DD", "2024-03-05T00:00:00+08:00"),
        ("5/3/2024 7:01", "DD/MM/YYYY HH:mm", "2024-03-05T07:01:00+08:00"),
        ("2024-03-05 下午3:07", "YYYY-MM-DD AHH:mm", "2024-03-05T15:07:00+08:00"),
        ("2024-03-05 上午12:07", "YYYY-MM-DD AHH:mm", "2024-03-05T00:07:00+08:00"),
        ("45296.5", "excel-1900", "2024-01-05T12:00:00+08:00"),
        ("43834.5", "excel-1904", "2024-01-05T12:00:00+08:00"),
        ("1704448800", "epoch-seconds", "2024-01-05T10:00:00+00:00"),
        ("1704448800123", "epoch-milliseconds", "2024-01-05T10:00:00.123000+00:00"),
        ("2024-01-05T10:00:00Z", "iso", "2024-01-05T10:00:00+00:00"),
        # What a spreadsheet knows to be a date needs no format.
        ("2024-01-05T12:00:00", "MM/DD/YYYY", "2024-01-05T12:00:00+08:00"),
    ],
)
def test_a_time_is_read_in_its_format_and_zone(text, form, wanted):
    assert values.time(text, form, SHANGHAI).isoformat() == wanted


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("2024/02/30", "YYYY/MM/DD"), ("2023-02-29", "iso"), ("soon", "iso"), ("", "iso"),
        ("13/13/2024", "DD/MM/YYYY"), ("59", "excel-1900"), ("1e300", "epoch-seconds"),
        ("-9e15", "epoch-milliseconds"), ("2024-01-05 25:00", "YYYY-MM-DD HH:mm"),
        ("9999999", "excel-1900"), ("2024105", "YYYYMMDD"),
    ],
)  # fmt: skip
def test_a_time_that_does_not_exist_is_none(text, form):
    assert values.time(text, form, SHANGHAI) is None


@pytest.mark.parametrize(
    ("clock", "wanted"),
    [
        ("9:05", "09:05:00"),
        ("090507", "09:05:07"),
        ("下午3时5分", "15:05:00"),
        ("3:05 PM", "15:05:00"),
    ],
)
def test_the_time_of_day_may_stand_in_a_cell_of_its_own(clock, wanted):
    found = values.time("2024-01-05", "YYYY-MM-DD", SHANGHAI, clock)
    assert found.time().isoformat() == wanted
    assert values.time("2024-01-05", "YYYY-MM-DD", SHANGHAI, "late") is None


@pytest.mark.parametrize(
    ("encoding", "seen"),
    [("utf-8", "utf-8"), ("utf-8-sig", "utf-8"), ("gbk", "gb18030"), ("gb18030", "gb18030"),
     ("utf-16", "utf-16")],
)  # fmt: skip
@pytest.mark.parametrize("delimiter", reading.DELIMITERS)
def test_encoding_and_delimiter_are_found_out(tmp_path, encoding, seen, delimiter):
    path = tmp_path / "a.csv"
    path.write_bytes(t.csv_bytes(t.ROWS, encoding=encoding, delimiter=delimiter))
    layout = reading.detect(path)
    assert layout == reading.Layout(seen, delimiter, "", 1)
    assert reading.heading(path, layout) == t.HEADING
    assert [row.cells for row in reading.rows(path, layout)] == t.ROWS


def test_a_spreadsheet_gives_the_same_texts_as_a_csv(tmp_path):
    shown = t.at("2026-03-02T09:30")
    row = [20260001, True, 85.5, shown, time(9, 5), timedelta(hours=30), None]
    path = t.xlsx(tmp_path / "a.xlsx", [row, [None] * 7, ["x"]], ["a"] * 7, sheet="成绩")
    layout = reading.detect(path)
    assert (layout.sheet, reading.sheets(path)) == ("成绩", ["成绩"])
    assert reading.heading(path, layout) == ["a", *(f"a {n}" for n in range(2, 8))]
    assert list(reading.rows(path, layout)) == [
        (2, ["20260001", "True", "85.5", "2026-03-02T09:30:00", "09:05:00", "30:00:00"]),
        (4, ["x"]),
    ]


def test_dates_of_1904_are_the_days_they_show(tmp_path):
    def early(book):
        book.epoch = CALENDAR_MAC_1904

    path = t.xlsx(tmp_path / "a.xlsx", [[t.at("2026-03-02")]], ["日期"], more=early)
    assert next(reading.rows(path, reading.detect(path))).cells == ["2026-03-02T00:00:00"]


def test_a_formula_without_a_result_and_a_cut_number_are_marked(tmp_path):
    path = t.xlsx(tmp_path / "a.xlsx", [["=1+1", 110101199001011234, "x"]], ["a", "b", "c"])
    assert next(reading.rows(path, reading.detect(path))).cells == [
        "#FORMULA?", "#DIGITS?110101199001011200", "x",
    ]  # fmt: skip


def test_zeros_that_a_csv_protects_from_a_spreadsheet_are_kept(tmp_path):
    path = tmp_path / "a.csv"
    path.write_text('a,b\n"=""00123""",1\n')
    assert next(reading.rows(path, reading.Layout())).cells == ["00123", "1"]


def spoil(path, name, data):
    """The same spreadsheet with one part of it replaced."""
    with zipfile.ZipFile(path) as old:
        parts = {each: old.read(each) for each in old.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for each, held in (parts | {name: data}).items():
            new.writestr(each, held)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "empty"), (b"\xd0\xcf\x11\xe0\xa1\xb1", "password"),
        (b"PK\x03\x04 no archive", "damaged"),
        (b"\0\1\2\3" * 9, "NUL"), (b'a,b\n1,"2\n', "quotation"),
    ],
    ids=["empty", "locked", "no-archive", "binary", "open-quote"],
)  # fmt: skip
def test_a_file_that_is_no_table_is_refused_in_one_sentence(tmp_path, data, said):
    path = tmp_path / "a.csv"
    path.write_bytes(data)
    with pytest.raises(FileUnreadable, match=said) as why:
        reading.check(path, reading.detect(path))
    assert "a.csv" in str(why.value)


def test_text_that_breaks_off_late_is_found_before_a_row_is_stored(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes(b"a,b\n" + b"1,2\n" * 400_000 + codecs.BOM_UTF16_LE + b"\xff\xfe\n")
    with pytest.raises(FileUnreadable, match="encoding"):
        reading.check(path, reading.detect(path))


def test_an_archive_that_grows_without_bounds_is_refused_unread(tmp_path, monkeypatch):
    monkeypatch.setattr(reading, "MOST_UNPACKED", 10_000_000)
    path = t.xlsx(tmp_path / "a.xlsx", t.ROWS)
    spoil(path, "xl/worksheets/sheet1.xml", b" " * 20_000_000)
    assert path.stat().st_size < 50_000
    with pytest.raises(FileUnreadable, match="unpacked"):
        reading.detect(path)


def test_a_sheet_that_claims_a_million_columns_is_read_as_what_it_holds(tmp_path):
    path = t.xlsx(tmp_path / "a.xlsx", t.ROWS)
    sheet = (
        b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
        b'<dimension ref="A1:XFD1048576"/><sheetData><row r="1"><c r="A1" t="inlineStr"><is><t>a'
        b'</t></is></c></row><row r="2"><c r="A2"><v>1</v></c><c r="XFD2"><v>1</v></c></row>'
        b"</sheetData></worksheet>"
    )
    spoil(path, "xl/worksheets/sheet1.xml", sheet)
    assert [row.cells for row in reading.rows(path, reading.detect(path))] == [["1"]]


@pytest.mark.parametrize("cut", [b"<worksheet><sheetData><row>", b"<!DOCTYPE a [<!ENTITY b '"])
def test_a_damaged_sheet_is_refused(tmp_path, cut):
    path = t.xlsx(tmp_path / "a.xlsx", t.ROWS)
    spoil(path, "xl/worksheets/sheet1.xml", cut)
    with pytest.raises(FileUnreadable, match="damaged"):
        list(reading.rows(path, reading.detect(path)))


def item(row=t.ROWS[0], heading=t.HEADING, **changes):
    converter = Converter(mappings.read(t.mapping(**changes)), source="school", form="contract:1")
    return converter.item(heading, row)


def test_a_row_becomes_a_statement_of_the_standard():
    found = item()
    assert isinstance(found, Incoming)
    validate.check(found.statement)
    assert json.loads(found.text) == found.statement
    assert {k: v for k, v in found.statement.items() if k != "id"} == {
        "actor": {"account": {"homePage": "https://school.example", "name": "20260001"}},
        "verb": {"id": t.COMPLETED, "display": {"zh-CN": "完成"}},
        "object": {
            "id": "https://school.example/course/K01",
            "definition": {"name": {"zh-CN": "手机使用入门"}},
        },
        "result": {"score": {"raw": 85, "max": 100, "scaled": 0.85}},
        "timestamp": "2026-03-02T09:30:00+08:00",
    }  # fmt: skip


def test_every_part_has_its_place():
    heading = [*t.HEADING, "通过", "时长", "答案", "班级", "县"]
    row = [*t.ROWS[0], "及格", "1小时20分", "B", "1班", "某县"]
    made = t.mapping()
    columns = made["columns"] | {
        "success": "通过", "completion": "通过", "duration": "时长", "response": "答案",
        "registration": "班级",
    }  # fmt: skip
    constants = made["constants"] | {
        "platform": "教务系统", "score_min": "20", "activity_type": "http://school.example/exam",
    }  # fmt: skip
    extensions = {"https://school.example/place": "县"}
    found = item(
        row, heading, columns=columns, constants=constants, extensions=extensions,
        duration_unit="clock",
    )  # fmt: skip
    validate.check(found.statement)
    assert found.statement["result"] == {
        "score": {"raw": 85, "min": 20, "max": 100, "scaled": 0.8125},
        "success": True, "completion": True, "response": "B", "duration": "PT4800S",
    }  # fmt: skip
    context = found.statement["context"]
    assert (context["platform"], context["extensions"]) == (
        "教务系统", {"https://school.example/place": "某县"},
    )  # fmt: skip
    assert (
        context["registration"]
        == item(row, heading, columns=columns, duration_unit="clock").statement["context"][
            "registration"
        ]
    )
    assert found.statement["object"]["definition"]["type"] == "http://school.example/exam"


@pytest.mark.parametrize(
    ("place", "text", "reason", "column"),
    [
        (0, "", "nobody", "学号"), (0, "#DIGITS?110101199001011232", "text_damaged", "学号"),
        (1, "睡觉", "code_unknown", "动作"), (1, "", "cell_unfit", "动作"),
        (4, "2026-02-30 09:30", "time_impossible", "日期"), (4, "", "time_missing", "日期"),
        (5, "120", "score_impossible", "得分"), (5, "优", "score_impossible", "得分"),
        (5, "#N/A", "text_damaged", "得分"),
    ],
)  # fmt: skip
def test_a_cell_that_is_wrong_is_named_and_can_be_mended(place, text, reason, column):
    row = list(t.ROWS[0])
    row[place] = text
    held = item(row)
    assert (held.reason, held.pointer, held.form) == (reason, column, "contract:1")
    assert json.loads(held.text) == dict(zip(t.HEADING, row, strict=True))
    assert held.detail


def test_a_row_that_is_longer_than_its_heading_is_kept_whole():
    held = item([*t.ROWS[0], "more"])
    assert held.reason == "columns"
    assert "more" in held.text


def test_equal_rows_are_one_or_repeats_as_the_contract_says():
    def uuids(**changes):
        converter = Converter(mappings.read(t.mapping(**changes)), source="school")
        return [converter.item(t.HEADING, t.ROWS[0]).statement["id"] for _ in range(2)]

    same, counted = uuids(), uuids(repeats="count")
    assert same[0] == same[1] == counted[0]
    assert counted[0] != counted[1]
    by_number = uuids(columns=t.mapping()["columns"] | {"row_id": "课程"})
    assert by_number[0] == by_number[1] != same[0]


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"columns": {}}, "actor_name"), ({"constants": {}}, "actor_home"),
        ({"constants": {"actor_home": "school"}}, "actor_home"),
        ({"codes": {"verb": {"完成": "done"}}}, "verb"), ({"codes": {"time": {"a": "b"}}}, "time"),
        ({"time_format": "HH:mm"}, "time_format"), ({"zone": "Mars/Base"}, "zone"),
        ({"extensions": {"no address": "县"}}, "extensions"), ({"repeats": "often"}, "repeats"),
        ({"layout": {"heading": 0}}, "heading"), ({"layout": {"encoding": "ebcdic"}}, "encoding"),
        ({"columns": {"actor_name": 3}}, "columns"),
    ],
)  # fmt: skip
def test_a_mapping_that_cannot_be_run_says_which_part(changes, pointer):
    with pytest.raises(mappings.MappingUnfit) as why:
        mappings.read(t.mapping(**changes))
    assert why.value.pointer == pointer


def test_a_table_without_a_column_of_the_contract_is_refused_with_what_it_has():
    with pytest.raises(mappings.MappingUnfit, match=r"“得分”.*学号, 动作"):
        mappings.against(mappings.read(t.mapping()), ["学号", "动作", "课程", "课程名", "日期"])


def test_an_instant_is_kept_to_its_zone():
    found = item([*t.ROWS[0][:4], "2026-03-02T09:30:00", "85"], zone="Asia/Urumqi")
    assert t.at(found.statement["timestamp"]).astimezone(UTC) == datetime(
        2026, 3, 2, 3, 30, tzinfo=UTC
    )


def test_a_mapping_is_proposed_from_names_and_values(tmp_path):
    heading = [
        "记录编号",
        "学号",
        "姓名",
        "课程编号",
        "课程名称",
        "完成时间",
        "满分",
        "得分",
        "操作",
    ]
    rows = [["1", "a", "b", "K1", "c", "2026年3月2日 9:30", "100", "85", "完成"]] * 3
    path = tmp_path / "a.csv"
    path.write_bytes(t.csv_bytes(rows, heading))
    layout = reading.detect(path)
    found = guess.mapping(path, layout)
    assert found["columns"] == {
        "row_id": "记录编号", "actor_name": "学号", "activity": "课程编号",
        "activity_name": "课程名称", "time": "完成时间", "score_max": "满分", "score": "得分",
        "verb": "操作",
    }  # fmt: skip
    assert found["time_format"] == "YYYY年MM月DD日 HH:mm"
    assert guess.column(path, layout, "操作") == [("完成", 3)]
    assert guess.column(path, layout, "nothing") == []


def test_a_date_that_may_be_read_two_ways_is_read_in_the_way_that_fits_all():
    assert guess.time_format(["03/02/2026", "25/02/2026"]) == "DD/MM/YYYY"
    assert guess.time_format(["03/02/2026", "02/25/2026"]) == "MM/DD/YYYY"


def test_a_template_is_read_by_the_contract_it_was_made_from(tmp_path):
    agreed = mappings.read(
        t.mapping(layout={"encoding": "", "delimiter": "", "sheet": "成绩", "heading": 2})
    )
    path = tmp_path / "a.xlsx"
    path.write_bytes(template.workbook(agreed))
    assert reading.heading(path, agreed.layout) == [
        "学号",
        "动作",
        "课程",
        "课程名",
        "日期",
        "得分",
    ]
    assert list(reading.rows(path, agreed.layout)) == []
    assert len(reading.sheets(path)) == 2
    mappings.against(agreed, reading.heading(path, agreed.layout))
