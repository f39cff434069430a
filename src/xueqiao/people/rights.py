"""Who may do what where: the one module that decides.

A policy is named by the page, endpoint or command that it guards (``web/access.py``,
``Command.policy``); a test fails for one that names none. Rows are narrowed by the querysets of
each app, which call ``within`` here.
"""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, NamedTuple

from django.apps import apps
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from xueqiao.kernel import errors
from xueqiao.people.models import Person, Role, RoleKind

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from django.db.models import Model


class NotAllowed(errors.Refusal):
    """The person holds no role in force that the policy asks for."""

    code = "rights.not_allowed"
    status = 403


class Audience(Enum):
    """Whom a policy lets in before rows are looked at."""

    EVERYONE = "everyone"
    SIGNED_IN = "signed in"
    ROLES = "roles"
    SHELL = "shell"  # whoever may run commands on the machine
    KEY = "key"  # another platform, by its key pair


@dataclass(frozen=True)
class Policy:
    """A named right. ``roles`` counts only for ``Audience.ROLES``."""

    code: str
    audience: Audience
    roles: frozenset[str] = frozenset()


REGISTRY: dict[str, Policy] = {}


def define(code: str, audience: Audience, *roles: RoleKind) -> Policy:
    """Make a policy known. Each code once."""
    assert code not in REGISTRY, code
    REGISTRY[code] = Policy(code, audience, frozenset(role.value for role in roles))
    return REGISTRY[code]


