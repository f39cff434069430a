"""Tables of people: persons, sign-ins, roles, outside accounts."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from django.contrib.auth.models import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from xueqiao.kernel import evidence
from xueqiao.kernel.cursor import XidField

if TYPE_CHECKING:
    from datetime import date


class Sex(models.TextChoices):
    """GB/T 2261.1."""

    UNKNOWN = "0", _("Not known")
    MALE = "1", _("Male")
    FEMALE = "2", _("Female")


class PersonQuerySet(models.QuerySet["Person"]):
    def visible_to(self, viewer: Person | None, day: date) -> PersonQuerySet:
        """Whom somebody may look up: themselves and the persons of their places."""
        from xueqiao.people import rights  # noqa: PLC0415 - rights decides by these very tables

        if viewer is None:
            return self.none()
        homes = rights.within(viewer, rights.PEOPLE, day, place="home_id")
        return self.filter(Q(pk=viewer.pk) | homes)


class Person(models.Model):
    """A human being, once. Learners, teachers and officers are persons; roles tell them apart."""

    key = models.UUIDField(unique=True, help_text="public, portable identifier")
    name = models.CharField(max_length=80)
    name_en = models.CharField(max_length=120, blank=True)
    sex = models.CharField(max_length=1, choices=Sex, default=Sex.UNKNOWN)
    birth_year = models.PositiveSmallIntegerField(null=True, blank=True)
    home = models.ForeignKey("network.Place", models.PROTECT, null=True, related_name="+")
    identity_hash = models.CharField(
        max_length=64, blank=True, help_text="HMAC of the identity number; never the number"
    )
    is_sample = models.BooleanField(default=False)
    opened_at = models.DateTimeField(help_text="when the lifelong learning account was opened")
    updated_at = models.DateTimeField(auto_now=True)

    objects = PersonQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="person_identity_once",
                fields=["identity_hash"],
                condition=~Q(identity_hash=""),
            ),
        ]
        indexes = [models.Index(fields=["home"]), models.Index(fields=["updated_at"])]


class LoginManager(BaseUserManager["Login"]):
    def get_by_natural_key(self, username: str | None) -> Login:
        return self.get(username=username)


class Login(AbstractBaseUser):
    """How a person signs in. A person without one can still learn, be recognised and certified."""

    username = models.CharField(max_length=60, unique=True)
    person = models.OneToOneField(Person, models.PROTECT, related_name="login")
    is_active = models.BooleanField(default=True)
    elder_mode = models.BooleanField(default=False)

    USERNAME_FIELD = "username"
    REQUIRED_FIELDS: ClassVar[list[str]] = []
    objects = LoginManager()


class RoleKind(models.TextChoices):
    """What somebody does for others. Being a learner needs no role."""

    HELPER = "helper", _("Service point helper")
    TEACHER = "teacher", _("Teacher")
    INSTITUTION = "institution", _("Institution manager")
    ASSESSOR = "assessor", _("Assessor")
    COUNTY = "county", _("County officer")
    PROVINCE = "province", _("Provincial officer")
    OPERATOR = "operator", _("Platform operator")
    ANALYST = "analyst", _("Data analyst")


class RoleQuerySet(models.QuerySet["Role"]):
    def in_force(self, day: date) -> RoleQuerySet:
        return self.filter(valid_from__lte=day).filter(
            Q(valid_to__isnull=True) | Q(valid_to__gt=day)
        )


class Role(models.Model):
    """A role that a person holds for a place and everything below it, from one day to another.

    With ``institution`` it is narrower: that institution's own affairs only.
    """

    person = models.ForeignKey(Person, models.PROTECT, related_name="roles")
    kind = models.CharField(max_length=20, choices=RoleKind)
    place = models.ForeignKey("network.Place", models.PROTECT, related_name="+")
    institution = models.ForeignKey(
        "network.Institution", models.PROTECT, null=True, related_name="+"
    )
    valid_from = models.DateField()
    valid_to = models.DateField(null=True, blank=True)
    granted_by = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+")
    granted_at = models.DateTimeField()
    ended_by = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+")
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = RoleQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="role_ends_after_start",
                condition=Q(valid_to__isnull=True) | Q(valid_to__gt=F("valid_from")),
            ),
            models.UniqueConstraint(
                name="role_once_for_institution",
                fields=["person", "kind", "place", "institution", "valid_from"],
                condition=Q(institution__isnull=False),
            ),
            models.UniqueConstraint(
                name="role_once_for_place",
                fields=["person", "kind", "place", "valid_from"],
                condition=Q(institution__isnull=True),
            ),
        ]


class OutsideAccount(models.Model):
    """An account of another platform that is known to belong to a person now. Never guessed."""

    person = models.ForeignKey(Person, models.PROTECT, related_name="outside_accounts")
    home_page = models.CharField(max_length=200, help_text="the platform, as xAPI account.homePage")
    name = models.CharField(max_length=200, help_text="the account there, as xAPI account.name")
    linked_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(name="outside_account_once", fields=["home_page", "name"]),
        ]


class IdentityAction(models.TextChoices):
    """What happened to an outside account."""

    LINK = "link", _("Linked")
    UNLINK = "unlink", _("Unlinked")


class IdentityEvent(models.Model):
    """Who linked or unlinked which outside account, when and why. Appended, never edited.

    The current links are these events played in order. Readers follow the table by ``(xid, id)``.
    """

    xid = XidField()
    action = models.CharField(max_length=10, choices=IdentityAction)
    person = models.ForeignKey(Person, models.PROTECT, related_name="identity_events")
    home_page = models.CharField(max_length=200)
    name = models.CharField(max_length=200)
    at = models.DateTimeField()
    by = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+")
    why = models.CharField(max_length=200, help_text="the evidence: a confirmed sign-in, a list …")

    class Meta:
        indexes = [
            models.Index(fields=["xid", "id"]),
            models.Index(fields=["home_page", "name"]),
        ]


class ChangeKind(models.TextChoices):
    """Whether what was known was true until a day, or was wrong all along."""

    MOVED = "moved", _("Moved")
    CORRECTED = "corrected", _("Corrected")


class Particular(models.TextChoices):
    """What is known of a person and can change."""

    HOME = "home", _("Place of residence")
    BIRTH_YEAR = "birth_year", _("Year of birth")
    SEX = "sex", _("Sex")


class PersonChangeQuerySet(models.QuerySet["PersonChange"]):
    def reachable_by(self, officer: Person | None, day: date) -> PersonChangeQuerySet:
        """Of persons who live in the officer's places."""
        from xueqiao.people import rights  # noqa: PLC0415 - rights decides by these very tables

        if officer is None:
            return self.none()
        return self.filter(rights.within(officer, rights.PARTICULARS, day, place="person__home_id"))


