"""Tables of reactions: rules over several statements that write a statement."""

from __future__ import annotations

from django.db import models


class Reaction(models.Model):
    """A rule in force, how far it has read, and what it did.

    A change is a new version; statements it wrote keep the version in their id.
    """

    code = models.SlugField(max_length=60, unique=True)
    name = models.CharField(max_length=120)
    version = models.PositiveIntegerField(default=1)
    rule = models.JSONField(help_text="see reactions/rule.py")
    xid = models.BigIntegerField(default=0)
    row = models.BigIntegerField(default=0)
    written = models.BigIntegerField(default=0, help_text="statements it wrote")
    failed = models.BigIntegerField(default=0, help_text="statements it could not write")
    last_failure = models.TextField(blank=True)
    paused_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()
    created_by = models.ForeignKey("people.Person", models.PROTECT, null=True, related_name="+")