K = RoleKind
PUBLIC = define("public", Audience.EVERYONE)
OWN = define("own", Audience.SIGNED_IN)
SHELL = define("shell", Audience.SHELL)
RECORDS_KEY = define("records.key", Audience.KEY)
CONSOLE = define("console", Audience.ROLES, *RoleKind)
PEOPLE = define("people.see", Audience.ROLES, K.HELPER, K.COUNTY, K.PROVINCE)
PARTICULARS = define("people.particulars", Audience.ROLES, K.COUNTY, K.PROVINCE)
ROLES = define("people.roles", Audience.ROLES, K.COUNTY, K.PROVINCE, K.OPERATOR)
PLACES = define("network.places", Audience.ROLES, K.INSTITUTION, K.COUNTY, K.PROVINCE, K.OPERATOR)
ROSTER = define("hall.roster", Audience.ROLES, K.TEACHER, K.INSTITUTION, K.COUNTY, K.PROVINCE)
# Whoever runs classes by office; a teacher runs the own ones without it.
RUN_CLASSES = define("hall.run_classes", Audience.ROLES, K.INSTITUTION, K.COUNTY, K.PROVINCE)
ENROL_FOR_OTHERS = define("hall.enrol_for_others", Audience.ROLES, K.HELPER)
RECOGNITION_ENTER = define("creditbank.enter", Audience.ROLES, K.HELPER)
RECOGNITION_ACCEPT = define(
    "creditbank.accept", Audience.ROLES, K.HELPER, K.INSTITUTION, K.PROVINCE
)
RECOGNITION_SCREEN = define(
    "creditbank.screen", Audience.ROLES, K.INSTITUTION, K.COUNTY, K.PROVINCE
)
RECOGNITION_ASSESS = define("creditbank.assess", Audience.ROLES, K.ASSESSOR)
RECOGNITION_DECIDE = define("creditbank.decide", Audience.ROLES, K.PROVINCE)
# The receiving institution answers for its own programmes, the province for its learners.
CONVERSION_DECIDE = define("creditbank.convert", Audience.ROLES, K.INSTITUTION, K.PROVINCE)
RECOGNITION_REVIEW = define("creditbank.review", Audience.ROLES, K.PROVINCE)
RECOGNITION_REVOKE = define("creditbank.revoke", Audience.ROLES, K.PROVINCE)
RECOGNITION_EXPERTS = define("creditbank.experts", Audience.ROLES, K.PROVINCE)
RECOGNITION_QUEUE = define(
    "creditbank.queue", Audience.ROLES, K.HELPER, K.INSTITUTION, K.ASSESSOR, K.COUNTY, K.PROVINCE
)
# Who works on agreements and rules; for a side signs who holds a role of that institution.
AGREEMENTS = define("creditbank.agreements", Audience.ROLES, K.INSTITUTION, K.PROVINCE)
RULES_EDIT = define("creditbank.rules", Audience.ROLES, K.INSTITUTION, K.PROVINCE)
RULES_PUBLISH = define("creditbank.rules_publish", Audience.ROLES, K.PROVINCE)
# Who may freeze a lot in dispute and ask for its reversal; a second person of the province answers.
# Who looks after issued certificates: suspends, revokes, replaces, and endorses those of others.
CERTIFICATES = define("creditbank.certificates", Audience.ROLES, K.INSTITUTION, K.PROVINCE)
LOT_FREEZE = define("creditbank.freeze", Audience.ROLES, K.INSTITUTION, K.COUNTY, K.PROVINCE)
LOT_REVERSE = define("creditbank.reverse", Audience.ROLES, K.PROVINCE)
LOT_REFRESH = define("creditbank.refresh", Audience.ROLES, K.PROVINCE)
LEDGER_SEE = define("creditbank.ledger", Audience.ROLES, K.PROVINCE, K.OPERATOR)
# Who looks after the exchange with the superior bank and decides what differs.
EXCHANGE = define("exchange.operate", Audience.ROLES, K.PROVINCE, K.OPERATOR)
# Who sends and fetches the results of a school, and who accepts what others sent.
RESULTS = define("exchange.results", Audience.ROLES, K.INSTITUTION, K.PROVINCE)
RESULTS_ACCEPT = define("exchange.results_accept", Audience.ROLES, K.PROVINCE)
# Who drafts a framework or a standard, and who publishes what somebody else drafted.
STANDARDS_DRAFT = define("creditbank.standards_draft", Audience.ROLES, K.INSTITUTION, K.PROVINCE)
STANDARDS_PUBLISH = define("creditbank.standards_publish", Audience.ROLES, K.PROVINCE)
# Who brings course packages in and looks after their learners; the second sees every course.
CMI5_COURSES = define(
    "cmi5.courses", Audience.ROLES, K.TEACHER, K.INSTITUTION, K.PROVINCE, K.OPERATOR
)
CMI5_ALL = define("cmi5.all_courses", Audience.ROLES, K.PROVINCE, K.OPERATOR)
RECORDS_OPERATE = define("records.operate", Audience.ROLES, K.OPERATOR)
# An operator asks for an erasure; a second person, of the province too, decides about it.
RECORDS_ERASE = define("records.erase", Audience.ROLES, K.PROVINCE, K.OPERATOR)
RECORDS_ERASE_ASK = define("records.erase_ask", Audience.ROLES, K.OPERATOR)
RECORDS_PERSONAS = define("records.personas", Audience.ROLES, K.OPERATOR)
RECORDS_EXPORT = define("records.export", Audience.ROLES, K.OPERATOR)
# Who may ask for an export, of records or in the workbench, has a list of the own ones.
EXPORTS_OWN = define("exports.own", Audience.ROLES, K.PROVINCE, K.OPERATOR, K.ANALYST)
LAKE_OPERATE = define("lake.operate", Audience.ROLES, K.OPERATOR)
# The lake: who sees how it stands, who answers for its tables and contracts, who asks it
# questions, and who decides what happens to the data of one person.
LAKE_SEE = define("lake.see", Audience.ROLES, K.COUNTY, K.PROVINCE, K.OPERATOR, K.ANALYST)
LAKE_STEWARD = define("lake.steward", Audience.ROLES, K.PROVINCE)
LAKE_ANALYSE = define("lake.analyse", Audience.ROLES, K.PROVINCE, K.ANALYST)
LAKE_PRIVACY = define("lake.privacy", Audience.ROLES, K.PROVINCE, K.OPERATOR)
# Who works on agreements about data; for a side signs who holds a role of that institution.
LAKE_SHARE = define("lake.share", Audience.ROLES, K.INSTITUTION, K.PROVINCE)
# Who sees how long data is kept, places holds and asks for plans; a steward decides.
LAKE_RETAIN = define("lake.retain", Audience.ROLES, K.PROVINCE, K.OPERATOR)
# Who may look at how readings of identified rows were logged.
LAKE_AUDIT = define("lake.audit", Audience.ROLES, K.PROVINCE, K.OPERATOR)
# Service points: who sets nodes up, who serves people there, who opens accounts by roster.
SERVICE_NODES = define("service.nodes", Audience.ROLES, K.COUNTY, K.PROVINCE)
SERVICE_COUNTER = define("service.counter", Audience.ROLES, K.HELPER)
SERVICE_OPENING = define(
    "service.opening", Audience.ROLES, K.HELPER, K.INSTITUTION, K.COUNTY, K.PROVINCE
)
SERVICE_MERGE = define("service.merge", Audience.ROLES, K.COUNTY, K.PROVINCE)
SERVICE_BANKS = define("service.banks", Audience.ROLES, K.PROVINCE)
SERVICE_HONOURS = define("service.honours", Audience.ROLES, K.COUNTY, K.PROVINCE)
COCKPIT = define("monitor.cockpit", Audience.EVERYONE)


