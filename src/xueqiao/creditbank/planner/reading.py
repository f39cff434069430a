"""Reading a learner's case: lots, rights, room under caps, rules in force.

A fixed number of queries, however many lots and rules there are.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from xueqiao.creditbank import caps, lotfacts, matching, rules
from xueqiao.creditbank.models import (
    Account,
    AccountKind,
    Conversion,
    ConversionResult,
    CreditGroup,
    CreditLot,
    Qualification,
)
from xueqiao.creditbank.planner.problem import Lot, Part, Problem, Rule

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date

    from xueqiao.people.models import Person


@dataclass(frozen=True)
class Case:
    """The problem with what its numbers stand for.

    Attributes:
        lots: every lot of the learner by id, also those that cannot count.
        free: what of each lot's right in the scope is free, in 1/100 credit.
        reserved: what each part is promised by conversions that wait for an answer.
        misfits: why each lot does not fit each rule that might have taken it; "" where it fits.
    """

    person: Person
    qualification: Qualification
    requirements: rules.Requirements
    problem: Problem
    lots: Mapping[int, CreditLot]
    free: Mapping[int, int]
    rules: Mapping[int, matching.Applicable]
    parts: Mapping[str, CreditGroup]
    reserved: Mapping[str, int]
    misfits: Mapping[int, Mapping[int, str]]


def read(person: Person, qualification: Qualification, day: date, *, convert: bool = True) -> Case:
    """The case of a learner on a day. 6 queries.

    Args:
        convert: False leaves the rules out: only what counts as it stands.
    """
    programme = qualification.programme
    asked = rules.read_requirements(qualification.requirements)
    parts = {part.code: part for part in programme.groups.all()}
    above = lotfacts.above(parts.values())
    lots = _lots(person)
    free = _free(person, lots.values(), programme.scope.code)
    in_force = _rules(qualification, parts, day) if convert else {}
    misfits = _misfits(lots.values(), in_force.values(), day)
    room = caps.free_of_caps(person.pk)
    reserved = _reserved(person, qualification, above)
    wanted = _parts(parts, above, asked, reserved, room, qualification, person)
    problem = Problem(
        lots=_as_problem(lots.values(), free, asked, qualification, day),
        rules=_ruled(in_force.values(), lots, free, misfits, person, room, day),
        parts=wanted,
        total=max(
            asked.total_hundredths - reserved.get("", 0),
            sum(part.least for part in wanted.values()),
        ),
        convertible=_convertible(qualification, person, room),
        converted_most=max(
            asked.total_hundredths - asked.residence_least_hundredths - reserved.get("", 0), 0
        ),
        kind_limits={limit.source_kind: limit.hundredths for limit in asked.kind_limits},
        floor_level=asked.level_floor.level if asked.level_floor else 0,
        below_floor_most=asked.total_hundredths - asked.level_floor.least_hundredths
        if asked.level_floor
        else 0,
        programme_level=programme.level.number,
    )
    return Case(
        person, qualification, asked, problem, lots, free, in_force, parts, reserved, misfits
    )


def _lots(person: Person) -> dict[int, CreditLot]:
    rows = CreditLot.objects.filter(person=person).select_related(
        "credit_group", *matching.LOT_RELATED
    )
    return {lot.pk: lot for lot in rows.prefetch_related(lotfacts.PARENTS).order_by("pk")}


def _free(person: Person, lots: Iterable[CreditLot], scope: str) -> dict[int, int]:
    rows = Account.objects.filter(person=person, kind=AccountKind.CAPACITY)
    opened = {row.code: row.credits - row.debits - row.debits_pending for row in rows}
    return {
        lot.pk: opened.get(caps.capacity_code(lot.pk, scope), lot.amount_hundredths) for lot in lots
    }


def _rules(
    qualification: Qualification, parts: Mapping[str, CreditGroup], day: date
) -> dict[int, matching.Applicable]:
    # All lead into one programme, whose parts are there already.
    rows = matching.versions_in_force(day).filter(rule__programme=qualification.programme_id)
    return {
        version.pk: matching.Applicable(version, rules.read(version.body), dict(parts))
        for version in rows.prefetch_related(None)
    }


def _misfits(
    lots: Iterable[CreditLot], in_force: Iterable[matching.Applicable], day: date
) -> dict[int, dict[int, str]]:
    """By lot and rule, for the rules that name the lot's unit or no unit at all."""
    by_unit: dict[str, dict[int, matching.Applicable]] = defaultdict(dict)
    for rule in in_force:
        for pattern in rule.body.sources:
            for unit in pattern.units or ("*",):
                by_unit[unit][rule.version.pk] = rule
    destinations = {rule.version.pk: rule.destination for rule in in_force}
    found = {}
    for lot in lots:
        facts = matching.facts(lot)
        candidates = by_unit["*"] | by_unit.get(facts.unit_code, {})
        found[lot.pk] = {
            pk: rules.misfit(facts, rule.body, destinations[pk], day)
            for pk, rule in candidates.items()
        }
    return found


def _as_problem(
    lots: Iterable[CreditLot], free: Mapping[int, int], asked: rules.Requirements,
    qualification: Qualification, day: date,
) -> tuple[Lot, ...]:  # fmt: skip
    usable = [lot for lot in lots if is_usable(lot, day) and free[lot.pk] > 0]
    oldest_first = sorted(usable, key=lambda lot: (lot.obtained, lot.pk))
    return tuple(
        Lot(
            lot_id=lot.pk, free_hundredths=free[lot.pk], level=lot.level.number, rank=rank,
            kinds=lotfacts.kinds(lot), parts=stands_in(lot, asked, qualification),
            is_converted=lot.conversion_id is not None,
        )
        for rank, lot in enumerate(oldest_first)
    )  # fmt: skip


