"""Tables of profiles: what a source agreed to, and how well its statements keep to it."""

from __future__ import annotations

from django.db import models


class Profile(models.Model):
    """An xAPI profile as it was loaded. Never changed: another version is another row."""

    iri = models.CharField(max_length=400, help_text="of the profile")
    version_iri = models.CharField(max_length=400, unique=True)
    title = models.CharField(max_length=200)
    document = models.JSONField()
    loaded_at = models.DateTimeField()
    loaded_by = models.ForeignKey("people.Person", models.PROTECT, null=True, related_name="+")


class ProfileContract(models.Model):
    """A source's statements are to keep to a profile, from a moment on."""

    source = models.ForeignKey("records.Source", models.PROTECT, related_name="+")
    profile = models.ForeignKey(Profile, models.PROTECT, related_name="contracts")
    since = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    xid = models.BigIntegerField(default=0)
    row = models.BigIntegerField(default=0)
    unmatched = models.BigIntegerField(default=0, help_text="statements of no template")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                name="profile_contract_once",
                fields=["source", "profile"],
                condition=models.Q(ended_at=None),
            )
        ]


class TemplateTally(models.Model):
    """How many statements of a day belong to a template, and how many of them keep its rules."""

    contract = models.ForeignKey(ProfileContract, models.CASCADE, related_name="tallies")
    template = models.CharField(max_length=400, help_text="address of the template")
    day = models.DateField(help_text="of storing, Asia/Shanghai")
    checked = models.BigIntegerField(default=0)
    broken = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="tally_once", fields=["contract", "template", "day"])
        ]


class Breach(models.Model):
    """A statement that breaks a rule of its template; the newest of each rule are kept."""

    contract = models.ForeignKey(ProfileContract, models.CASCADE, related_name="breaches")
    template = models.CharField(max_length=400)
    rule = models.PositiveSmallIntegerField(help_text="place in the template's rules, from 0")
    location = models.CharField(max_length=400)
    why = models.TextField()
    statement = models.UUIDField()
    stored_at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["contract", "template", "rule", "id"])]
