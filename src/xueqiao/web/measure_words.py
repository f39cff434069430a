"""The numbers of a measure in the reader's words: what each of them sets, and its unit."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from xueqiao.creditbank.models import Application

if TYPE_CHECKING:
    from collections.abc import Mapping

NAMES: Final = {
    "hours": _("Class hours"),
    "days": _("Number of days"),
    "years": _("Years"),
    "working_days": _("Working days"),
    "numerator": _("Credits posted"),
    "denominator": _("For credits reported"),
    "least_percent": _("Least share of a unit, %"),
    "max_percent_of_unit": _("Most of a unit, %"),
    "draft_days": _("Days a draft is kept"),
    "returned_days": _("Days to complete what was returned"),
    "warn_days": _("Days of warning before"),
    "members": _("Members of a panel"),
    "academic": _("Academic team"),
    "labour": _("Labour market team"),
    "evaluation": _("Evaluation team"),
    "administration": _("Administration team"),
    "decision": _("Deciding body"),
    "management": _("Managing body"),
    "certifying": _("Certifying body"),
    "of_one_organisation_at_most": _("Most of one organisation"),
    "quorum_percent": _("Quorum, %"),
    "favour_percent": _("Votes in favour, %"),
    "screening_from_hundredths": _("Screening from, 1/100 credit"),
    "panel_from_hundredths": _("Panel from, 1/100 credit"),
}


def name(key: str) -> str:
    """The words of one number; a code of a unit stands as it is written."""
    state = key.removesuffix("_working_days")
    if state != key and state in Application.State.values:
        words = Application.State(state).label
        return gettext("Working days at “{state}”").format(state=words)
    return str(NAMES.get(key, key))


def line(value: Mapping[str, int]) -> str:
    """Every number of a version with its words, in one line."""
    return " · ".join(
        gettext("{name}: {number}").format(name=name(key), number=f"{number:,}")
        for key, number in sorted(value.items())
    )