class PersonChange(models.Model):
    """What was known of a person before a change. Appended, never edited.

    Someone who moved lived in the earlier place until the day before ``since``; after a correction
    the earlier value never was. Statistics of earlier days follow from the moves (lake).
    """

    xid = XidField()
    person = models.ForeignKey(Person, models.PROTECT, related_name="changes")
    kind = models.CharField(max_length=10, choices=ChangeKind)
    particular = models.CharField(max_length=12, choices=Particular)
    before = models.CharField(max_length=40, help_text="of a home its number; empty: not known")
    after = models.CharField(max_length=40)
    since = models.DateField(null=True, help_text="of a move: the first day in the new place")
    at = models.DateTimeField()
    by = models.ForeignKey(Person, models.PROTECT, null=True, related_name="+")
    why = models.CharField(max_length=200)

    objects = PersonChangeQuerySet.as_manager()

    class Meta:
        constraints = [
            evidence.Unchanging(name="person_change_evidence"),
            models.CheckConstraint(
                name="person_change_move_has_day",
                condition=Q(kind="moved", particular="home", since__isnull=False)
                | Q(kind="corrected", since__isnull=True),
            ),
            models.UniqueConstraint(
                name="person_change_move_once",
                fields=["person", "since"],
                condition=Q(kind="moved"),
            ),
        ]
        indexes = [models.Index(fields=["xid", "id"])]
