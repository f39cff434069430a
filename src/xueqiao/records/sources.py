"""Sources: the platforms that hand their learning over."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from xueqiao.kernel import errors
from xueqiao.records.models import Source, SourceChange

if TYPE_CHECKING:
    from datetime import datetime

    from xueqiao.people.models import Person

__all__ = ["Source"]
_LONGEST_NAME, _LONGEST_CONTACT = 120, 200
_MOST = 2**31 - 1
SHORTEST_SILENCE = 60


class CodeUnfit(errors.Refusal):
    """A source's code or name is empty or too long."""

    code = "records.source_code_unfit"
    status = 422


class TermsUnfit(errors.Refusal):
    """A limit, a time or the contact of a source is outside what can be kept.

    Its pointer names the field.
    """

    code = "records.source_terms_unfit"
    status = 422


class Terms(NamedTuple):
    """On what terms a source is taken from; the fields are those of ``Source``.

    How long its statements are kept is not among them: that takes two persons (``retention``).

    Attributes:
        owner_id: the institution that answers for it, or None.
        rate_limit: statements a minute; 0: no limit.
        most_bytes: of one request; 0: as many as the platform takes.
        silent_after_seconds: None: it may be silent for ever.
    """

    owner_id: int | None
    contact: str
    rate_limit: int
    most_bytes: int
    silent_after_seconds: int | None


def open_source(*, code: str, name: str, at: datetime, is_sample: bool = False) -> Source:
    """The source of a code, made at first use.

    Its statements carry one authority: an account of this platform with the source's code.

    Raises:
        CodeUnfit: the code is empty or has other characters than letters, digits, "-" and "_", or
            code or name are too long.
    """
    if not re.fullmatch(r"[\w-]{1,60}", code) or len(name) > _LONGEST_NAME:
        text = _("“{name}” cannot be a source. Use letters and digits; at most 60 characters.")
        raise CodeUnfit(text.format(name=name))
    authority = {
        "objectType": "Agent",
        "name": name,
        "account": {"homePage": f"{settings.PUBLIC_URL}/", "name": code},
    }
    defaults = {"name": name, "authority": authority, "is_sample": is_sample, "opened_at": at}
    return Source.objects.get_or_create(code=code, defaults=defaults)[0]


@transaction.atomic
def edit(*, source: Source, terms: Terms, at: datetime, by: Person | None = None) -> Source:
    """Change the terms of a source; where nothing differs, nothing is written.

    Raises:
        TermsUnfit: a number or the contact is out of its range.
    """
    _check(terms)
    row = Source.objects.select_for_update(of=("self",)).get(pk=source.pk)
    before = Terms(*(getattr(row, name) for name in Terms._fields))
    changed = {
        name: [old, new]
        for name, old, new in zip(Terms._fields, before, terms, strict=True)
        if old != new
    }
    if changed:
        for name, (_old, new) in changed.items():
            setattr(row, name, new)
        row.save(update_fields=[name.removesuffix("_id") for name in changed])
        SourceChange.objects.create(source=row, verb="edit", detail=changed, by=by, at=at)
    return row


def pause(*, source: Source, at: datetime, by: Person | None = None) -> Source:
    """Take nothing from a source until it is resumed; who sends is told to come again."""
    return _set_pause(source, at, by, "pause", at)


def resume(*, source: Source, at: datetime, by: Person | None = None) -> Source:
    """Take from a paused source again."""
    return _set_pause(source, at, by, "resume", None)


@transaction.atomic
def _set_pause(
    source: Source, at: datetime, by: Person | None, verb: str, paused_at: datetime | None
) -> Source:
    row = Source.objects.select_for_update(of=("self",)).get(pk=source.pk)
    if (row.paused_at is None) != (paused_at is None):
        row.paused_at = paused_at
        row.save(update_fields=["paused_at"])
        SourceChange.objects.create(source=row, verb=verb, by=by, at=at)
    return row


def _check(terms: Terms) -> None:
    if len(terms.contact) > _LONGEST_CONTACT:
        text = _("The contact has {n} characters; at most {most} fit.")
        raise TermsUnfit(
            text.format(n=len(terms.contact), most=_LONGEST_CONTACT), pointer="contact"
        )
    least = {"silent_after_seconds": SHORTEST_SILENCE}
    for name in ("rate_limit", "most_bytes", "silent_after_seconds"):
        value, lowest = getattr(terms, name), least.get(name, 0)
        if value is not None and not lowest <= value <= _MOST:
            text = _("{value} is outside of what can be set: {least} to {most}.")
            raise TermsUnfit(text.format(value=value, least=lowest, most=_MOST), pointer=name)


def exists(code: str) -> bool:
    """Whether there is a source with this code."""
    return Source.objects.filter(code=code).exists()
