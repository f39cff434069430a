"""Tables of runs: what one fetch of a connection brought, and how it ended."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from xueqiao.intake.models.connections import Connection


class RunState(models.TextChoices):
    """How far a run is. Only ``RUNNING`` is open; all others ended."""

    RUNNING = "running", _("Running")
    DONE = "done", _("Came to the end")
    CONTINUED = "continued", _("Goes on in the next run")
    QUOTA = "quota", _("Stopped at its quota")
    PAUSED = "paused", _("Stopped by a pause")
    FAILED = "failed", _("Failed")
    TAKEN_OVER = "taken_over", _("Its worker died; another took over")


class Run(models.Model):
    """One fetch of a connection. While it is open it is also the lease of its worker.

    That a connection has at most one open run is what keeps two workers from running it at once.
    Items of portions that were in already count as duplicate.
    """

    connection = models.ForeignKey(Connection, models.PROTECT, related_name="runs")
    state = models.CharField(max_length=12, choices=RunState, default=RunState.RUNNING)
    reason = models.TextField(blank=True, help_text="why it failed, one sentence")
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    begun_by = models.ForeignKey(
        "people.Person", models.PROTECT, null=True, related_name="+", help_text="null: the schedule"
    )
    watermark_before = models.JSONField(default=dict, help_text="where it began")
    is_replay = models.BooleanField(default=False, help_text="set back by hand to where it began")
    lease_owner = models.CharField(max_length=120, help_text="the process that runs it")
    lease_until = models.DateTimeField()
    portions = models.PositiveIntegerField(default=0)
    received = models.PositiveIntegerField(default=0)
    accepted = models.PositiveIntegerField(default=0)
    duplicate = models.PositiveIntegerField(default=0)
    quarantined = models.PositiveIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="run_one_open", fields=["connection"], condition=Q(ended_at=None)
            ),
            models.CheckConstraint(
                name="run_adds_up",
                condition=Q(received=F("accepted") + F("duplicate") + F("quarantined")),
            ),
            models.CheckConstraint(
                name="run_open_while_running",
                condition=Q(ended_at=None, state="running")
                | Q(ended_at__isnull=False) & ~Q(state="running"),
            ),
        ]
        indexes = [models.Index(fields=["connection", "-started_at"])]
