"""The three column sets in which schools report to a credit bank. Plain facts, no Django models.

The sets are those that the open university system OpenURP writes for its credit bank: courses of
the own school (15 columns), courses elsewhere that replaced own ones (24), certificates that did
(20). The headings are the exchange format and stay Chinese in every language.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

LEVELS: Final = {"20": "本科", "21": "专科", "22": "专升本", "23": "高起本"}
CATEGORIES: Final = {"30": "成人", "31": "普高", "32": "网络", "33": "中职", "34": "自考"}
ORIGINS: Final = {"01": "课程类", "02": "证书类"}


@dataclass(frozen=True)
class Column:
    """One column.

    Attributes:
        name: how the code calls it.
        title: the heading.
        kind: ``text``, ``identity``, ``decimal`` (two places at most), ``month`` (YYYYMM) or
            ``code``.
        codes: the codes that may stand in it; empty: any.
    """

    name: str
    title: str
    kind: str = "text"
    required: bool = False
    codes: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class ColumnSet:
    """One set, its columns in their order."""

    code: str
    columns: tuple[Column, ...]

    def column(self, name: str) -> Column:
        return next(each for each in self.columns if each.name == name)


_NAME = Column("name", "姓名", required=True)
_IDENTITY = Column("identity", "身份证号", "identity", required=True)
_STUDENT = Column("student", "学号")
_GRADUATION = (
    Column("year", "届别"),
    Column("ending", "毕业结业肄业", "code"),
    Column("season", "毕业季", "code"),
    Column("remark", "备注"),
)
_ORIGIN = (
    _NAME,
    _IDENTITY,
    Column("school", "转换学校代码", required=True),
    Column("origin", "原课程来源代码", "code", required=True, codes=ORIGINS),
    Column("from_major", "原专业名称"),
    Column("from_course", "原课程名称", required=True),
    Column("from_body", "原办学机构", required=True),
    Column("from_level", "原教育层次代码", "code", codes=LEVELS),
    Column("from_category", "原教育类别代码", "code", codes=CATEGORIES),
    Column("from_credit", "原学分", "decimal"),
    Column("from_hours", "原学时", "decimal"),
    Column("score", "原成绩"),
    Column("obtained", "获得时间", "month", required=True),
)
_TARGET = (
    Column("level", "转换后教育层次代码", "code", codes=LEVELS),
    Column("course_code", "转换后课程代码", required=True),
    Column("course", "转换后课程名称", required=True),
    Column("credit", "转换后学分", "decimal", required=True),
    Column("converted", "转换时间", "month", required=True),
)

COURSES: Final = ColumnSet(
    "courses",
    (
        Column("student", "学号", required=True),
        _NAME,
        _IDENTITY,
        Column("major", "专业名称"),
        Column("course", "课程名称", required=True),
        Column("level", "教育层次代码", "code", required=True, codes=LEVELS),
        Column("category", "教育类别代码", "code", required=True, codes=CATEGORIES),
        Column("credit", "学分", "decimal", required=True),
        Column("hours", "学时", "decimal"),
        Column("score", "成绩", required=True),
        Column("obtained", "获得时间", "month", required=True),
        *_GRADUATION,
    ),
)
COURSE_CONVERSIONS: Final = ColumnSet(
    "course_conversions",
    (*_ORIGIN, *_GRADUATION, _STUDENT, *_TARGET, Column("major", "转换后专业名称")),
)
CERTIFICATE_CONVERSIONS: Final = ColumnSet(
    "certificate_conversions",
    (*_ORIGIN, _STUDENT, *_TARGET, Column("major", "转换后专业")),
)
SETS: Final = {each.code: each for each in (COURSES, COURSE_CONVERSIONS, CERTIFICATE_CONVERSIONS)}

PASSING_SCORE: Final = 60
PASSED_WORDS: Final = frozenset({"合格", "及格", "通过", "优秀", "优", "良好", "良", "中等", "中"})


def passes(score: str) -> bool:
    """Whether a score passes: a number of at least 60, or one of the words for it.

    >>> passes("60"), passes("59.5"), passes("良好"), passes("缺考")
    (True, False, True, False)
    """
    plain = score.strip()
    try:
        return float(plain) >= PASSING_SCORE
    except ValueError:
        return plain in PASSED_WORDS
