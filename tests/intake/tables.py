"""What the tests of tables make: files in any form, mappings."""

import csv
import io
import os
from datetime import datetime

from openpyxl import Workbook

HEADING = ["学号", "动作", "课程", "课程名", "日期", "得分"]
ROWS = [
    ["20260001", "完成", "K01", "手机使用入门", "2026-03-02 09:30", "85"],
    ["20260002", "学习", "K01", "手机使用入门", "2026-03-02 10:00", ""],
]
COMPLETED = "http://adlnet.gov/expapi/verbs/completed"
EXPERIENCED = "http://adlnet.gov/expapi/verbs/experienced"


def mapping(**changes):
    return {
        "layout": {"encoding": "utf-8", "delimiter": ",", "sheet": "", "heading": 1},
        "columns": {
            "actor_name": "学号", "verb": "动作", "activity": "课程", "activity_name": "课程名",
            "time": "日期", "score": "得分",
        },
        "constants": {
            "actor_home": "https://school.example",
            "activity_base": "https://school.example/course/",
            "score_max": "100",
        },
        "codes": {"verb": {"完成": COMPLETED, "学习": EXPERIENCED}},
        "time_format": "YYYY-MM-DD HH:mm",
    } | changes  # fmt: skip


def csv_bytes(rows, heading=HEADING, encoding="utf-8", delimiter=","):
    out = io.StringIO()
    writer = csv.writer(out, delimiter=delimiter)
    writer.writerows([heading, *rows])
    return out.getvalue().encode(encoding)


def xlsx(path, rows, heading=HEADING, sheet="Sheet", more=None):
    book = Workbook()
    book.active.title = sheet
    for row in [heading, *rows]:
        book.active.append(row)
    if more:
        more(book)
    book.save(path)
    return path


def laid(folder, name, data):
    """A file that was laid down a while ago."""
    path = folder / name
    path.write_bytes(data)
    os.utime(path, (0, 0))
    return path


def at(text):
    return datetime.fromisoformat(text)
