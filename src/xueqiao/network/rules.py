"""The arithmetic of places: codes, kinds, days, shares. Plain Python."""

from __future__ import annotations

from datetime import date

PROVINCE, CITY, COUNTY, TOWN, VILLAGE = range(1, 6)

# Digits of a GB/T 2260 code at each level.
CODE_LENGTHS = {1: 2, 2: 4, 3: 6, 4: 9, 5: 12}

# The tree is kept from here on: the year of the census before the one that is loaded.
TREE_BEGINS = date(2010, 1, 1)

# A statistical zone (开发区, 管理区) has 71 to 79 where a county has its own number.
ZONE_NUMBERS = range(71, 80)

DISSOLVED_MARK = "（撤销）"

_COUNTY_KINDS = ("自治县", "县", "区", "市")
_TOWN_KINDS = ("街道", "镇", "乡")


def level_of(code: str) -> int | None:
    """The level a code of this length belongs to, or None.

    >>> level_of("320924"), level_of("3209")
    (3, 2)
    """
    return next((level for level, digits in CODE_LENGTHS.items() if digits == len(code)), None)


def short_code(code: str) -> str:
    """A code of 6 or 12 digits without the zeros that fill it up.

    >>> short_code("320900"), short_code("320924000000"), short_code("320000"), short_code("320924")
    ('3209', '320924', '32', '320924')
    """
    six = code[:6]
    if code[6:].strip("0"):
        return code
    return six.removesuffix("00").removesuffix("00") if six.endswith("00") else six


def is_zone(code: str) -> bool:
    """Whether a county code is one of a statistical zone that the civil-affairs register lacks.

    >>> is_zone("320576"), is_zone("320505")
    (True, False)
    """
    return len(code) == CODE_LENGTHS[3] and int(code[4:6]) in ZONE_NUMBERS


def effective_day(year: int) -> date:
    """From when a change of a year counts: its last day, the day of the list that first shows it.

    >>> effective_day(2020)
    datetime.date(2020, 12, 31)
    """
    return date(year, 12, 31)


def kind_of(level: int, code: str, name: str) -> str:
    """What a place is by its name, in the words of the field.

    >>> kind_of(3, "320924", "射阳县"), kind_of(3, "320576", "苏州工业园区")
    ('县', '功能区')
    >>> kind_of(4, "320924400", "淮海农场"), kind_of(4, "431126200", "九疑瑶族乡")
    ('其他', '民族乡')
    >>> kind_of(5, "320102002001", "梅园新村社区居委会"), kind_of(3, "320581", "常熟市")
    ('社区', '县级市')
    """
    if level == PROVINCE:
        return "省"
    if level == CITY:
        return "自治州" if name.endswith("自治州") else "地级市"
    if level == COUNTY:
        return "功能区" if is_zone(code) else _ending(name, _COUNTY_KINDS).replace("市", "县级市")
    if level == TOWN:
        kind = _ending(name, _TOWN_KINDS)
        return "民族乡" if kind == "乡" and name.endswith("族乡") else kind
    if name.endswith(("居委会", "居民委员会", "社区")):
        return "社区"
    return "村" if name.endswith(("村委会", "村民委员会", "村")) else "其他"


def short_name(name: str) -> str:
    """A village's name without the body that governs it.

    >>> short_name("梅园新村社区居委会"), short_name("海河村委会"), short_name("中心渔村社区")
    ('梅园新村社区', '海河村', '中心渔村社区')
    """
    for suffix, kept in (("社区居委会", "社区"), ("居委会", "社区"), ("村委会", "村")):
        if name.endswith(suffix):
            return name.removesuffix(suffix) + kept
    return name


def _ending(name: str, endings: tuple[str, ...]) -> str:
    return next((ending for ending in endings if name.endswith(ending)), "其他")
