"""Tables of sharing: what a learner lets somebody see, for what, until when, and who looked."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from xueqiao.creditbank.models.lots import LearningAccount
from xueqiao.kernel import clock

if TYPE_CHECKING:
    from datetime import date

    from xueqiao.people.models import Person


class Use(models.TextChoices):
    """For what a learner shows what was learnt 用途."""

    RECRUITMENT = "recruitment", _("Recruitment")
    EMPLOYMENT = "employment", _("Employment and appointment to a post")
    TITLE = "title", _("Assessment for a professional title")
    PROMOTION = "promotion", _("Promotion and pay")
    ENLISTMENT = "enlistment", _("Enlistment and military promotion")
    ADMISSION = "admission", _("Admission and exemption from courses")
    OTHER = "other", _("Another use")


class ShareQuerySet(models.QuerySet["Share"]):
    def own(self, person: Person) -> ShareQuerySet:
        """What a learner has shared, still open or not; that of a merged account too."""
        merged = LearningAccount.objects.filter(merged_into__person=person).values("person_id")
        return self.filter(Q(person=person) | Q(person_id__in=merged))


class Share(models.Model):
    """A consent of a learner 共享授权: these certificates, for this use, to this recipient.

    ``key`` is the secret of the link. A share ends by itself, or when the learner withdraws it; a
    transcript that was made for it is then revoked.
    """

    key = models.UUIDField(unique=True, help_text="random; whoever has it sees what is shared")
    request_key = models.CharField(max_length=120, unique=True)
    person = models.ForeignKey("people.Person", models.PROTECT, related_name="shares")
    use = models.CharField(max_length=12, choices=Use)
    use_text = models.CharField(max_length=120, blank=True, help_text="the use in own words")
    recipient = models.CharField(max_length=120, help_text="to whom, as the learner wrote it")
    shared_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    withdrawn_at = models.DateTimeField(null=True)

    objects = ShareQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="share_ends_after_it_began", condition=Q(expires_at__gt=F("shared_at"))
            ),
            models.CheckConstraint(
                name="share_withdrawn_after_it_began",
                condition=Q(withdrawn_at__isnull=True) | Q(withdrawn_at__gte=F("shared_at")),
            ),
            models.CheckConstraint(
                name="share_other_use_in_words", condition=~Q(use="other") | ~Q(use_text="")
            ),
        ]
        indexes = [models.Index(fields=["person", "shared_at"])]

    @property
    def last_day(self) -> date:
        """The last whole or part day on which it can be seen."""
        return clock.local_date(self.expires_at - timedelta(microseconds=1))


class ShareItem(models.Model):
    """A certificate or transcript that a share shows. ``made_for_it``: it ends with the share."""

    share = models.ForeignKey(Share, models.PROTECT, related_name="items")
    certificate = models.ForeignKey(
        "creditbank.Certificate", models.PROTECT, related_name="share_items"
    )
    made_for_it = models.BooleanField(default=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(name="share_item_once", fields=["share", "certificate"]),
        ]


class ShareAccess(models.Model):
    """Somebody opened the link of a share 访问记录. The learner reads these rows."""

    class What(models.TextChoices):
        PAGE = "page", _("Looked at the page")
        DOCUMENT = "document", _("Took the signed file")
        PDF = "pdf", _("Took the PDF")
        ENDED = "ended", _("Came after it had ended")
        WITHDRAWN = "withdrawn", _("Came after it was withdrawn")

    share = models.ForeignKey(Share, models.PROTECT, related_name="accesses")
    what = models.CharField(max_length=10, choices=What)
    visitor = models.CharField(
        max_length=16, help_text="keyed hash of address and browser: tells visitors apart, no more"
    )
    at = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["share", "at"])]
