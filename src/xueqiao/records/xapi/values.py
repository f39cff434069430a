"""Single values of a statement: addresses, identifiers, times, durations, languages.

A check returns nothing and raises ``Invalid``; ``at`` is the JSON pointer of the value.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

import msgspec
from django.utils.translation import gettext as _

from xueqiao.kernel import errors

# PostgreSQL indexes values up to 2,704 bytes; an address is an index key.
MOST_BYTES = 2000

_IRI = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:[^\s<>\"{}|\\^`\x00-\x20\x7f-\x9f\ud800-\udfff]+")
_UUID = re.compile(r"[0-9A-Fa-f]{8}-(?:[0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}")
_MBOX = re.compile(r"mailto:[^\s@\x00-\x20|]+@[^\s@\x00-\x20|]+")
_SHA1 = re.compile(r"[0-9A-Fa-f]{40}")
_SHA2 = re.compile(r"[0-9A-Fa-f]{56}|[0-9A-Fa-f]{64}|[0-9A-Fa-f]{96}|[0-9A-Fa-f]{128}")
_MEDIA_TYPE = re.compile(r"[\w!#$&^.+\-]+/[\w!#$&^.+\-]+(?:[ \t]*;[^\x00-\x1f\x7f]*)?")
_NUMBER = r"\d+(?:[.,]\d+)?"
_DURATION = re.compile(
    rf"P(?:{_NUMBER}W|(?=\d|T\d)(?:{_NUMBER}Y)?(?:{_NUMBER}M)?(?:{_NUMBER}D)?"
    rf"(?:T(?=\d)(?:{_NUMBER}H)?(?:{_NUMBER}M)?(?:{_NUMBER}S)?)?)"
)
_TIMESTAMP = re.compile(
    r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d(?::\d\d(?:[.,]\d{1,12})?)?(?:[Zz]|[+-]\d\d(?::?\d\d)?)?"
)
_NO_OFFSET = ("-00", "-00:00", "-0000")
_LANGUAGE = re.compile(
    r"(?:[a-z]{2,3}(?:-[a-z]{3}){0,3}|[a-z]{4,8})"
    r"(?:-[a-z]{4})?(?:-(?:[a-z]{2}|\d{3}))?(?:-(?:[a-z0-9]{5,8}|\d[a-z0-9]{3}))*"
    r"(?:-[0-9a-wy-z](?:-[a-z0-9]{2,8})+)*(?:-x(?:-[a-z0-9]{1,8})+)?"
    r"|x(?:-[a-z0-9]{1,8})+|i-[a-z]{2,8}|art-lojban|en-gb-oed|sgn-(?:be-fr|be-nl|ch-de)|zh-min-nan",
    re.IGNORECASE,
)


class Invalid(errors.Refusal):
    """A statement is not one of the standard; ``pointer`` says where."""

    code = "records.statement_invalid"
    status = 400


def refuse(at: str, sentence: str, **values: Any) -> Invalid:
    """The refusal of what stands at a pointer. Values longer than 80 characters are cut."""
    shown = {name: _short(value) for name, value in values.items()}
    return Invalid(sentence.format(**shown), pointer=at)


def _short(value: Any) -> str:
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= 80 else f"{text[:79]}…"  # noqa: PLR2004 - said in the docstring


def step(at: str, name: str) -> str:
    """The pointer of a property below another, escaped as RFC 6901 asks."""
    return f"{at}/{name.replace('~', '~0').replace('/', '~1')}"


def mapping(value: Any, at: str) -> dict[str, Any]:
    """The value as an object."""
    if type(value) is not dict:
        raise refuse(at, _("An object is needed here, not {value}."), value=value)
    return value


def filled(value: Any, at: str) -> dict[str, Any]:
    """The value as an object with something in it; the standard takes no empty ones."""
    found = mapping(value, at)
    if not found:
        raise refuse(at, _("An empty object says nothing. Fill it, or leave the property out."))
    return found


def only(value: dict[str, Any], allowed: frozenset[str], at: str) -> None:
    """Refuse properties that the standard does not know; it is case sensitive."""
    if not allowed.issuperset(value):
        name = next(key for key in value if key not in allowed)
        raise refuse(
            step(at, name),
            _("The standard knows no “{name}” here. Take it out, or move it into extensions."),
            name=name,
        )


def needs(value: dict[str, Any], name: str, at: str) -> Any:
    """A property that must be there."""
    if name not in value:
        raise refuse(at, _("The property “{name}” is missing."), name=name)
    return value[name]


def text(value: Any, at: str) -> None:
    if type(value) is not str:
        raise refuse(at, _("Text is needed here, not {value}."), value=value)


def is_iri(value: str) -> bool:
    """Whether the text is an absolute address of at most ``MOST_BYTES`` bytes."""
    return bool(_IRI.fullmatch(value)) and len(value.encode()) <= MOST_BYTES


_is_iri = lru_cache(maxsize=16384)(is_iri)


def iri(value: Any, at: str) -> None:
    text(value, at)
    # Few verbs and activities are named by many statements; only short ones are remembered.
    if not (_is_iri(value) if len(value) < 200 else is_iri(value)):  # noqa: PLR2004 - see above
        raise refuse(
            at,
            _("“{value}” is not an absolute address (IRI) of at most {most} bytes, such as "
              "https://example.org/course/1."),
            value=value, most=MOST_BYTES,
        )  # fmt: skip


def is_uuid(value: str) -> bool:
    """Whether the text is a UUID in standard form."""
    return bool(_UUID.fullmatch(value))


def as_uuid(value: str) -> UUID:
    """The UUID of a text in standard form, made in a sixth of the time that its class takes."""
    return msgspec.convert(value, UUID)


def uuid(value: Any, at: str) -> None:
    text(value, at)
    if not is_uuid(value):
        raise refuse(
            at,
            _("“{value}” is not a UUID in standard form: 8-4-4-4-12 hexadecimal digits."),
            value=value,
        )


def mbox(value: Any, at: str) -> None:
    text(value, at)
    if not _MBOX.fullmatch(value) or len(value.encode()) > MOST_BYTES:
        raise refuse(
            at, _("“{value}” is not a mailbox such as mailto:li@example.org."), value=value
        )


def sha1(value: Any, at: str) -> None:
    text(value, at)
    if not _SHA1.fullmatch(value):
        raise refuse(at, _("“{value}” is not a SHA-1 of 40 hexadecimal digits."), value=value)


def sha2(value: Any, at: str) -> None:
    text(value, at)
    if not _SHA2.fullmatch(value):
        raise refuse(at, _("“{value}” is not a SHA-2 in hexadecimal digits."), value=value)


def media_type(value: Any, at: str) -> None:
    text(value, at)
    if not _MEDIA_TYPE.fullmatch(value):
        raise refuse(at, _("“{value}” is not a media type such as image/png."), value=value)


def duration(value: Any, at: str) -> None:
    text(value, at)
    if not _DURATION.fullmatch(value):
        raise refuse(at, _("“{value}” is not an ISO 8601 duration such as PT1H30M."), value=value)


def whole_number(value: Any, at: str) -> None:
    if type(value) is not int or value < 0:
        raise refuse(at, _("A whole number from 0 is needed here, not {value}."), value=value)


def number(value: Any, at: str) -> None:
    # bool is an int to Python and not a number to JSON.
    if type(value) is not int and type(value) is not float:
        raise refuse(at, _("A number is needed here, not {value}."), value=value)


def boolean(value: Any, at: str) -> None:
    if type(value) is not bool:
        raise refuse(at, _("true or false is needed here, not {value}."), value=value)


def timestamp(value: Any, at: str) -> None:
    text(value, at)
    if instant(value) is None:
        raise refuse(
            at,
            _("“{value}” is not a date and time of ISO 8601 such as 2026-03-02T09:30:00+08:00."),
            value=value,
        )


def instant(value: str) -> datetime | None:
    """The instant a timestamp names, in UTC, to the microsecond; None where it names none.

    Without an offset it is taken as UTC. ``-00:00`` is refused by the standard.
    """
    if not _TIMESTAMP.fullmatch(value) or value.endswith(_NO_OFFSET, 16):
        return None
    try:
        found = datetime.fromisoformat(value.upper().replace(",", "."))
        return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


@lru_cache(maxsize=1024)
def is_language(tag: str) -> bool:
    """Whether the text is a language tag of RFC 5646 by its form."""
    return bool(_LANGUAGE.fullmatch(tag))


def language(value: Any, at: str) -> None:
    text(value, at)
    if not is_language(value):
        raise refuse(at, _("“{value}” is not a language tag such as zh-Hans or en."), value=value)


def language_map(value: Any, at: str) -> None:
    for tag, words in filled(value, at).items():
        if not is_language(tag):
            language(tag, step(at, tag))
        if type(words) is not str:
            text(words, step(at, tag))


def extensions(value: Any, at: str) -> None:
    """Keys are addresses; what stands below them is anybody's own."""
    for key in mapping(value, at):
        iri(key, step(at, key))
