"""One step of a rule version: who may make it, from which state, and the audit row it leaves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from xueqiao.creditbank.models import RuleStep, RuleVersion, TransferAgreement
from xueqiao.creditbank.rulebook import rules, texts
from xueqiao.kernel import clock, errors
from xueqiao.people import rights

if TYPE_CHECKING:
    from datetime import date, datetime

    from django.db.models import QuerySet

    from xueqiao.people.models import Person


class WrongState(errors.Refusal):
    """The version does not stand where this step begins."""

    code = "rule.wrong_state"


class Incomplete(errors.Refusal):
    """A reason, a question, a source or the name of a signed paper is missing."""

    code = "rule.incomplete"
    status = 422


def versions_kept_by(person: Person | None, day: date) -> QuerySet[RuleVersion]:
    """Versions of the rules under the agreements that somebody keeps."""
    agreements = TransferAgreement.objects.kept_by(person, day).values("pk")
    related = (
        "rule__agreement",
        "rule__programme__level",
        "rule__programme__scope",
        "rule__programme__institution",
    )
    rows = RuleVersion.objects.filter(rule__agreement__in=agreements).select_related(*related)
    return rows.prefetch_related("rule__programme__groups")


def lock(
    version: RuleVersion, verb: str, *, by: Person, at: datetime, policy: rights.Policy
) -> RuleVersion:
    """Lock a version for a step; the fresh row.

    Raises:
        WrongState; rights.NotAllowed: of no side of the agreement, or without the policy's role.
    """
    day = clock.local_date(at)
    kept = versions_kept_by(by, day).filter(pk=version.pk).exists()
    if not kept or not rights.allows(by, policy, day):
        raise rights.NotAllowed(rights.not_allowed_text())
    rows = RuleVersion.objects.select_for_update(of=("self",), no_key=True)
    related = ("rule__agreement", "rule__programme__level", "rule__programme__institution")
    locked = rows.select_related(*related).get(pk=version.pk)
    if locked.state not in rules.VERSION_MOVES[verb]:
        words = _("Version {number} is “{state}” now. Load the page again to see what can be done.")
        text = words.format(number=locked.number, state=locked.get_state_display())
        raise WrongState(text)
    return locked


def note(version: RuleVersion, verb: str, *, by: Person, at: datetime, text: str = "") -> RuleStep:
    """Write the audit row of a step that was made."""
    return RuleStep.objects.create(
        version=version, number=version.steps.count() + 1, verb=verb, to_state=version.state,
        text_hash=texts.text_hash(version), actor=by, note=text.strip(), at=at,
    )  # fmt: skip


def move(
    version: RuleVersion, verb: str, to_state: str, *, by: Person, at: datetime, text: str = ""
) -> RuleVersion:
    """Bring a version to another state."""
    version.state = to_state
    version.save(update_fields=["state"])
    note(version, verb, by=by, at=at, text=text)
    return version


def reason_or_refuse(reason: str) -> str:
    """A reason without blanks around it.

    Raises:
        Incomplete
    """
    if not reason.strip():
        raise Incomplete(_("Say why; those who use the rule read it."), pointer="reason")
    return reason.strip()