def is_usable(lot: CreditLot, day: date) -> bool:
    """Whether a lot can be used at all on a day."""
    return lot.state == CreditLot.State.ACTIVE and (lot.valid_to is None or day < lot.valid_to)


def stands_in(
    lot: CreditLot, asked: rules.Requirements, qualification: Qualification
) -> tuple[str, ...]:
    """The parts in which a lot counts as it stands: it was converted into one, or is of a unit."""
    group = lot.credit_group
    if group is not None:
        return (group.code,) if group.programme_id == qualification.programme_id else ()
    unit = lot.unit.code if lot.unit else ""
    return tuple(part.code for part in asked.groups if unit in part.units)


def _ruled(  # noqa: PLR0917 - all that makes up the rules
    in_force: Iterable[matching.Applicable], lots: Mapping[int, CreditLot],
    free: Mapping[int, int], misfits: Mapping[int, Mapping[int, str]], person: Person,
    room: Mapping[str, int], day: date,
) -> tuple[Rule, ...]:  # fmt: skip
    fitting: dict[int, dict[int, tuple[int, ...]]] = defaultdict(dict)
    open_rules = [
        each for each in in_force if not rules.age_misfit(each.body, person.birth_year, day)
    ]
    by_id = {each.version.pk: each for each in open_rules}
    for lot_id, whys in misfits.items():
        facts = matching.facts(lots[lot_id])
        for pk, why in whys.items():
            if not why and free[lot_id] > 0 and pk in by_id:
                fitting[pk][lot_id] = rules.patterns_met(facts, by_id[pk].body, day)
    preferred = sorted(
        open_rules,
        key=lambda each: (-each.body.priority, -each.body.specificity, each.version.rule.code),
    )
    worth = preferred[0].worth if preferred else {}
    return tuple(
        _rule(each, rank, fitting[each.version.pk], worth, person, room)
        for rank, each in enumerate(preferred, start=1)
        if each.version.pk in fitting
    )


def _rule(  # noqa: PLR0917 - all that makes up the rule
    rule: matching.Applicable, rank: int, fits: Mapping[int, tuple[int, ...]],
    worth: Mapping[str, int], person: Person, room: Mapping[str, int],
) -> Rule:  # fmt: skip
    version, total = rule.version, rule.version.rule.programme.total_hundredths
    name = f"caplim:rule:{version.rule.code}:v{version.number}"
    own, kinds, application = None, {}, None
    for limit in rule.body.limits:
        allows = limit.allows(total)
        if limit.on == "rule":
            own = room.get(f"{name}:{person.pk}", allows)
        elif limit.on == "source_kind":
            code = f"{name}:kind:{limit.source_kind}:{person.pk}"
            kinds[limit.source_kind] = room.get(code, allows)
        elif limit.on == "application":
            application = allows
    return Rule(
        rule_id=version.pk, rank=rank, body=rule.body, fits=fits, worth=worth, room=own,
        kind_rooms=kinds, application_room=application,
        programme_room=_programme_room(rule, person, room),
    )  # fmt: skip


def _programme_room(
    rule: matching.Applicable, person: Person, room: Mapping[str, int]
) -> int | None:
    rooms = [limit for _kind, limit in caps.programme_rooms(rule)]
    if not rooms:
        return None
    programme = rule.version.rule.programme
    share = caps.programme_share(programme)
    used = share - room.get(f"caplim:programme:{programme.code}:{person.pk}", share)
    return max(min(rooms) - used, 0)


def _parts(  # noqa: PLR0917 - all that makes up the parts
    parts: Mapping[str, CreditGroup], above: Mapping[str, tuple[str, ...]],
    asked: rules.Requirements, reserved: Mapping[str, int], room: Mapping[str, int],
    qualification: Qualification, person: Person,
) -> dict[str, Part]:  # fmt: skip
    least = {group.code: group.least_hundredths for group in asked.groups}
    prefix = f"caplim:group:{qualification.programme.code}"
    return {
        code: Part(
            worth=max(part.credit_hundredths - reserved.get(code, 0), 0),
            convertible=room.get(f"{prefix}:{code}:{person.pk}", part.credit_hundredths),
            least=max(least.get(code, 0) - reserved.get(code, 0), 0),
            above=above[code],
        )
        for code, part in parts.items()
    }


def _convertible(qualification: Qualification, person: Person, room: Mapping[str, int]) -> int:
    programme = qualification.programme
    share = caps.programme_share(programme)
    rooms = [room.get(f"caplim:programme:{programme.code}:{person.pk}", share)]
    if programme.residence_least_hundredths:
        whole = max(programme.total_hundredths - programme.residence_least_hundredths, 0)
        rooms.append(room.get(f"caplim:residence:{programme.code}:{person.pk}", whole))
    return max(min(rooms), 0)


def _reserved(
    person: Person, qualification: Qualification, above: Mapping[str, tuple[str, ...]]
) -> dict[str, int]:
    """What waits for an answer, by part and all parts above; "" is the sum."""
    waiting = Conversion.objects.own(person).pending()
    rows = ConversionResult.objects.filter(
        conversion__in=waiting, target__programme=qualification.programme_id
    )
    found: dict[str, int] = defaultdict(int)
    for code, amount in rows.values_list("target__code", "granted_hundredths"):
        for name in (code, *above[code], ""):
            found[name] += amount
    return dict(found)
