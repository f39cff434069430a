"""Cells as values: times in many spellings, lengths of time, numbers, yes and no. Plain Python."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import tzinfo

# Spellings that are offered; any other made of the same letters is understood too.
TIME_FORMATS = (
    "iso",
    "YYYY-MM-DD HH:mm:ss",
    "YYYY-MM-DD HH:mm",
    "YYYY-MM-DD",
    "YYYY/MM/DD HH:mm:ss",
    "YYYY/MM/DD HH:mm",
    "YYYY/MM/DD",
    "YYYY.MM.DD",
    "YYYYMMDD",
    "YYYYMMDDHHmmss",
    "YYYY年MM月DD日 HH:mm:ss",
    "YYYY年MM月DD日 HH:mm",
    "YYYY年MM月DD日 HH时mm分",
    "YYYY年MM月DD日",
    "DD/MM/YYYY HH:mm",
    "DD/MM/YYYY",
    "MM/DD/YYYY HH:mm",
    "MM/DD/YYYY",
    "epoch-seconds",
    "epoch-milliseconds",
    "excel-1900",
    "excel-1904",
)
DURATION_UNITS = ("seconds", "minutes", "hours", "clock", "iso")

_TOKENS = {
    "YYYY": r"(?P<year>\d{4})",
    "YY": r"(?P<short>\d{2})",
    "MM": r"(?P<month>\d{1,2})",
    "DD": r"(?P<day>\d{1,2})",
    "HH": r"(?P<hour>\d{1,2})",
    "mm": r"(?P<minute>\d{1,2})",
    "ss": r"(?P<second>\d{1,2})(?:[.,](?P<part>\d{1,6})\d*)?",
    "A": r"(?P<half>上午|下午|[AaPp][Mm])",
}
_TOKEN = re.compile("|".join(_TOKENS))
# Without signs between them the parts have their full width.
_PACKED = re.compile(r"(?:YYYY|YY|MM|DD|HH|mm|ss)+")
_EPOCHS = {"epoch-seconds": 1, "epoch-milliseconds": 1000}
# Excel counts a 29 February 1900 that there never was, so day 60 and those before it are off.
_EXCEL = {"excel-1900": datetime(1899, 12, 30), "excel-1904": datetime(1904, 1, 1)}  # noqa: DTZ001
_FIRST_SOUND_DAY = 61
_NOON = 12
_LONGEST_NUMBER = 40
YES = frozenset({"true", "yes", "y", "1", "是", "合格", "通过", "及格", "完成", "已完成"})
NO = frozenset({"false", "no", "n", "0", "否", "不合格", "未通过", "不及格", "未完成"})


def time(text: str, form: str, zone: tzinfo, clock: str = "") -> datetime | None:
    """An instant written in one of the formats; None where it is not one, or no such time exists.

    Args:
        form: a row of ``TIME_FORMATS``, or another made of YYYY YY MM DD HH mm ss A and signs.
        zone: the zone of times that name none.
        clock: the time of day where it stands in a cell of its own, such as ``9:05`` or ``090500``.

    >>> from zoneinfo import ZoneInfo
    >>> time("2024年3月5日", "YYYY年MM月DD日", ZoneInfo("Asia/Shanghai"), "下午3:07").isoformat()
    '2024-03-05T15:07:00+08:00'
    """
    try:
        found = _instant(text.strip(), form, zone)
        if found is None or not clock.strip():
            return found
        of_day = _of_day(clock.strip())
        return found.replace(hour=of_day[0], minute=of_day[1], second=of_day[2]) if of_day else None
    except (ValueError, OverflowError):
        return None


def _instant(text: str, form: str, zone: tzinfo) -> datetime | None:
    if form in _EPOCHS or form in _EXCEL:
        number = decimal(text)
        if number is None:
            return None
        if form in _EPOCHS:
            return datetime.fromtimestamp(number / _EPOCHS[form], UTC)
        if form == "excel-1900" and number < _FIRST_SOUND_DAY:
            return None
        # A day is a float; its seconds are whole again after rounding.
        at = _EXCEL[form] + timedelta(seconds=round(number * 86_400))
        return at.replace(tzinfo=zone)
    # Cells of a spreadsheet that are dates arrive in this form, whatever the others look like.
    if form == "iso" or _is_iso(text):
        at = datetime.fromisoformat(text)
        return at if at.tzinfo else at.replace(tzinfo=zone)
    parts = _pattern(form).fullmatch(text)
    return _joined(parts.groupdict(), zone) if parts else None


_ISO = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?")


def _is_iso(text: str) -> bool:
    return _ISO.fullmatch(text) is not None


def _joined(parts: dict[str, str | None], zone: tzinfo) -> datetime:
    number = {name: int(text) for name, text in parts.items() if text and name != "half"}
    year = number.get("year", 2000 + number.get("short", 0))
    return datetime(
        year,
        number.get("month", 1),
        number.get("day", 1),
        _hour(number.get("hour", 0), parts.get("half")),
        number.get("minute", 0),
        number.get("second", 0),
        int((parts.get("part") or "0").ljust(6, "0")),
        tzinfo=zone,
    )


def _hour(hour: int, half: str | None) -> int:
    if not half:
        return hour
    if hour > _NOON:
        # People write 下午15:00; a machine writes 下午3:00. Both mean the same.
        return hour
    return hour % _NOON + (_NOON if half.lower() in {"下午", "pm"} else 0)


_CLOCK = re.compile(
    r"(?P<half>上午|下午)?\s*(?P<hour>\d{1,2})[::时](?P<minute>\d{1,2})(?:[::分](?P<second>\d{1,2}))?"
    r"[分秒]?\s*(?P<after>[AaPp][Mm])?"
)
_PACKED_CLOCK = re.compile(r"(?P<hour>\d{2})(?P<minute>\d{2})(?P<second>\d{2})?")
_ISO_CLOCK = re.compile(r".*T(?P<hour>\d\d):(?P<minute>\d\d):(?P<second>\d\d)(?:\.\d+)?")


def _of_day(text: str) -> tuple[int, int, int] | None:
    found = _CLOCK.fullmatch(text) or _PACKED_CLOCK.fullmatch(text) or _ISO_CLOCK.fullmatch(text)
    if not found:
        return None
    parts = found.groupdict()
    half = parts.get("half") or parts.get("after")
    return _hour(int(parts["hour"]), half), int(parts["minute"]), int(parts["second"] or 0)


@lru_cache(maxsize=256)
def _pattern(form: str) -> re.Pattern[str]:
    made, end = "", 0
    packed = [found.span() for found in _PACKED.finditer(form) if len(found[0]) > len("YYYY")]
    for found in _TOKEN.finditer(form):
        made += _literal(form[end : found.start()])
        token = _TOKENS[found[0]]
        if any(low <= found.start() < high for low, high in packed):
            token = token.replace("{1,2}", "{2}")
        # A letter that comes again, as in a mistyped format, is taken as itself.
        made += token if token not in made else _literal(found[0])
        end = found.end()
    return re.compile(made + _literal(form[end:]))


def _literal(text: str) -> str:
    return re.escape(text).replace(r"\ ", r"\s*")


def is_time_format(form: str) -> bool:
    """Whether a format names at least a day."""
    if form in TIME_FORMATS:
        return True
    return {"YYYY", "MM", "DD"} <= set(_TOKEN.findall(form)) or {"YY", "MM", "DD"} <= set(
        _TOKEN.findall(form)
    )


def decimal(text: str) -> float | None:
    """A number as offices write it: 85, 85.5, 1,250, 85分, 92%; None where it is not one.

    >>> decimal("1,250.5"), decimal("８５"), decimal("85分"), decimal("nan"), decimal("")
    (1250.5, 85.0, 85.0, None, None)
    """
    plain = text.strip().removesuffix("分").removesuffix("%").strip()
    if re.fullmatch(r"[+-]?\d{1,3}(,\d{3})+(\.\d+)?", plain):
        plain = plain.replace(",", "")
    if len(plain) > _LONGEST_NUMBER or not re.fullmatch(
        r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,3})?", plain
    ):
        return None
    found = float(plain)
    return found if math.isfinite(found) else None


def whole(number: float) -> float | int:
    """A number without a decimal point where it needs none."""
    return int(number) if number == int(number) else number


def duration_seconds(text: str, unit: str) -> float | None:
    """A length of time in seconds; None where it is not one or is below zero.

    Args:
        unit: one of ``DURATION_UNITS``; ``clock`` is h:mm:ss, mm:ss or 1小时20分; ``iso`` PT1H20M.

    >>> [duration_seconds(*each) for each in (("90", "minutes"), ("1:02:03", "clock"),
    ...     ("1小时20分", "clock"), ("PT1H30M", "iso"), ("-1", "hours"), ("soon", "clock"))]
    [5400.0, 3723.0, 4800.0, 5400.0, None, None]
    """
    text = text.strip()
    if unit in {"seconds", "minutes", "hours"}:
        number = decimal(text)
        times = {"seconds": 1, "minutes": 60, "hours": 3600}[unit]
        return number * times if number is not None and number >= 0 else None
    pattern = _ISO_LENGTH if unit == "iso" else _CLOCK_LENGTH
    found = pattern.fullmatch(text) or (_WORDS_LENGTH.fullmatch(text) if unit == "clock" else None)
    if not found or not any(found.groupdict().values()):
        return None
    parts = {name: float(value or 0) for name, value in found.groupdict().items()}
    days = parts.get("days", 0)
    return days * 86_400 + parts["hours"] * 3600 + parts["minutes"] * 60 + parts["seconds"]


_ISO_LENGTH = re.compile(
    r"P(?:(?P<days>\d{1,6})D)?(?:T(?:(?P<hours>\d{1,6})H)?(?:(?P<minutes>\d{1,6})M)?"
    r"(?:(?P<seconds>\d{1,9}(?:\.\d{1,9})?)S)?)?"
)
_CLOCK_LENGTH = re.compile(
    r"(?:(?P<hours>\d{1,6}):)?(?P<minutes>\d{1,6}):(?P<seconds>\d{1,2}(?:\.\d{1,9})?)"
)
_WORDS_LENGTH = re.compile(
    r"(?:(?P<hours>\d{1,6})\s*(?:小时|时|h))?\s*(?:(?P<minutes>\d{1,6})\s*(?:分钟|分|min|m))?\s*"
    r"(?:(?P<seconds>\d{1,9})\s*(?:秒|s))?"
)


def iso_duration(seconds: float) -> str:
    """Seconds as a duration of ISO 8601, to the hundredth.

    >>> iso_duration(5400), iso_duration(0.125)
    ('PT5400S', 'PT0.13S')
    """
    rounded = math.floor(seconds * 100 + 0.5) / 100
    return f"PT{whole(rounded)}S"


def yes(text: str) -> bool | None:
    """Yes or no as offices write it; None where it is neither."""
    plain = text.strip().lower()
    return True if plain in YES else False if plain in NO else None
