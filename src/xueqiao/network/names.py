"""Names of places in Latin letters, and the text by which they are found."""

from __future__ import annotations

from functools import cache

from pypinyin import lazy_pinyin, load_phrases_dict

# Readings that place names keep and the general dictionary has otherwise.
load_phrases_dict({"六合区": [["lù"], ["hé"], ["qū"]]})


@cache
def syllables(name: str) -> tuple[str, ...]:
    """The name in pinyin without tones; signs that are no Chinese stay as they are."""
    return tuple(lazy_pinyin(name))


def pinyin(name: str) -> str:
    """The name as it is written in Latin letters: the proper name in one word, then its kind.

    >>> pinyin("射阳县"), pinyin("盐城市")
    ('Sheyang Xian', 'Yancheng Shi')
    """
    parts = syllables(name)
    if len(parts) < 3:  # noqa: PLR2004 - two syllables are the name and its kind, one word
        return "".join(parts).capitalize()[:200]
    tail = 2 if name.endswith(("街道", "社区")) else 1
    return f"{''.join(parts[:-tail]).capitalize()} {''.join(parts[-tail:]).capitalize()}"[:200]


def search_text(name: str) -> str:
    """What a search compares with: the name, its pinyin in one word and the initials.

    >>> search_text("射阳县")
    '射阳县 sheyangxian syx'
    """
    parts = syllables(name)
    initials = "".join(part[0] for part in parts if part)
    return f"{name} {''.join(parts)} {initials}".lower()[:320]
