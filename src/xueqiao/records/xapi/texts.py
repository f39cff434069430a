"""JSON as the standard wants it: UTF-8, no name twice in one object, not deeper than can be read.

What decodes here may be walked by recursion and compared without exhausting the stack.
"""

from __future__ import annotations

import json
import re
from typing import Any

import msgspec
from django.utils.translation import gettext as _

from xueqiao.kernel import errors

# Statements of real platforms nest to a depth of ten; the recursion of Python ends near 1,000.
MOST_DEPTH = 100
_BRACKETS = re.compile(rb'"(?:[^"\\]|\\.)*+"|[\[\]{}]', re.DOTALL)


class NotJson(errors.Refusal):
    """A text is not JSON, is nested too deeply, or names a property twice in one object."""

    code = "records.not_json"
    status = 400


def decode(raw: bytes, at: str = "") -> Any:
    """The value of a JSON text.

    Args:
        raw: in UTF-8.
        at: its JSON pointer in what was sent, for the refusal.

    Raises:
        NotJson: it is no JSON, is deeper than ``MOST_DEPTH``, or a name stands twice in an object.
    """
    _shallow(raw, at)
    try:
        found = msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError) as why:
        raise NotJson(_("The body is not JSON: {why}.").format(why=why), pointer=at) from why
    _each_name_once(raw, found, at)
    return found


def _shallow(raw: bytes, at: str) -> None:
    # Few brackets cannot be nested deeply; only a text with many is walked.
    if raw.count(b"[") + raw.count(b"{") <= MOST_DEPTH:
        return
    depth = 0
    for bracket in _BRACKETS.findall(raw):
        if bracket in b"[{":
            depth += 1
            if depth > MOST_DEPTH:
                text = _("The body is nested deeper than {most} levels.")
                raise NotJson(text.format(most=MOST_DEPTH), pointer=at)
        elif bracket in b"]}":
            depth -= 1


def _each_name_once(raw: bytes, found: Any, at: str) -> None:
    # Written out again, a text has as many colons as before unless a name stood twice, whose first
    # value is gone. An escaped colon is the exception; such a text is read the slow way.
    if raw.count(b":") != msgspec.json.encode(found).count(b":") or b"\\u003" in raw:
        json.loads(raw, object_pairs_hook=lambda pairs: _unique(pairs, at))


def _unique(pairs: list[tuple[str, Any]], at: str) -> None:
    seen: set[str] = set()
    for name, _value in pairs:
        if name in seen:
            text = _("“{name}” stands twice in one object.")
            raise NotJson(text.format(name=name[:80]), pointer=at)
        seen.add(name)
