"""Drafts of open data sets: what is to be published, in both languages."""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from xueqiao.governance.models import OpenDataset, OpenStep
from xueqiao.kernel import clock, errors
from xueqiao.people import rights

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from xueqiao.people.models import Person

State = OpenDataset.State
CODE = re.compile(r"[a-z0-9][a-z0-9-]{1,58}[a-z0-9]")
NEEDED = (
    "title_zh", "title_en", "description_zh", "description_en", "contact", "sql",
)  # fmt: skip


class OpenWrongState(errors.Refusal):
    """The data set does not stand where this step begins."""

    code = "lake.open_wrong_state"


class OpenIncomplete(errors.Refusal):
    """A text that a data set needs is missing."""

    code = "lake.open_incomplete"
    status = 422


class OpenCodeTaken(errors.Refusal):
    """Another data set has this name in its address, or it is no name for an address."""

    code = "lake.open_code_taken"
    status = 422


@dataclass(frozen=True)
class Text:
    """What is published. ``publisher_id``: an institution; ``place_id``: what it covers.

    Attributes:
        meanings: column → zh and en, for columns that the lake's catalogue does not know.
    """

    title_zh: str
    title_en: str
    description_zh: str
    description_en: str
    keywords_zh: str
    keywords_en: str
    publisher_id: int
    place_id: int
    contact: str
    licence: str
    frequency: str
    sql: str
    shape: str
    meanings: Mapping[str, Any]


@transaction.atomic
def draft(
    *, request_key: str, by: Person, code: str, text: Text, at: datetime, is_sample: bool = False
) -> OpenDataset:
    """Begin a data set, once for each request key.

    Raises:
        rights.NotAllowed: no analyst of the place.
        OpenIncomplete, OpenCodeTaken.
    """
    found = OpenDataset.objects.filter(request_key=request_key).first()
    if found:
        return found
    rights.check(by, rights.LAKE_ANALYSE, clock.local_date(at), place_id=text.place_id)
    _refuse_text(text)
    if not CODE.fullmatch(code):
        words = _("Use small letters, digits and hyphens, such as learners-by-month.")
        raise OpenCodeTaken(words, pointer="code")
    try:
        with transaction.atomic():
            made = OpenDataset.objects.create(
                request_key=request_key, code=code, is_sample=is_sample, **asdict(text)
            )
    except IntegrityError as why:
        words = _("There is a data set {code} already. Choose another name.")
        raise OpenCodeTaken(words.format(code=code), pointer="code") from why
    note(made, OpenStep.Verb.DRAFT, by, at)
    return made


@transaction.atomic
def amend(*, dataset: OpenDataset, by: Person, text: Text, at: datetime) -> OpenDataset:
    """Change the text of a draft.

    Raises:
        rights.NotAllowed, OpenWrongState, OpenIncomplete.
    """
    row = locked(dataset, by, at, rights.LAKE_ANALYSE, State.DRAFT)
    rights.check(by, rights.LAKE_ANALYSE, clock.local_date(at), place_id=text.place_id)
    _refuse_text(text)
    for name, value in asdict(text).items():
        setattr(row, name, value)
    row.failure, row.failed_at = "", None
    row.save(update_fields=[*(field.name for field in fields(Text)), "failure", "failed_at"])
    note(row, OpenStep.Verb.AMEND, by, at)
    return row


def locked(
    dataset: OpenDataset, by: Person, at: datetime, policy: rights.Policy, *states: State
) -> OpenDataset:
    """The row, locked, for somebody who may and in one of these states.

    Raises:
        rights.NotAllowed, OpenWrongState.
    """
    row = OpenDataset.objects.select_for_update().get(pk=dataset.pk)
    rights.check(by, policy, clock.local_date(at), place_id=row.place_id)
    if row.state not in states:
        text = _("This data set stands at “{state}” by now. Load the page again.")
        raise OpenWrongState(text.format(state=row.get_state_display()))
    return row


def note(row: OpenDataset, verb: str, by: Person, at: datetime, why: str = "") -> None:
    """Write the audit row of a step."""
    OpenStep.objects.create(
        dataset=row, number=row.steps.count() + 1, revision=row.revision, verb=verb, actor=by,
        note=why, at=at,
    )  # fmt: skip


def _refuse_text(text: Text) -> None:
    for name in NEEDED:
        if not getattr(text, name).strip():
            words = _("Write title, description and contact, in Chinese and in English, and SQL.")
            raise OpenIncomplete(words, pointer=name)
