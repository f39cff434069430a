"""Classes and levels of data after GB/T 43697-2024: whom it is about, what a leak would do.

Three levels (core, important, general); general data is graded 1 to 4. Personal information is
divided by kind.
"""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise


class Class(TextChoices):
    """Whom or what it is about: personal information by kind, else the work it comes from."""

    BASIC = "user.basic", _("Basic facts of a person")
    IDENTIFIER = "user.identifier", _("Identifier of a person online")
    EDUCATION = "user.education", _("Education and work of a person")
    ACTIVITY = "user.activity", _("Online activity of a person")
    LOCATION = "user.location", _("Location of a person")
    PROPERTY = "user.property", _("Rights and property of a person")
    BUSINESS = "business", _("Business data")
    MANAGEMENT = "management", _("Management data")
    OPERATION = "operation", _("Operation and security of the system")

    @property
    def is_personal(self) -> bool:
        """Whether it is personal information."""
        return self.value.startswith("user.")


class Level(IntEnum):
    """How much harm a leak would do: general data graded 1 to 4, then important, then core."""

    PUBLIC = 1
    INTERNAL = 2
    PERSONAL = 3
    SENSITIVE = 4
    IMPORTANT = 5
    CORE = 6

    @property
    def title(self) -> StrPromise:
        """The level in words."""
        return _TITLES[self]


_TITLES: dict[Level, StrPromise] = {
    Level.PUBLIC: _("General 1: may be public"),
    Level.INTERNAL: _("General 2: internal"),
    Level.PERSONAL: _("General 3: personal"),
    Level.SENSITIVE: _("General 4: sensitive"),
    Level.IMPORTANT: _("Important data"),
    Level.CORE: _("Core data"),
}
