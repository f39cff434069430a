"""Where in a statement somebody or something is named."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Role(models.IntegerChoices):
    """Where a statement names an agent or an activity, the nearest first.

    The filter by agent looks at the first two, ``related_agents`` at all.
    """

    OBJECT = 1, _("Object")
    MEMBER = 2, _("Member of the group that is actor or object")
    INSTRUCTOR = 3, _("Instructor")
    TEAM = 4, _("Team, or a member of it")
    CONTEXT = 5, _("Agent or group of the context, or a member of it")
    PARENT = 6, _("Parent")
    GROUPING = 7, _("Grouping")
    CATEGORY = 8, _("Category")
    OTHER = 9, _("Other activity of the context")
    WITHIN = 10, _("Named in the statement that is the object")
