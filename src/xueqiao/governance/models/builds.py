"""Table of builds of the lake that somebody asked for."""

from __future__ import annotations

import uuid

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class BuildRequestQuerySet(models.QuerySet["BuildRequest"]):
    def to_work(self) -> BuildRequestQuerySet:
        """Those that have not come to an end."""
        return self.filter(state__in=[BuildRequest.State.WAITING, BuildRequest.State.RUNNING])


class BuildRequest(models.Model):
    """Somebody asked that the lake be brought up to date; ``key`` names the run in its history.

    Only one waits or runs at a time: a second one would do nothing that the first does not.
    """

    class State(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        RUNNING = "running", _("Running")
        DONE = "done", _("Done")
        FAILED = "failed", _("Failed")
        WITHDRAWN = "withdrawn", _("Withdrawn")

    key = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    asked_by = models.ForeignKey("people.Person", models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    owner = models.CharField(max_length=100, blank=True, help_text="lease: machine/pid/start")
    owned_at = models.DateTimeField(null=True, blank=True)
    extracted_at = models.DateTimeField(null=True, blank=True)
    made = models.PositiveIntegerField(default=0, help_text="tables")
    failed = models.PositiveIntegerField(default=0, help_text="tables")
    text = models.TextField(blank=True, help_text="why it failed, or what holds it up")
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = BuildRequestQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="one_build_waits_and_one_runs",
                fields=["state"],
                condition=Q(state__in=["waiting", "running"]),
            ),
            models.CheckConstraint(
                name="build_request_ended_at",
                condition=Q(state__in=["waiting", "running"], ended_at=None)
                | (~Q(state__in=["waiting", "running"]) & Q(ended_at__isnull=False)),
            ),
        ]
        indexes = [models.Index(fields=["asked_at", "id"])]
