"""What columns, steps and reasons of a report are called."""

from __future__ import annotations

from typing import Final

from django.utils.translation import gettext_lazy as _

COLUMNS: Final = {
    "sex": _("Sex"),
    "age": _("Age of the person"),
    "home": _("Place of residence"),
    "month": _("Month"),
    "last_completed": _("Month of the last completion"),
    "last_credited": _("Month of the last credit"),
    "days": _("Days with an activity"),
    "activities": _("Activities"),
    "attendances": _("Attendances"),
    "hours": _("Whole hours"),
    "enrolments": _("Enrolments"),
    "completed": _("Completed"),
    "studied_credits": _("Whole credits studied"),
    "lots": _("Lots of credit"),
    "credits": _("Whole credits"),
    "best_result": _("Best result"),
    "main_kind": _("Kind of learning with most credit"),
}
STEPS: Final = {
    "code": _("as it is"),
    "year": _("by year"),
    "five": _("by five years"),
    "ten": _("by ten years"),
    "class": _("by age class"),
    "village": _("by village"),
    "town": _("by town"),
    "county": _("by county"),
    "city": _("by city"),
    "province": _("by province"),
    "month": _("by month"),
    "quarter": _("by quarter"),
    "any": _("not told"),
}
REASONS: Final = {
    "alone": _("Stood alone among those who are alike"),
    "young": _("Under 14 years old"),
    "gone": _("Not known any more"),
}
