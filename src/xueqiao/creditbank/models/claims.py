"""Tables of what an application rests on: certificates of other bodies and periods of work."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q


class ClaimedCertificate(models.Model):
    """A certificate 证书 that an applicant puts forward, such as one of the “1+X” scheme.

    The same certificate stands behind one live application at most: the database compares issuer
    and number, what it says, and its file. ``live`` ends with the application.
    """

    application = models.ForeignKey(
        "creditbank.Application", models.PROTECT, related_name="certificates"
    )
    kind = models.CharField(max_length=60, blank=True, help_text="scheme, such as 1+X")
    title = models.CharField(max_length=160, help_text="as printed on it")
    level = models.CharField(max_length=40, blank=True, help_text="as printed: 初级 中级 高级")
    issuer = models.CharField(max_length=160, help_text="the body that issued it, as printed")
    number = models.CharField(max_length=120, help_text="the issuer's number, as printed")
    result = models.CharField(max_length=40, blank=True, help_text="score or grade, as printed")
    obtained = models.DateField()
    expires = models.DateField(null=True, help_text="first day it no longer holds")
    evidence = models.ForeignKey("creditbank.Evidence", models.PROTECT, related_name="certificates")
    issuer_key = models.CharField(max_length=160, help_text="issuer without spaces and marks")
    number_key = models.CharField(max_length=120, help_text="number without spaces and marks")
    content_key = models.CharField(max_length=64, help_text="SHA-256 of who, what, whence, when")
    file_sha256 = models.CharField(max_length=64)
    live = models.BooleanField(default=True)
    added_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="certificate_claim_number_once",
                fields=["issuer_key", "number_key"],
                condition=Q(live=True),
            ),
            models.UniqueConstraint(
                name="certificate_claim_content_once",
                fields=["content_key"],
                condition=Q(live=True),
            ),
            models.UniqueConstraint(
                name="certificate_claim_file_once",
                fields=["file_sha256"],
                condition=Q(live=True),
            ),
            models.CheckConstraint(
                name="certificate_claim_expires_later",
                condition=Q(expires__isnull=True) | Q(expires__gt=F("obtained")),
            ),
        ]


class WorkPeriod(models.Model):
    """A period of work 工作经历 that an applicant puts forward. Both days count; no end: it lasts.

    ``occupation`` names the rule table ``work.<occupation>`` that turns months into units.
    """

    application = models.ForeignKey(
        "creditbank.Application", models.PROTECT, related_name="work_periods"
    )
    occupation = models.CharField(max_length=60)
    employer = models.CharField(max_length=160)
    post = models.CharField(max_length=120, blank=True)
    began = models.DateField()
    ended = models.DateField(null=True)
    weekly_hours = models.PositiveSmallIntegerField(help_text="hours a week, as agreed")
    added_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="work_ends_after_it_began",
                condition=Q(ended__isnull=True) | Q(ended__gte=F("began")),
            ),
            models.CheckConstraint(
                name="work_has_hours", condition=Q(weekly_hours__gt=0, weekly_hours__lte=84)
            ),
            models.UniqueConstraint(
                name="work_period_once",
                fields=["application", "occupation", "employer", "began"],
            ),
        ]
