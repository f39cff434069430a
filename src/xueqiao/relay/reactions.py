"""Reactions: when statements of one learner have come together, a statement says so.

A rule names two or more kinds of statements; when the last of them arrives, one statement of the
same actor is written, under an id that is made of what it rests on: however often it is worked
out, it is written once. Statements that reactions wrote set off no reaction.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import msgspec
from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils.text import slugify
from django.utils.translation import gettext as _

from xueqiao.kernel import cursor, errors, ids
from xueqiao.records import following, sources, statements
from xueqiao.records.checking import Incoming
from xueqiao.records.xapi import agents, validate, values
from xueqiao.relay import rules
from xueqiao.relay.models import Reaction

if TYPE_CHECKING:
    from collections.abc import Iterator

    from xueqiao.people.models import Person

PREFIX = "reaction-"
A_READ = 1000
SECONDS = 30.0
MOST_CONDITIONS = 10
_ONCE, _EACH = "once", "each"


class RuleUnfit(errors.Refusal):
    """A rule cannot be carried out; ``pointer`` says where."""

    code = "relay.rule_unfit"
    status = 422


class NameTaken(errors.Refusal):
    """Another reaction has this name."""

    code = "relay.reaction_name_taken"


@dataclass(frozen=True)
class Rule:
    """A rule as it is kept in ``Reaction.rule``.

    Attributes:
        conditions: for each name a filter as in ``rules.passes`` with at least one verb, and
            perhaps ``success``, ``completion`` (true or false) and ``least_scaled`` (per cent).
        within_days: how long before the last statement the others may have been stored.
        same: what the statements share besides the actor: ``activity``, ``registration``.
        repeat: ``once`` for a learner (and for each activity and registration that is shared), or
            ``each`` time the last statement arrives.
        verb, activity: of the statement that is written; no activity: that of the last statement.
    """

    conditions: dict[str, dict[str, Any]]
    within_days: int
    repeat: str
    same: list[str]
    verb: dict[str, Any]
    activity: dict[str, Any] | None


def create(*, name: str, rule: dict[str, Any], at: datetime, by: Person | None) -> Reaction:
    """A new rule; it looks at what comes from now on.

    Raises:
        RuleUnfit: the rule cannot be carried out.
        NameTaken: another one has the name.
    """
    read(rule)
    code = slugify(name.strip(), allow_unicode=True)[:50]
    if not code:
        raise RuleUnfit(_("A name with letters or digits is needed."), pointer="name")
    xid, row = following.newest()
    try:
        with transaction.atomic():
            return Reaction.objects.create(
                code=code, name=name.strip()[:120], rule=rule, xid=xid, row=row,
                created_at=at, created_by=by,
            )  # fmt: skip
    except IntegrityError as why:
        text = _("Another reaction is called “{name}”. Choose another name.")
        raise NameTaken(text.format(name=name), pointer="name") from why


@transaction.atomic
def change(*, reaction: Reaction, rule: dict[str, Any]) -> Reaction:
    """The next version of a rule; what the earlier one wrote stays.

    Raises:
        RuleUnfit: the rule cannot be carried out.
    """
    read(rule)
    found = Reaction.objects.select_for_update().get(pk=reaction.pk)
    found.rule, found.version = rule, found.version + 1
    found.save(update_fields=["rule", "version"])
    return found


def pause(*, reaction: Reaction, at: datetime) -> None:
    """Work nothing out until it goes on; then it goes on where it stopped."""
    Reaction.objects.filter(pk=reaction.pk, paused_at=None).update(paused_at=at)


def go_on(*, reaction: Reaction) -> None:
    Reaction.objects.filter(pk=reaction.pk).update(paused_at=None)


def read(given: Any) -> Rule:
    """A rule from JSON.

    Raises:
        RuleUnfit: with the place that cannot be carried out.
    """
    try:
        rule = msgspec.convert(given, Rule)
    except msgspec.ValidationError as why:
        text = _("The rule cannot be read: {why}.")
        raise RuleUnfit(text.format(why=why), pointer="rule") from why
    if not 1 < len(rule.conditions) <= MOST_CONDITIONS:
        text = _("A reaction needs 2 to {most} conditions.")
        raise RuleUnfit(text.format(most=MOST_CONDITIONS), pointer="conditions")
    if not _SHARED.keys() >= set(rule.same):
        raise RuleUnfit(_("What is shared is activity or registration."), pointer="same")
    if rule.repeat not in {_ONCE, _EACH}:
        raise RuleUnfit(_("“repeat” is once or each."), pointer="repeat")
    if not 1 <= rule.within_days <= 3660:  # noqa: PLR2004 - ten years
        raise RuleUnfit(_("The time between is 1 to 3660 days."), pointer="within_days")
    for name, condition in rule.conditions.items():
        _check_condition(condition, f"conditions/{name}")
    _check_written(rule)
    return rule


def _activity_of(statement: dict[str, Any]) -> str | None:
    found: str | None = statement["object"].get("id")
    return found


def _registration_of(statement: dict[str, Any]) -> str | None:
    found: str | None = statement.get("context", {}).get("registration")
    return found


_SHARED = {"activity": _activity_of, "registration": _registration_of}
_LISTS = frozenset(rules.FILTERS)
_FLAGS = frozenset({"success", "completion"})


def _check_condition(condition: dict[str, Any], at: str) -> None:
    for name, value in condition.items():
        is_list = isinstance(value, list) and all(isinstance(each, str) for each in value)
        is_percent = name == "least_scaled" and type(value) is int and -100 <= value <= 100  # noqa: PLR2004 - per cent
        fits = is_list if name in _LISTS else type(value) is bool if name in _FLAGS else is_percent
        if not fits:
            text = _("“{name}” is no condition, or its value does not fit.")
            raise RuleUnfit(text.format(name=name), pointer=f"{at}/{name}")
    if not condition.get("verbs"):
        raise RuleUnfit(_("Every condition names at least one verb."), pointer=f"{at}/verbs")


def _check_written(rule: Rule) -> None:
    actor = {"mbox": "mailto:a@example.org"}
    thing = rule.activity or {"id": "https://example.org/activity"}
    try:
        validate.check({"actor": actor, "verb": rule.verb, "object": thing})
    except values.Invalid as why:
        raise RuleUnfit(str(why), pointer=why.pointer) from why


def holds(condition: dict[str, Any], told: following.Told) -> bool:
    """Whether a statement meets a condition."""
    result = told.statement.get("result", {})
    if any(name in condition and result.get(name) is not condition[name] for name in _FLAGS):
        return False
    least = condition.get("least_scaled")
    if least is not None and result.get("score", {}).get("scaled", -2) * 100 < least:
        return False
    return rules.passes(condition, told.statement, told.source)


def run(*, now: datetime, seconds: float = SECONDS) -> int:
    """Work out every rule on what has come. Returns how many statements were written."""
    ends, written = time.monotonic() + seconds, 0
    for reaction in Reaction.objects.filter(paused_at=None).order_by("pk"):
        while time.monotonic() < ends:
            done, wrote = _step(reaction, now)
            written += wrote
            if not done:
                break
    return written


def _step(reaction: Reaction, now: datetime) -> tuple[int, int]:
    """Read the next statements of one rule; how many were read, and written."""
    place = Reaction.objects.get(pk=reaction.pk)
    told = following.after(cursor.Position(place.xid, place.row), limit=A_READ)
    if not told:
        return 0, 0
    rule = read(place.rule)
    found = {UUID(each["id"]): each for each in _written(place, rule, told)}
    held = {each.uuid for each in following.some(found)}
    fresh = [each for key, each in found.items() if key not in held]
    end = told[-1].position
    with transaction.atomic():
        moved = Reaction.objects.filter(pk=place.pk, xid=place.xid, row=place.row).update(
            xid=end.xid, row=end.row
        )
        if not moved:
            return 0, 0
        if fresh:
            _store(place, fresh, end, now)
    return len(told), len(fresh)


def _store(
    reaction: Reaction, fresh: list[dict[str, Any]], end: cursor.Position, now: datetime
) -> None:
    source = sources.open_source(code=f"{PREFIX}{reaction.code}", name=reaction.name, at=now)
    outcome = statements.store_batch(
        source=source,
        items=[Incoming(msgspec.json.encode(each).decode(), each) for each in fresh],
        received_at=now,
        batch_key=f"{reaction.version}:{end.xid}:{end.row}",
    )
    Reaction.objects.filter(pk=reaction.pk).update(
        written=F("written") + outcome.accepted, failed=F("failed") + outcome.quarantined
    )


def _written(
    reaction: Reaction, rule: Rule, told: list[following.Told]
) -> Iterator[dict[str, Any]]:
    for each in told:
        if each.source.startswith(PREFIX):
            continue
        names = [name for name, want in rule.conditions.items() if holds(want, each)]
        actor = agents.identifier(each.statement["actor"]) if names else ""
        if actor and (rest := _rest(rule, each, actor, names)) is not None:
            yield _statement(reaction, rule, each, actor, rest)


def _rest(
    rule: Rule, last: following.Told, actor: str, met: list[str]
) -> list[following.Told] | None:
    """One statement for each condition that the last one does not meet; None if one has none.

    The last one meets one condition; where it meets several, each other still needs its own.
    """
    found, used = [], {last.uuid}
    for name, condition in rule.conditions.items():
        if name == met[0]:
            continue
        match = next(_matches(rule, condition, actor, last, used), None)
        if match is None:
            return None
        used.add(match.uuid)
        found.append(match)
    return found


def _matches(
    rule: Rule, condition: dict[str, Any], actor: str, last: following.Told, used: set[UUID]
) -> Iterator[following.Told]:
    since, shared = last.stored_at - timedelta(days=rule.within_days), _share(rule, last)
    for verb in condition["verbs"]:
        for told in following.of_agent(actor, verb, since=since):
            is_before = told.position < last.position and told.uuid not in used
            is_plain = not told.source.startswith(PREFIX) and _share(rule, told) == shared
            is_own = agents.identifier(told.statement["actor"]) == actor
            if is_before and is_plain and is_own and holds(condition, told):
                yield told


def _share(rule: Rule, told: following.Told) -> list[str]:
    return [_SHARED[name](told.statement) or "" for name in sorted(set(rule.same))]


def _statement(
    reaction: Reaction, rule: Rule, last: following.Told, actor: str, rest: list[following.Told]
) -> dict[str, Any]:
    basis = [str(each.uuid) for each in (last, *rest)]
    if rule.repeat == _ONCE:
        basis = [actor, *_share(rule, last)]
    thing = rule.activity or last.statement["object"]
    context: dict[str, Any] = {"statement": {"objectType": "StatementRef", "id": str(last.uuid)}}
    if registration := last.statement.get("context", {}).get("registration"):
        context["registration"] = registration
    return {
        "id": str(ids.stable_uuid(PREFIX, reaction.code, str(reaction.version), *basis)),
        "actor": last.statement["actor"],
        "verb": rule.verb,
        "object": thing,
        "context": context,
        "timestamp": last.statement["timestamp"],
    }


def preview(*, rule: dict[str, Any], most: int = 2000) -> list[dict[str, Any]]:
    """What a rule would have written on the newest statements that are held; writes nothing.

    Raises:
        RuleUnfit: the rule cannot be carried out.
    """
    found = _written(Reaction(code="preview"), read(rule), following.latest(most))
    return list({each["id"]: each for each in found}.values())
