"""Tables of who assesses: the roster of experts, panels, their votes, declared interests."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _


class Team(models.TextChoices):
    """The four teams 四团队 that a panel is drawn from."""

    ACADEMIC = "academic", _("Academic standards")
    LABOUR = "labour", _("Labour market")
    EVALUATION = "evaluation", _("Evaluation and certification")
    ADMINISTRATION = "administration", _("Administration")


class Body(models.TextChoices):
    """The three kinds of bodies 三机构 that experts are sent by."""

    DECISION = "decision", _("Deciding body")
    MANAGEMENT = "management", _("Managing body")
    CERTIFYING = "certifying", _("Certifying body")


class ExpertSeat(models.Model):
    """A seat in the roster of experts 评价专家库: a person, for one team, from one day to another.

    ``organisation`` is whom the person works for; conflicts of interest are checked against it.
    """

    person = models.ForeignKey("people.Person", models.PROTECT, related_name="expert_seats")
    team = models.CharField(max_length=14, choices=Team)
    body = models.CharField(max_length=12, choices=Body)
    organisation = models.CharField(max_length=160)
    institution = models.ForeignKey(
        "network.Institution", models.PROTECT, null=True, related_name="+"
    )
    field = models.CharField(max_length=80, blank=True, help_text="what the person knows about")
    valid_from = models.DateField()
    valid_to = models.DateField(null=True, help_text="first day it no longer holds")
    granted_by = models.ForeignKey("people.Person", models.PROTECT, related_name="+")
    granted_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(name="expert_seat_once", fields=["person", "valid_from"]),
            models.CheckConstraint(
                name="expert_seat_ends_after_start",
                condition=Q(valid_to__isnull=True) | Q(valid_to__gt=F("valid_from")),
            ),
        ]


class Panel(models.Model):
    """A panel 评审组 for one round of one case, composed under a version of ``prior.panel``."""

    application = models.ForeignKey("creditbank.Application", models.PROTECT, related_name="panels")
    round = models.PositiveSmallIntegerField()
    rule = models.ForeignKey("creditbank.RuleTable", models.PROTECT, related_name="+")
    convened_by = models.ForeignKey("people.Person", models.PROTECT, related_name="+")
    convened_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(name="panel_once_a_round", fields=["application", "round"]),
        ]


class PanelMember(models.Model):
    """A member of a panel. Who steps down for a conflict of interest stays in the record."""

    panel = models.ForeignKey(Panel, models.PROTECT, related_name="members")
    seat = models.ForeignKey(ExpertSeat, models.PROTECT, related_name="+")
    person = models.ForeignKey("people.Person", models.PROTECT, related_name="+")
    joined_at = models.DateTimeField()
    left_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="panel_member_once", fields=["panel", "person"]),
        ]


class PanelVote(models.Model):
    """A member's vote on what is proposed; ``proposal`` is the hash of the amounts voted on."""

    member = models.ForeignKey(PanelMember, models.PROTECT, related_name="votes")
    proposal = models.CharField(max_length=64, help_text="SHA-256 of units and amounts")
    in_favour = models.BooleanField()
    reasons = models.TextField(blank=True)
    voted_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(name="vote_once", fields=["member", "proposal"]),
        ]


class InterestDeclaration(models.Model):
    """What somebody who acts in a case declared about their ties to the applicant 利益冲突声明."""

    application = models.ForeignKey(
        "creditbank.Application", models.PROTECT, related_name="declarations"
    )
    person = models.ForeignKey("people.Person", models.PROTECT, related_name="+")
    is_kin = models.BooleanField()
    is_employer = models.BooleanField(help_text="employs the applicant, or works for who does")
    other = models.TextField(blank=True, help_text="any other tie, in own words")
    declared_at = models.DateTimeField()

    @property
    def is_free(self) -> bool:
        """Nothing was declared that stands against acting."""
        return not (self.is_kin or self.is_employer or self.other.strip())
