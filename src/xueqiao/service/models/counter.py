"""Tables of the counter: sessions on behalf of a person, what was done in them, identity checks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from xueqiao.kernel.evidence import Unchanging

if TYPE_CHECKING:
    from xueqiao.people.models import Person


class CounterSessionQuerySet(models.QuerySet["CounterSession"]):
    def open_of(self, helper: Person) -> CounterSessionQuerySet:
        return self.filter(helper=helper, ended_at=None)


class CounterSession(models.Model):
    """A helper acts for a person at a counter, with the person's signed consent as a scan.

    Without the scan the session lets nothing be done. It ends with the visit.
    """

    node = models.ForeignKey("service.ServiceNode", models.PROTECT, related_name="sessions")
    helper = models.ForeignKey("people.Person", models.PROTECT, related_name="+")
    person = models.ForeignKey("people.Person", models.PROTECT, related_name="counter_sessions")
    ticket = models.ForeignKey("service.Ticket", models.PROTECT, null=True, related_name="+")
    request_key = models.CharField(max_length=120, unique=True)
    purpose = models.CharField(max_length=200, help_text="what the person came for, in their words")
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    consent_sha256 = models.CharField(max_length=64, blank=True, help_text="of the scanned consent")
    consent_type = models.CharField(max_length=80, blank=True, help_text="media type of the scan")
    consent_bytes = models.PositiveBigIntegerField(default=0)
    consent_at = models.DateTimeField(null=True)

    objects = CounterSessionQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="counter_session_for_another", condition=~Q(helper=models.F("person"))
            ),
            models.UniqueConstraint(
                name="counter_session_one_open", fields=["helper"], condition=Q(ended_at=None)
            ),
            models.CheckConstraint(
                name="counter_session_consent_whole",
                condition=Q(consent_sha256="", consent_at__isnull=True)
                | (~Q(consent_sha256="") & Q(consent_at__isnull=False, consent_bytes__gt=0)),
            ),
            Unchanging(
                name="counter_session_facts",
                columns=("node_id", "helper_id", "person_id", "request_key", "started_at"),
            ),
        ]
        indexes = [models.Index(fields=["person", "started_at"])]


class SessionAct(models.Model):
    """One thing that was done in a session. Appended, never edited; the learner can read it."""

    class Kind(models.TextChoices):
        CONSENT = "consent", _("Consent scanned")
        IDENTITY = "identity", _("Identity checked")
        APPLY = "apply", _("Recognition applied for")
        EVIDENCE = "evidence", _("Evidence added")
        SUBMIT = "submit", _("Application handed in")
        CERTIFICATE = "certificate", _("Certificate asked for")
        BOOK = "book", _("Appointment made")
        TAKEOUT = "takeout", _("Export asked for")
        LOGIN = "login", _("Sign-in set up")

    session = models.ForeignKey(CounterSession, models.PROTECT, related_name="acts")
    kind = models.CharField(max_length=12, choices=Kind)
    about = models.CharField(max_length=200, help_text="what it concerns: a title, a number")
    at = models.DateTimeField()

    class Meta:
        constraints = [Unchanging(name="session_act_kept")]
        indexes = [models.Index(fields=["session", "at"])]


class IdentityCheck(models.Model):
    """Somebody compared a person with a document. Of the document only the keyed hash is kept."""

    class Document(models.TextChoices):
        ID_CARD = "id_card", _("Resident identity card")
        SOCIAL_CARD = "social_card", _("Social security card")
        HOUSEHOLD = "household", _("Household register")

    person = models.ForeignKey("people.Person", models.PROTECT, related_name="identity_checks")
    session = models.ForeignKey(CounterSession, models.PROTECT, related_name="identity_checks")
    document = models.CharField(max_length=12, choices=Document)
    identity_hash = models.CharField(
        max_length=64, help_text="HMAC of the number, never the number"
    )
    is_first = models.BooleanField(help_text="the number was not known before")
    checked_by = models.ForeignKey("people.Person", models.PROTECT, related_name="+")
    checked_at = models.DateTimeField()

    class Meta:
        constraints = [Unchanging(name="identity_check_kept")]
        indexes = [models.Index(fields=["person", "checked_at"])]
