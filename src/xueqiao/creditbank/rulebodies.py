"""Checking what a rule or a qualification says before it is stored: its form, and its programme."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from xueqiao.creditbank import lotfacts, rules
from xueqiao.creditbank.models import CreditGroup, Programme, SourceKind
from xueqiao.kernel import credit, errors

if TYPE_CHECKING:
    from collections.abc import Iterable


class RuleBodyWrong(errors.Refusal):
    """What a rule or a qualification says has no such form, or names what is not there."""

    code = "conversion.rule_body_wrong"
    status = 422


def rule(data: Any, programme: Programme) -> dict[str, Any]:
    """The normal form of a rule's body for a programme.

    Raises:
        RuleBodyWrong: ``pointer`` is the JSON path of what is wrong.
    """
    try:
        body = rules.read(data)
    except rules.BodyWrong as why:
        raise _wrong(why) from why
    parts = {part.code: part for part in CreditGroup.objects.filter(programme=programme)}
    for number, target in enumerate(body.targets):
        path = f"$.targets[{number}]"
        _refuse_unknown([target.code], parts, path)
        asked, worth = target.credit_hundredths or 0, parts[target.code].credit_hundredths
        if asked > worth:
            text = _(
                "“{part}” is worth {worth} credits; the rule gives {asked}. Give at most that."
            )
            said = text.format(part=target.code, worth=credit.show(worth), asked=credit.show(asked))
            raise RuleBodyWrong(said, pointer=path)
    kinds = [kind for pattern in body.sources for kind in pattern.source_kinds]
    kinds += [limit.source_kind for limit in body.limits if limit.source_kind]
    _refuse_unknown(kinds, SourceKind.values, "$.sources")
    return rules.write(body)


def requirements(data: Any, programme: Programme) -> dict[str, Any]:
    """The normal form of what a qualification asks for. Raises as ``rule``."""
    try:
        found = rules.read_requirements(data)
    except rules.BodyWrong as why:
        raise _wrong(why) from why
    parts = {part.code: part for part in CreditGroup.objects.filter(programme=programme)}
    named = [group.code for group in found.groups]
    _refuse_unknown(named, parts, "$.groups")
    above = lotfacts.above(parts.values())
    if any(set(above[code]) & set(named) for code in named):
        text = _("One of the parts lies in another one that is named too. Name one of the two.")
        raise RuleBodyWrong(text, pointer="$.groups")
    kinds = [limit.source_kind for limit in found.kind_limits]
    _refuse_unknown(kinds, SourceKind.values, "$.kind_limits")
    return rules.write(found)


def _wrong(why: rules.BodyWrong) -> RuleBodyWrong:
    said, _at, path = str(why).partition(" - at ")
    text = _("At {path} the form is not as it has to be: {said}. Correct it and send it again.")
    pointer = path.strip("`") or "$"
    return RuleBodyWrong(text.format(path=pointer, said=said), pointer=pointer)


def _refuse_unknown(names: Iterable[str], known: Iterable[str], path: str) -> None:
    missing = [name for name in names if name not in set(known)]
    if missing:
        text = _("{path} names {name}, which is not there. Choose one of: {known}.")
        said = text.format(path=path, name=missing[0], known=", ".join(sorted(known)))
        raise RuleBodyWrong(said, pointer=path)
