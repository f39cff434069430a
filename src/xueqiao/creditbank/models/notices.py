"""The table of what a learner is told about their credit."""

from __future__ import annotations

from django.db import models


class Notice(models.Model):
    """A message 通知 to a person, shown on the account page in the language they read.

    ``code`` names its text in ``notices.TEXTS``, ``facts`` fill it. Only ``read_at`` changes.
    """

    key = models.CharField(max_length=120, unique=True, help_text="the cause, 'application:8:3'")
    person = models.ForeignKey("people.Person", models.PROTECT, related_name="notices")
    code = models.CharField(max_length=60)
    facts = models.JSONField(default=dict, help_text="what the text names, by name")
    application = models.ForeignKey(
        "creditbank.Application", models.PROTECT, null=True, related_name="notices"
    )
    at = models.DateTimeField()
    read_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["person", "read_at", "-at"])]
