"""Why an item lies in quarantine."""

from __future__ import annotations

import re

from django.db import models
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _


class Reason(models.TextChoices):
    """Why an item lies in quarantine. Each is decided by one place: the mapping or the store."""

    INVALID = "invalid", _("Not a statement of the standard")
    CONFLICT = "conflict", _("Another statement has the same identifier")
    NOT_YOURS = "not_yours", _("Voids a statement of another source")
    NOT_JSON = "not_json", _("Not readable as JSON")
    COLUMNS = "columns", _("Not as many columns as the heading")
    TIME_IMPOSSIBLE = "time_impossible", _("A date or time that does not exist")
    TIME_FUTURE = "time_future", _("Dated in the future")
    TIME_MISSING = "time_missing", _("No date")
    NOBODY = "nobody", _("Names no person")
    NOT_A_LEARNER = "not_a_learner", _("Done by a job of the platform, not by a person")
    EXPORT = "export", _("Made by reading the log itself")
    DESCRIPTION_EMPTY = "description_empty", _("The description is empty")
    TEXT_DAMAGED = "text_damaged", _("The text is damaged beyond reading")
    EVENT_UNKNOWN = "event_unknown", _("An event the mapping does not know")
    SCORE_MISSING = "score_missing", _("No score")
    SCORE_IMPOSSIBLE = "score_impossible", _("A score outside its range")
    REFERENCE_UNKNOWN = "reference_unknown", _("Refers to something the source did not describe")
    ERASED = "erased", _("Was erased and stays so")
    CODE_UNKNOWN = "code_unknown", _("A value that the code table does not have")
    CELL_UNFIT = "cell_unfit", _("A cell that cannot be read as what its column holds")
    ROW_REPEATED = "row_repeated", _("Equal in every column to an earlier row of its file")
    FILE_UNREADABLE = "file_unreadable", _("A file that cannot be read")


_REPEAT = re.compile(r"(\d+) = (\d+)")


def repeat(*, row: int, first: int) -> str:
    """The detail of ``ROW_REPEATED``: two numbers, so that it is told in the reader's language.

    >>> repeat(row=14, first=13)
    '14 = 13'
    """
    return f"{row} = {first}"


def told(reason: str, detail: str) -> str:
    """The detail of an item as a sentence."""
    found = _REPEAT.fullmatch(detail) if reason == Reason.ROW_REPEATED else None
    if found is None:
        return detail
    text = gettext("Row {row} of the file equals its row {first} in every column.")
    return text.format(row=found[1], first=found[2])