class _Known(NamedTuple):
    of: tuple[int, date]
    kinds: frozenset[str]


_REMEMBERED: ContextVar[_Known | None] = ContextVar("remembered_roles", default=None)


def roles_in_force(person: Person | None, policy: Policy, day: date) -> QuerySet[Role]:
    """The roles of a person on a day that the policy accepts; none for nobody."""
    if person is None:
        return Role.objects.none()
    return Role.objects.in_force(day).filter(person=person, kind__in=policy.roles)


def allows(person: Person | None, policy: Policy, day: date) -> bool:
    """Whether the person gets through the door. Rows behind it are narrowed by ``within``."""
    if policy.audience is Audience.EVERYONE:
        return True
    if policy.audience is Audience.SIGNED_IN:
        return person is not None
    if policy.audience is not Audience.ROLES or person is None:
        return False
    known = _REMEMBERED.get()
    if known is not None and known.of == (person.pk, day):
        return bool(policy.roles & known.kinds)
    return roles_in_force(person, policy, day).exists()


@contextmanager
def remembered(person: Person, day: date) -> Iterator[None]:
    """Within the block ``allows`` reads the person's roles once: for a page that asks many times.

    Only for reading; a verb that changes something asks the database.
    """
    rows = Role.objects.in_force(day).filter(person=person)
    kinds = frozenset(rows.values_list("kind", flat=True))
    token = _REMEMBERED.set(_Known((person.pk, day), kinds))
    try:
        yield
    finally:
        _REMEMBERED.reset(token)


def within(
    person: Person | None, policy: Policy, day: date, *, place: str, institution: str = ""
) -> Q:
    """A filter for rows of the places (and institutions) for which the person holds the right.

    Args:
        place: lookup of the row's place id, such as ``"institution__seats__place_id"``.
        institution: lookup of the row's institution id; "" where rows belong to no institution, and
            then a role narrowed to an institution reaches no row.
    """
    roles = roles_in_force(person, policy, day)
    ancestors = roles.filter(institution=None).values("place_id")
    wide = closure_on(day).filter(ancestor_id__in=ancestors)
    reach = Q(**{f"{place}__in": wide.values("descendant_id")})
    if institution:
        narrow = roles.filter(institution__isnull=False).values("institution_id")
        reach |= Q(**{f"{institution}__in": narrow})
    return reach


def check(
    person: Person | None,
    policy: Policy,
    day: date,
    *,
    place_id: int,
    institution_id: int | None = None,
) -> None:
    """Refuse unless the person holds the right for this place (or for this institution).

    Raises:
        NotAllowed: no role in force reaches it.
    """
    roles = roles_in_force(person, policy, day)
    above = closure_on(day).filter(ancestor_id=OuterRef("place_id"), descendant_id=place_id)
    reaches = Q(Exists(above), institution=None)
    if institution_id is not None:
        reaches |= Q(institution_id=institution_id)
    if not roles.filter(reaches).exists():
        raise NotAllowed(not_allowed_text())


def lies_in(place_id: int, ancestor_id: int, day: date) -> bool:
    """Whether a place is another one or lies below it, in any register's tree of the day."""
    return closure_on(day).filter(ancestor_id=ancestor_id, descendant_id=place_id).exists()


def not_allowed_text() -> str:
    return str(
        _(
            "This is for people with another role or another place. Ask your institution's manager "
            "to be given the role, or sign in with the account that holds it."
        )
    )


def closure_on(day: date) -> QuerySet[Model]:
    """The trees of all registers on a day, together: rights hold however a place is filed.

    Ground of a place that has ended counts with its successor.
    """
    return closure().filter(valid_from__lte=day).filter(Q(valid_to=None) | Q(valid_to__gt=day))


def closure() -> QuerySet[Model]:
    """The trees of all registers at any time."""
    # Named by string: only the network app imports its own models.
    return apps.get_model("network", "Closure")._default_manager.all()
