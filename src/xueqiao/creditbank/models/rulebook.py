"""Tables of the rulebook: steps and signatures of rule versions, consultation, simulation, numbers.

The rules themselves are in ``models/conversion.py``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from xueqiao.people.bothsides import Side

if TYPE_CHECKING:
    from datetime import date


class RuleStep(models.Model):
    """The audit row of one step of a rule version. Never changed."""

    version = models.ForeignKey("creditbank.RuleVersion", models.PROTECT, related_name="steps")
    number = models.PositiveSmallIntegerField(help_text="1, 2, 3 … within the version")
    verb = models.CharField(max_length=20)
    to_state = models.CharField(max_length=10)
    text_hash = models.CharField(max_length=64, help_text="SHA-256 of what the version says then")
    actor = models.ForeignKey("people.Person", models.PROTECT, related_name="+")
    note = models.TextField(blank=True)
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(name="rule_step_once", fields=["version", "number"]),
        ]


class RuleSignature(models.Model):
    """One side's signature under what a rule version says. Never changed.

    ``document`` names the paper that was signed where a body does not sign here itself. A version
    that is changed after a signature says something else, so the signature no longer fits it.
    """

    version = models.ForeignKey("creditbank.RuleVersion", models.PROTECT, related_name="signatures")
    side = models.CharField(max_length=10, choices=Side)
    person = models.ForeignKey("people.Person", models.PROTECT, related_name="+")
    document = models.CharField(max_length=160, blank=True)
    text_hash = models.CharField(max_length=64)
    signed_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="rule_signed_once_a_side", fields=["version", "side", "text_hash"]
            ),
            models.UniqueConstraint(
                name="rule_signed_by_two", fields=["version", "person", "text_hash"]
            ),
        ]


class ConsultationQuerySet(models.QuerySet["Consultation"]):
    def open_on(self, day: date) -> ConsultationQuerySet:
        """Those in which everybody may comment on a day."""
        return self.filter(closed_at=None, opens_on__lte=day, closes_on__gte=day)


class Consultation(models.Model):
    """A public consultation 征求意见 about a rule version, from one day to another."""

    version = models.ForeignKey(
        "creditbank.RuleVersion", models.PROTECT, related_name="consultations"
    )
    text_hash = models.CharField(max_length=64, help_text="SHA-256 of what was put forward")
    question = models.TextField(help_text="what is put forward, and why")
    opens_on = models.DateField()
    closes_on = models.DateField(help_text="the last day on which one may comment")
    opened_by = models.ForeignKey("people.Person", models.PROTECT, related_name="+")
    opened_at = models.DateTimeField()
    closed_by = models.ForeignKey("people.Person", models.PROTECT, null=True, related_name="+")
    closed_at = models.DateTimeField(null=True)
    summary = models.TextField(blank=True, help_text="what came of it")

    objects = ConsultationQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(name="consulted_once", fields=["version", "text_hash"]),
            models.CheckConstraint(
                name="consultation_has_a_day", condition=Q(closes_on__gte=models.F("opens_on"))
            ),
        ]


class ConsultationComment(models.Model):
    """What somebody said in a consultation. Never changed."""

    class Capacity(models.TextChoices):
        LEARNER = "learner", _("Learner")
        SCHOOL = "school", _("School or training body")
        ENTERPRISE = "enterprise", _("Enterprise")
        OTHER = "other", _("Somebody else")

    consultation = models.ForeignKey(Consultation, models.PROTECT, related_name="comments")
    request_key = models.CharField(max_length=120, unique=True)
    author = models.ForeignKey("people.Person", models.PROTECT, related_name="+")
    capacity = models.CharField(max_length=10, choices=Capacity)
    text = models.TextField()
    at = models.DateTimeField()


class ConsultationReply(models.Model):
    """What the makers of the rule answered to a comment. Never changed."""

    class Verdict(models.TextChoices):
        ADOPTED = "adopted", _("Taken up")
        PARTLY = "partly", _("Taken up in part")
        NOT_ADOPTED = "not", _("Not taken up")

    comment = models.OneToOneField(ConsultationComment, models.PROTECT, related_name="reply")
    author = models.ForeignKey("people.Person", models.PROTECT, related_name="+")
    verdict = models.CharField(max_length=10, choices=Verdict)
    text = models.TextField()
    at = models.DateTimeField()


class SimulationQuerySet(models.QuerySet["Simulation"]):
    def to_work(self) -> SimulationQuerySet:
        """Those that are asked for or begun."""
        return self.filter(state__in=[Simulation.State.ASKED, Simulation.State.RUNNING])


class Simulation(models.Model):
    """A rule version run over the conversions of past days 规则试算, before it is published.

    A job works on it in pieces; ``place`` is the last conversion that was counted.
    """

    class State(models.TextChoices):
        ASKED = "asked", _("Waiting")
        RUNNING = "running", _("Running")
        DONE = "done", _("Done")
        FAILED = "failed", _("Failed")

    version = models.ForeignKey(
        "creditbank.RuleVersion", models.PROTECT, related_name="simulations"
    )
    text_hash = models.CharField(max_length=64, help_text="SHA-256 of what was simulated")
    since = models.DateField()
    until = models.DateField(help_text="the last day, inclusive")
    asked_by = models.ForeignKey("people.Person", models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()
    state = models.CharField(max_length=10, choices=State, default=State.ASKED)
    total = models.PositiveIntegerField(default=0, help_text="learners in the history")
    done = models.PositiveIntegerField(default=0, help_text="learners counted so far")
    place = models.PositiveBigIntegerField(default=0, help_text="id of the last person counted")
    owner = models.CharField(max_length=120, blank=True)
    owned_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    problem = models.TextField(blank=True)

    objects = SimulationQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="simulated_once", fields=["version", "text_hash", "since", "until"]
            ),
        ]


class SimulationRow(models.Model):
    """One learner of a simulation: what the rule in force made, and what the new one would make."""

    simulation = models.ForeignKey(Simulation, models.CASCADE, related_name="rows")
    person = models.ForeignKey("people.Person", models.PROTECT, related_name="+")
    conversions = models.PositiveIntegerField(help_text="conversions under the earlier versions")
    before_hundredths = models.PositiveIntegerField(help_text="1/100 credit granted then")
    after_hundredths = models.PositiveIntegerField(help_text="1/100 credit under the new version")
    difference_hundredths = models.IntegerField(help_text="after less before")
    reason = models.CharField(max_length=40, blank=True, help_text="code of what changed it")

    class Meta:
        constraints = [
            models.UniqueConstraint(name="simulation_row_once", fields=["simulation", "person"]),
        ]
        indexes = [models.Index(fields=["simulation", "difference_hundredths", "id"])]


class MeasureProposal(models.Model):
    """A new version of a number of a measure (``RuleTable``), put forward and decided by another.

    Published, it became a row of ``RuleTable``; the numbers in force are only there.
    """

    class State(models.TextChoices):
        PROPOSED = "proposed", _("Waiting for a second person")
        PUBLISHED = "published", _("Published")
        REFUSED = "refused", _("Refused")
        WITHDRAWN = "withdrawn", _("Withdrawn")

    request_key = models.CharField(max_length=120, unique=True)
    code = models.CharField(max_length=80)
    version = models.CharField(max_length=20)
    title_zh = models.CharField(max_length=160)
    title_en = models.CharField(max_length=200)
    value = models.JSONField(help_text="whole numbers by name, the names of the version before")
    valid_from = models.DateField()
    valid_to = models.DateField(null=True)
    is_sample = models.BooleanField()
    source = models.TextField(help_text="the document that sets it, with article and date")
    state = models.CharField(max_length=10, choices=State, default=State.PROPOSED)
    proposed_by = models.ForeignKey("people.Person", models.PROTECT, related_name="+")
    proposed_at = models.DateTimeField()
    decided_by = models.ForeignKey("people.Person", models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(null=True)
    reason = models.TextField(blank=True)
    table = models.OneToOneField(
        "creditbank.RuleTable", models.PROTECT, null=True, related_name="proposal"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="measure_proposed_once", fields=["code", "version"],
                condition=Q(state__in=["proposed", "published"]),
            ),
        ]  # fmt: skip
