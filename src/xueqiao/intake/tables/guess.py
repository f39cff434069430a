"""A first proposal for a mapping: from the names of the columns and the values below them.

It only fills a form in. Whoever knows the source corrects it and sees what comes of it.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from xueqiao.intake.tables import reading, values

if TYPE_CHECKING:
    from pathlib import Path

    from xueqiao.intake.tables.reading import Layout

LOOKED_AT = 2000
MOST_VALUES = 60
# Words in the name of a column, those first that say more. A column gives one part only.
WORDS = (
    ("row_id", ("记录编号", "记录号", "流水号", "record id", "log id")),
    ("actor_name", ("学号", "工号", "账号", "用户名", "学员编号", "学生编号", "student", "user")),
    ("activity_name", ("课程名称", "课程名", "活动名称", "资源名称", "考试名称", "title", "name")),
    ("activity", ("课程编号", "课程代码", "课程", "活动", "资源", "考试", "course", "activity")),
    ("clock", ("时刻", "几点")),
    ("duration", ("时长", "学时", "用时", "duration", "minutes", "seconds")),
    ("time", ("时间", "日期", "time", "date", "when")),
    ("score_max", ("满分", "总分", "max")),
    ("score", ("成绩", "得分", "分数", "score", "grade", "mark")),
    ("success", ("是否通过", "是否合格", "是否及格", "passed")),
    ("completion", ("是否完成", "完成情况", "completed")),
    ("verb", ("动作", "行为", "事件", "操作", "verb", "event", "action")),
    ("registration", ("班级", "期次", "class", "enrolment", "presentation")),
    ("response", ("答案", "response", "answer")),
)  # fmt: skip


def mapping(path: Path, layout: Layout) -> dict[str, Any]:
    """The JSON of a mapping that may be meant; parts without a column that fits are left out.

    Raises:
        FileUnreadable: the file cannot be read.
    """
    heading = reading.heading(path, layout)
    columns = by_name(heading)
    found: dict[str, Any] = {
        "layout": layout._asdict(),
        "columns": columns,
        "constants": {},
        "codes": {},
    }
    if "time" in columns:
        seen = column(path, layout, columns["time"])
        found["time_format"] = time_format([text for text, _n in seen])
    return found


def by_name(heading: list[str]) -> dict[str, str]:
    """Part → column, by the words of ``WORDS``."""
    found: dict[str, str] = {}
    for part, words in WORDS:
        for word in words:
            for name in heading:
                if word in name.lower() and name not in found.values() and part not in found:
                    found[part] = name
    return found


def column(path: Path, layout: Layout, name: str) -> list[tuple[str, int]]:
    """The different values of a column in the first rows, most first, with how often they come."""
    heading = reading.heading(path, layout)
    if name not in heading:
        return []
    place, seen = heading.index(name), Counter[str]()
    for number, row in enumerate(reading.rows(path, layout)):
        if number == LOOKED_AT:
            break
        if len(row.cells) > place and row.cells[place]:
            seen[row.cells[place]] += 1
    return seen.most_common(MOST_VALUES)


def time_format(texts: list[str]) -> str:
    """The first offered format in which the most of the texts are times."""
    zone = ZoneInfo("Asia/Shanghai")
    best, most = values.TIME_FORMATS[0], 0
    for form in values.TIME_FORMATS:
        if form.startswith(("epoch", "excel")):
            continue
        fits = sum(values.time(text, form, zone) is not None for text in texts)
        if fits > most:
            best, most = form, fits
    return best
