"""What a version of a conversion rule says: left side, right side, value, limits.

The body is stored as JSON and read into these structures; ``write(read(x))`` is its one normal
form, in which whatever equals its default is left out. Left side: patterns over lots and how many
of them have to be met. Right side: parts of one programme. So 1:1, n:1, 1:n and n:m are one form.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

Whole = Annotated[int, msgspec.Meta(ge=1, le=10_000_000)]
Small = Annotated[int, msgspec.Meta(ge=0, le=100)]
Text = Annotated[str, msgspec.Meta(min_length=1, max_length=160)]
# More patterns than this are several rules; the limit keeps the choice of k of n small.
MOST_PATTERNS = 12


class BodyWrong(ValueError):  # noqa: N818 - what is wrong is the body
    """The stored or submitted body is no rule. The text names the place as a JSON path."""


class Part(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """Base: equal by value, and written without what equals its default."""


class Pattern(Part, frozen=True):
    """Which lots fit. What is empty or null is not asked.

    Attributes:
        units: codes; ``unit_versions`` narrows them, such as ``["2014"]``.
        certificate_types: names of kinds of certificate, as the outcome states them.
        certificate_level_from: 1 is the lowest.
        score_from_hundredths: least score of the certificate, 6000 is 60.
        issuers: codes of the bodies whose outcomes are taken.
        obtained_within_years: counted back from the day of conversion.
        at_least_hundredths: what has to be brought of lots that fit; a fixed value uses exactly
            this.
    """

    name: str = ""
    units: tuple[Text, ...] = ()
    unit_versions: tuple[Text, ...] = ()
    certificate_types: tuple[Text, ...] = ()
    certificate_level_from: Small | None = None
    score_from_hundredths: Whole | None = None
    issuers: tuple[Text, ...] = ()
    source_kinds: tuple[Text, ...] = ()
    fields: tuple[Text, ...] = ()
    level_from: Small | None = None
    level_to: Small | None = None
    obtained_within_years: Whole | None = None
    at_least_hundredths: Whole = 1

    @property
    def specificity(self) -> int:
        """How many things it asks; a unit or a type of certificate by name weighs most."""
        asked = sum(
            bool(getattr(self, name))
            for name in self.__struct_fields__
            if name not in {"name", "at_least_hundredths"}
        )
        return asked + 10 * bool(self.units or self.certificate_types)


class Cardinality(Part, frozen=True):
    """How much of the left side has to be met: all patterns, k of them, or a sum over all."""

    kind: Literal["all", "k_of_n", "sum"]
    k: Whole | None = None
    at_least_hundredths: Whole = 1


class Target(Part, frozen=True):
    """A part of the programme, by its code, and what the rule gives there in 1/100 credit.

    Null: as much as the part is worth. More than it is worth is never granted.
    """

    code: Text
    credit_hundredths: Whole | None = None


class Value(Part, frozen=True):
    """What is granted.

    ``fixed``: each target its credits, for exactly what the left side asks. ``ratio``: numerator
    target credits for denominator source credits, rounded down, lot by lot. ``smaller``: the
    same, cut to what the targets are worth; the rest stays in its lot.
    """

    kind: Literal["fixed", "ratio", "smaller"]
    numerator: Whole = 1
    denominator: Whole = 1


class Limit(Part, frozen=True):
    """A cap: in 1/100 credit, or as a share of the programme's total.

    ``on``: ``rule`` over all uses of this version by one learner; ``application`` in one request;
    ``source_kind`` over the rule's uses of lots of one kind; ``programme`` over everything that the
    learner has had converted into the programme, by whatever rule.
    """

    on: Literal["rule", "application", "source_kind", "programme"]
    source_kind: str = ""
    hundredths: Whole | None = None
    numerator: Whole | None = None
    denominator: Whole | None = None

    def allows(self, total_hundredths: int) -> int:
        """The limit in 1/100 credit, of a programme of this total."""
        if self.hundredths is not None:
            return self.hundredths
        assert self.numerator is not None
        assert self.denominator is not None
        return total_hundredths * self.numerator // self.denominator


class Body(Part, frozen=True):
    """The whole rule.

    Attributes:
        level_gap: levels that a lot may lie below the programme.
        hop_limit: conversions in a chain, at most.
        field_map: field of a lot -> fields of targets in which it counts too.
        residence_minimum_hundredths: what of the programme must not come from conversion.
        age_from, age_to: completed years of the learner by year of birth, both included.
        effect: ``substitution`` stands in for courses of the programme 学分替代, ``credit`` adds to
            it; the two leave vouchers of their own kinds.
        priority: of two rules that fit alike the higher goes first.
    """

    sources: tuple[Pattern, ...]
    cardinality: Cardinality
    targets: tuple[Target, ...]
    value: Value
    level_gap: Small = 0
    hop_limit: Small = 1
    field_map: dict[str, tuple[Text, ...]] = {}
    limits: tuple[Limit, ...] = ()
    residence_minimum_hundredths: Whole | None = None
    age_from: Small | None = None
    age_to: Small | None = None
    effect: Literal["credit", "substitution"] = "credit"
    priority: Small = 0

    @property
    def specificity(self) -> int:
        """Of the least specific pattern: what lets most lots in says how general the rule is."""
        return min(pattern.specificity for pattern in self.sources)

    @property
    def is_fixed(self) -> bool:
        return self.value.kind == "fixed"


def read(data: Any) -> Body:
    """A body from its JSON.

    Raises:
        BodyWrong: with the JSON path of the first thing that is wrong.
    """
    try:
        body = msgspec.convert(data, Body)
    except msgspec.ValidationError as why:
        raise BodyWrong(str(why)) from why
    for path, wrong in _contradictions(body):
        if wrong:
            raise BodyWrong(f"{wrong} - at `{path}`")
    return body


def write(body: Part) -> dict[str, Any]:
    """The normal form, also of requirements: plain JSON, without what equals its default."""
    found: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(body))
    return found


def _contradictions(body: Body) -> list[tuple[str, str]]:
    """Paths and texts of what each part alone cannot see; "" where all is well."""
    how, count = body.cardinality, len(body.sources)
    codes = [target.code for target in body.targets]
    found = [
        ("$.sources", "" if 1 <= count <= MOST_PATTERNS else "Expected 1 to 12 patterns"),
        ("$.targets", "" if codes else "Expected at least one target"),
        ("$.targets", "A target is named twice" if len(set(codes)) < len(codes) else ""),
        (
            "$.cardinality.k",
            "Expected 1 to the number of patterns"
            if how.kind == "k_of_n" and not 1 <= (how.k or 0) <= count
            else "",
        ),
        (
            "$.age_to",
            "Expected at least age_from"
            if None not in {body.age_from, body.age_to} and body.age_to < body.age_from  # type: ignore[operator]
            else "",
        ),
    ]
    return [*found, *_of_patterns(body), *_of_targets(body), *_of_limits(body)]


def _of_patterns(body: Body) -> list[tuple[str, str]]:
    found = []
    for number, each in enumerate(body.sources):
        upside_down = None not in {each.level_from, each.level_to} and (
            (each.level_from or 0) > (each.level_to or 0)
        )
        found.append((f"$.sources[{number}].level_to", "Below level_from" if upside_down else ""))
        unstated = (
            body.is_fixed and body.cardinality.kind != "sum" and (each.at_least_hundredths == 1)
        )
        found.append(
            (
                f"$.sources[{number}].at_least_hundredths",
                "A fixed value says how much of a lot it uses" if unstated else "",
            )
        )
    if (
        body.is_fixed
        and body.cardinality.kind == "sum"
        and body.cardinality.at_least_hundredths == 1
    ):
        found.append(
            ("$.cardinality.at_least_hundredths", "A fixed value says how much credit it uses")
        )
    return found


def _of_targets(body: Body) -> list[tuple[str, str]]:
    return [
        (
            f"$.targets[{number}].credit_hundredths",
            "A fixed value says what each target gets"
            if body.is_fixed and each.credit_hundredths is None
            else "",
        )
        for number, each in enumerate(body.targets)
    ]


def _of_limits(body: Body) -> list[tuple[str, str]]:
    found = []
    for number, each in enumerate(body.limits):
        as_share = each.numerator is not None and each.denominator is not None
        half = (each.numerator is None) != (each.denominator is None)
        both = each.hundredths is not None and as_share
        wrong = half or both or (each.hundredths is None and not as_share)
        path, of_kind = f"$.limits[{number}]", each.on == "source_kind"
        found += [
            (path, "Expected hundredths, or numerator and denominator" if wrong else ""),
            (
                f"{path}.source_kind",
                "Expected for a limit on source_kind, and for no other"
                if of_kind != bool(each.source_kind)
                else "",
            ),
            (path, "A fixed value is not limited by kind" if of_kind and body.is_fixed else ""),
        ]
    return found
