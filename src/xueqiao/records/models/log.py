"""Tables of the log that other apps append to."""

from __future__ import annotations

from django.db import models

from xueqiao.kernel.cursor import XidField


class LogEntry(models.Model):
    """An event of an app, appended in that app's transaction. Never updated."""

    xid = XidField()
    kind = models.CharField(max_length=60)
    key = models.CharField(max_length=120)
    event_at = models.DateTimeField(help_text="when it happened")
    recorded_at = models.DateTimeField(auto_now_add=True, help_text="for audit only")
    payload = models.JSONField()

    class Meta:
        constraints = [models.UniqueConstraint(name="log_once", fields=["kind", "key"])]
        indexes = [models.Index(fields=["kind", "xid", "id"])]


class Reader(models.Model):
    """How far one reader of one followed table has come."""

    name = models.CharField(primary_key=True, max_length=80)
    xid = models.BigIntegerField(default=0)
    row = models.BigIntegerField(default=0)
    updated_at = models.DateTimeField(auto_now=True)
