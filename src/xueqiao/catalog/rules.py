"""The words by which courses are found. Plain Python.

A text becomes *runs*: Han characters, or one Latin word. A run of Han becomes its bigrams and its
last character alone, so that every character begins one token: 机器学习 → 机器 器学 学习 习. A word
of two or more characters is then a phrase of tokens, a single character is the beginning of one,
and both are found wherever they stand (docs/decisions/0031-search.md).
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from pypinyin import lazy_pinyin

HAN = "㐀-䶿一-鿿豈-﫿𠀀-𲎯〇々"
RUN = re.compile(rf"[{HAN}]+|[^\W_{HAN}][^\W_{HAN}+#]*[+#]*")
IS_HAN = re.compile(rf"[{HAN}]")
# A query beyond this is cut; nobody types it, and each term costs an index lookup.
MOST_TERMS = 12
LONGEST_QUERY = 80
LONGEST_TOKEN = 100  # databases refuse endless words; longer than any query all the same
COMMON_SHARE = 20  # a term that every twentieth course names says little about any of them


@dataclass(frozen=True)
class Term:
    """One run of a query. ``text`` is folded."""

    text: str
    is_han: bool

    @property
    def is_prefix(self) -> bool:
        """Latin words of two or more letters find words that begin with them; a lone C finds C."""
        return not self.is_han and len(self.text) > 1


def fold(text: str) -> str:
    """Text as it is compared: NFKC and casefolded, each character by itself to keep positions.

    >>> fold("ＭＯＯＣ Ｃ＋＋")
    'mooc c++'
    """
    return "".join(unicodedata.normalize("NFKC", letter).casefold() for letter in text)


def runs(text: str) -> list[str]:
    """The runs of a text, folded.

    >>> runs("《C++语言》与IP地址")
    ['c++', '语言', '与', 'ip', '地址']
    """
    return RUN.findall(fold(text))


def tokens(text: str) -> list[str]:
    """What the index stores for a text, in order.

    >>> tokens("机器学习 C++")
    ['机器', '器学', '学习', '习', 'c++']
    """
    found: list[str] = []
    for run in runs(text):
        if IS_HAN.match(run):
            found += [run[n : n + 2] for n in range(len(run))]
        else:
            found.append(run[:LONGEST_TOKEN])
    return found


def terms(query: str) -> list[Term]:
    """What a query asks for; a course must hold all of it.

    >>> [term.text for term in terms("机器学习 MOOC")]
    ['机器学习', 'mooc']
    """
    found = dict.fromkeys(runs(query[:LONGEST_QUERY]))
    return [Term(run, bool(IS_HAN.match(run))) for run in list(found)[:MOST_TERMS]]


def holds(text_runs: list[str], term: Term) -> bool:
    """Whether a text holds a term: the definition that every index must agree with.

    >>> holds(runs("深度学习入门"), terms("学习")[0]), holds(runs("database"), terms("data")[0])
    (True, True)
    """
    if term.is_han:
        return any(term.text in run for run in text_runs)
    if term.is_prefix:
        return any(run.startswith(term.text) for run in text_runs)
    return term.text in text_runs


def sounds(title: str) -> list[str]:
    """Pinyin and initials of a title from each of its syllables on, for those who type by sound.

    >>> sounds("学习")
    ['xuexi', 'xi', 'xx', 'x']
    """
    syllables = [part for run in runs(title) for part in lazy_pinyin(run)]
    whole = ["".join(syllables[n:]) for n in range(len(syllables))]
    initials = ["".join(part[:1] for part in syllables[n:]) for n in range(len(syllables))]
    return whole + initials


def excerpt(text: str, found: list[Term], width: int = 60) -> list[tuple[str, bool]]:
    """The part of a text around its first hit, cut into pieces; True marks a hit.

    Args:
        text: as it was written.
        found: what to mark.
        width: characters, before marks of omission.

    >>> excerpt("本课程讲授机器学习。", terms("机器"))
    [('本课程讲授', False), ('机器', True), ('学习。', False)]
    """
    letters, places = _folded_with_places(text)
    spans = _spans(letters, found)
    first = places[spans[0][0]] if spans else 0
    start = max(0, min(first - width // 4, len(text) - width))
    end = min(len(text), start + width)
    pieces: list[tuple[str, bool]] = [("…", False)] if start else []
    at = start
    for begin, stop in spans:
        left, right = places[begin], min(places[stop - 1] + 1, end)
        if left < at or left >= end:
            continue
        pieces += [(text[at:left], False), (text[left:right], True)]
        at = right
    pieces += [(text[at:end], False), ("…" if end < len(text) else "", False)]
    return [piece for piece in pieces if piece[0]]


def _folded_with_places(text: str) -> tuple[str, list[int]]:
    letters, places = [], []
    for place, letter in enumerate(text):
        folded = fold(letter)
        letters.append(folded)
        places += [place] * len(folded)
    return "".join(letters), places


def _spans(letters: str, found: list[Term]) -> list[tuple[int, int]]:
    spans = []
    for run in RUN.finditer(letters):
        for term in found:
            if not holds([run[0]], term):
                continue
            begin = run.start() + run[0].find(term.text)
            spans.append((begin, begin + len(term.text)))
    return sorted(spans)
