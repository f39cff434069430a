"""Display titles and concepts, taken from a description. Plain Python; no model, no guess.

The source gives no titles. A title is a name the text itself gives the course; where it gives none,
the opening words stand in and are marked as such (docs/decisions/0030-course-titles.md).
"""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from xueqiao.catalog.rules import fold

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

LONGEST = 30
_NAME = r"[^《》“”\"，。；：！？,;!?]{2,30}"
_COURSE = r"(?:这门|这一|本门)?(?:课程|慕课|MOOC|公开课|精品课|教程|一课|课)"
# In order: the name in book marks or quotes beside the word for course.
NAMED = [
    re.compile(rf"《({_NAME})》[^，。；]{{0,12}}?{_COURSE}"),
    re.compile(rf"{_COURSE}[^，。；《]{{0,6}}《({_NAME})》"),
    re.compile(rf"^[“\"]({_NAME})[”\"]{_COURSE}"),
    re.compile(rf"^《({_NAME})》"),
]
# The subject of the first sentence: 电磁学是物理学的一个分支.
SUBJECT = [
    re.compile(
        rf"^({_NAME}?)(?:系列)?(?:[（(][^（）()]*[）)])?(?:这门)?课程?(?:是|为|作为|主要|以|旨在|从|将|包括|面向)"
    ),
    re.compile(rf"^({_NAME}?)(?:[（(][^（）()]*[）)])?(?:是|作为)"),
]
LONGEST_SUBJECT = 14
# What the course says it teaches: 本课程介绍形式语言、自动机、文法.
OBJECT = re.compile(
    rf"^(?:在)?(?:本|该|这门|这个){_COURSE}(?:中)?[^，。；、《》]{{0,6}}?(?:介绍|讲授|讲述|教授|讨论|探讨|论述|阐述|研究|涵盖)"
    r"(?:了|的是|有关|关于|的(?:主要)?内容(?:包括|是|有))*[：:]?([^，。；：！？《》]{2,40})"
)
FRAME = re.compile(r"(?:既|主要|就|不仅|都|也|仍|不|一直|向来|通常|课程简介.*|课)$")
NOT_A_NAME = re.compile(
    r"^(?:本|该|这|此|那|我|你|您|它|他|人们|在|如|为|从|当|对|随|通过|课程|一[门个种]|同学|欢迎|目前|什么|怎|现|任何|作为|许多|很多|每"
    r"|主要|内容|教学|学习|第|首|据|由|与|今|自|无论|不|没|有|以|是|大家|其|如果|属于|[0-9])|的$|[是在了和与]$|是|教授|老师"
)
NUMBERING = re.compile(r"^[（(]?[一1][)）、.．]\s*")
OPENING_NOISE = re.compile(
    r"^(?:课程(?:简介|介绍|概述|说明|描述|目标|理念)|简介|内容简介|关于本?课程)[:：\s]*"
)
# Openings that speak of the course in general and would all look alike in a list.
EMPTY_OPENING = re.compile(
    r"^(?:通过|在?本|该|这门|这是|课程|为|随着|我们|首|欢迎|第|一、|面向|属于|无论|你|如果|根据|教育部)"
)


def derive(description: str, concepts: Sequence[str] = ()) -> tuple[str, str]:
    """A title of at most 30 characters, and where it comes from.

    In this order: a name in book marks beside the word for course; the subject of the first
    sentence, or what it says the course teaches; the concepts that occur, where the opening is
    a phrase of every course; the opening words.

    Args:
        description: as the provider wrote it.
        concepts: what occurs in the text, most telling first.

    >>> derive("《资治通鉴》是北宋司马光主持编纂的编年体史书。")
    ('资治通鉴', 'book_marks')
    >>> derive("电磁学是物理学的一个重要分支，它研究电磁运动。")
    ('电磁学', 'subject')
    >>> derive("本课程介绍形式语言、自动机，内容包括基础知识。")
    ('形式语言、自动机', 'subject')
    >>> derive("通过本课程的学习，学生能掌握矩阵。", ["特征值", "矩阵"])
    ('特征值、矩阵', 'concepts')
    >>> derive("西夏故地，丝路明珠。")
    ('西夏故地', 'opening')
    """
    text = re.sub(r"\s+", " ", description).strip()
    text = NUMBERING.sub("", OPENING_NOISE.sub("", NUMBERING.sub("", text))).strip()
    if name := _named(text[:160]):
        return name, "book_marks"
    if name := _subject(text[:160]):
        return name, "subject"
    opening = re.split(r"[，。；：！？,;!?]", text, maxsplit=1)[0].strip(" “”《》")
    if concepts and (EMPTY_OPENING.match(opening) or len(opening) > LONGEST):
        return _cut("、".join(concepts[:3])), "concepts"
    return _cut(opening) or "…", "opening"


def _named(head: str) -> str:
    for pattern in NAMED:
        found = pattern.search(head)
        if found and not NOT_A_NAME.search(found[1]):
            return found[1].strip()
    return ""


def _subject(head: str) -> str:
    for pattern in SUBJECT:
        found = pattern.match(head)
        name = FRAME.sub("", found[1].strip(' “”"')) if found else ""
        if 1 < len(name) <= LONGEST_SUBJECT and not NOT_A_NAME.search(name):
            return name
    found = OBJECT.match(head)
    if found and not re.match(r"主持|并|了|者", found[1]):
        return _cut(
            re.sub(
                r"的(?:基本|基础|主要|相关)?(?:知识|内容|概念|理论|原理|方法)?$",
                "",
                found[1].strip(),
            )
        )
    return ""


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"


class Matcher:
    """Finds known names in a text, the longest first, from left to right, without overlaps."""

    def __init__(self, names: Iterable[str]) -> None:
        self._names = {fold(name): name for name in sorted(names)}
        self._longest = max(map(len, self._names), default=0)

    def count(self, text: str) -> Counter[str]:
        """How often each name occurs. Latin letters match whole words only."""
        letters, at, found = fold(text), 0, Counter[str]()
        while at < len(letters):
            for length in range(min(self._longest, len(letters) - at), 1, -1):
                name = self._names.get(letters[at : at + length])
                if name and _is_whole(letters, at, at + length):
                    found[name] += 1
                    at += length
                    break
            else:
                at += 1
        return found


def _is_whole(letters: str, begin: int, end: int) -> bool:
    def latin(at: int) -> bool:
        return 0 <= at < len(letters) and letters[at].isascii() and letters[at].isalnum()

    return not (latin(begin) and latin(begin - 1)) and not (latin(end - 1) and latin(end))


def discipline(mentions: dict[str, int], fields: dict[str, list[str]], common: set[str]) -> str:
    """The discipline that most of a text's terms belong to, or "" where the terms name none.

    A term counts once for each of its characters beyond the first, shared among its disciplines;
    terms that occur in every tenth course or more say nothing. Ties go to the first by name.

    Args:
        mentions: term to occurrences in the text.
        fields: term to its disciplines.
        common: terms that say nothing.
    """
    votes: Counter[str] = Counter()
    for term in mentions.keys() - common:
        for field in fields[term]:
            # Twelfths keep whole numbers for up to four disciplines a term.
            votes[field] += 12 * (len(term) - 1) // len(fields[term])
    return min(votes, key=lambda field: (-votes[field], field), default="")
