"""What a rule says, as one Chinese and one English sentence. Plain Python.

Both come from the same walk over the rule's body, so they say the same; only the phrases differ.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from xueqiao.kernel import credit

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from xueqiao.creditbank.rules import Body, Limit, Pattern

Language = Literal["zh", "en"]


@dataclass(frozen=True)
class Names:
    """What codes are called in one language; a code that is not there is shown as it is."""

    programme: str
    targets: Mapping[str, str] = field(default_factory=dict)
    units: Mapping[str, str] = field(default_factory=dict)
    kinds: Mapping[str, str] = field(default_factory=dict)
    issuers: Mapping[str, str] = field(default_factory=dict)


ZH = {
    "comma": "，", "and": "、", "or": "、", "quote": "“{}”", "stop": "。", "clause": "；",
    "credits": " {n} 学分", "any": "任何学习成果", "outcomes": "{asked}的学习成果",
    "units": "认证单元{names}", "versions": "版本为 {names}", "types": "{names}证书",
    "certificate_level": "证书等级不低于 {n} 级", "score": "成绩不低于 {n} 分",
    "issuers": "由{names}颁发", "kinds": "来源为{names}", "fields": "专业领域为{names}",
    "levels": "资历等级 {a} 至 {b} 级", "level_from": "资历等级不低于 {a} 级",
    "level_to": "资历等级不高于 {b} 级", "within": "近 {n} 年内取得", "join": "、",
    "at_least": "{what}不少于 {n} 学分", "exactly": "{what} {n} 学分",
    "item": "（{n}）{what}", "items": "；",
    "all": "同时具备下列各项：{items}",
    "k_of_n": "具备下列 {n} 项中的 {k} 项：{items}",
    "sum": "{items}，合计不少于 {least} 学分", "sum_any": "{items}", "each": "下列任一项：{items}",
    "ratio": "每 {den} 学分计 {num} 学分", "smaller": "每 {den} 学分计 {num} 学分，以目标学分为限",
    "into": "计入{programme}的{targets}",
    "replaces": "替代{programme}的{targets}", "target": "{name}",
    "target_credit": "{name} {n} 学分", "target_most": "{name}（最多 {n} 学分）",
    "limit_rule": "每人按本规则最多转换{n}", "limit_application": "每次申请最多转换{n}",
    "limit_source_kind": "其中来源为“{kind}”的最多转换{n}",
    "limit_programme": "该项目转换学分总计最多{n}", "share": "项目总学分的 {a}/{b}",
    "residence": "至少 {n} 学分须在本项目修得", "age": "限 {a} 至 {b} 岁的学习者",
    "age_from": "限 {a} 岁及以上的学习者", "age_to": "限 {b} 岁及以下的学习者",
    "gap": "等级可比项目低 {n} 级", "no_gap": "等级不得低于项目等级",
    "hops": "可再次转换已转换的学分，连续转换不超过 {n} 次", "mapped": "领域“{a}”视同{b}",
}  # fmt: skip
EN = {
    "comma": ", ", "and": " and ", "or": " or ", "quote": "“{}”", "stop": ".", "clause": "; ",
    "credits": "{n} credits", "any": "any learning outcome",
    "outcomes": "learning outcomes {asked}",
    "units": "of {names}", "versions": "in version {names}",
    "types": "shown by a certificate {names}",
    "certificate_level": "at certificate level {n} or above",
    "score": "with a score of at least {n}", "issuers": "issued by {names}",
    "kinds": "from {names}", "fields": "in the field {names}", "levels": "at levels {a} to {b}",
    "level_from": "at level {a} or above", "level_to": "at level {b} or below",
    "within": "obtained within the last {n} years", "join": ", ",
    "at_least": "at least {n} credits of {what}", "exactly": "{n} credits of {what}",
    "item": "({n}) {what}", "items": "; ",
    "all": "all of these together: {items}",
    "k_of_n": "{k} of these {n}: {items}",
    "sum": "at least {least} credits in all of {items}", "sum_any": "{items}",
    "each": "any of these: {items}",
    "ratio": "{num} for every {den} credits", "smaller":
    "{num} for every {den} credits, cut to what the target is worth",
    "into": "towards {targets} of {programme}",
    "replaces": "in place of {targets} of {programme}", "target": "{name}",
    "target_credit": "{n} credits of {name}", "target_most": "{name} (at most {n} credits)",
    "limit_rule": "at most {n} by this rule for each learner",
    "limit_application": "at most {n} in one application",
    "limit_source_kind": "at most {n} of it from “{kind}”",
    "limit_programme": "at most {n} by conversion in all",
    "share": "{a}/{b} of the programme's total",
    "residence": "at least {n} credits have to be earned in the programme itself",
    "age": "for learners of {a} to {b} years", "age_from": "for learners of {a} years or more",
    "age_to": "for learners of {b} years or less",
    "gap": "the level may lie {n} below the programme's",
    "no_gap": "the level is not below the programme's",
    "hops": "converted credit may be converted again, {n} times in a chain at most",
    "mapped": "the field “{a}” counts as {b}",
}  # fmt: skip
PHRASES: Mapping[Language, Mapping[str, str]] = {"zh": ZH, "en": EN}


def sentence(body: Body, names: Names, language: Language) -> str:
    """One sentence that says all of a rule: what counts, for how much of what, within what."""
    say = PHRASES[language]
    left = _left(body, names, say)
    where = say["replaces" if body.effect == "substitution" else "into"]
    right = where.format(programme=names.programme, targets=_targets(body, names, say))
    head = _counts(language, left, right)
    if not body.is_fixed:
        how = say[body.value.kind]
        ratio = how.format(num=body.value.numerator, den=body.value.denominator)
        head = f"{head}{say['comma']}{ratio}"
    clauses = [head, *_conditions(body, names, say)]
    text = say["clause"].join(clauses) + say["stop"]
    return text[:1].upper() + text[1:]


def _counts(language: Language, left: str, right: str) -> str:
    return f"凡{left}，{right}" if language == "zh" else f"{left} count {right}"


def _left(body: Body, names: Names, say: Mapping[str, str]) -> str:
    how = body.cardinality
    with_amounts = how.kind != "sum"
    phrases = [_pattern(each, names, say, body.is_fixed and with_amounts) for each in body.sources]
    if len(phrases) == 1:
        items = phrases[0]
    else:
        numbered = (say["item"].format(n=n, what=what) for n, what in enumerate(phrases, 1))
        items = say["items"].join(numbered)
    if how.kind == "sum":
        listed = items if len(phrases) == 1 else say["each"].format(items=items)
        key = "sum" if how.at_least_hundredths > 1 else "sum_any"
        return say[key].format(items=listed, least=credit.show(how.at_least_hundredths))
    if len(phrases) == 1:
        return items
    return say[how.kind].format(items=items, n=len(phrases), k=how.k)


def _pattern(asked: Pattern, names: Names, say: Mapping[str, str], exactly: bool) -> str:
    found = [*_what(asked, names, say), *_qualities(asked, say)]
    what = say["outcomes"].format(asked=say["join"].join(found)) if found else say["any"]
    if asked.at_least_hundredths == 1:
        return what
    key = "exactly" if exactly else "at_least"
    return say[key].format(what=what, n=credit.show(asked.at_least_hundredths))


def _what(asked: Pattern, names: Names, say: Mapping[str, str]) -> list[str]:
    lists = (
        ("units", [names.units.get(code, code) for code in asked.units]),
        ("versions", list(asked.unit_versions)),
        ("types", list(asked.certificate_types)),
        ("issuers", [names.issuers.get(code, code) for code in asked.issuers]),
        ("kinds", [names.kinds.get(code, code) for code in asked.source_kinds]),
        ("fields", list(asked.fields)),
    )
    return [
        say[key].format(
            names=_listed(values, say, quoted=key in {"units", "types", "fields", "kinds"})
        )
        for key, values in lists
        if values
    ]


def _qualities(asked: Pattern, say: Mapping[str, str]) -> list[str]:
    found = []
    if asked.certificate_level_from is not None:
        found.append(say["certificate_level"].format(n=asked.certificate_level_from))
    if asked.score_from_hundredths is not None:
        found.append(say["score"].format(n=credit.show(asked.score_from_hundredths)))
    low, high = asked.level_from, asked.level_to
    if low is not None or high is not None:
        key = "level_to" if low is None else "level_from" if high is None else "levels"
        found.append(say[key].format(a=low, b=high))
    if asked.obtained_within_years is not None:
        found.append(say["within"].format(n=asked.obtained_within_years))
    return found


def _targets(body: Body, names: Names, say: Mapping[str, str]) -> str:
    phrases = []
    for each in body.targets:
        name = say["quote"].format(names.targets.get(each.code, each.code))
        amount = credit.show(each.credit_hundredths or 0)
        key = "target" if each.credit_hundredths is None else "target_most"
        key = "target_credit" if body.is_fixed else key
        phrases.append(say[key].format(name=name, n=amount))
    return say["and"].join(phrases)


def _conditions(body: Body, names: Names, say: Mapping[str, str]) -> list[str]:
    found = [say["gap"].format(n=body.level_gap) if body.level_gap else say["no_gap"]]
    for name, mapped in sorted(body.field_map.items()):
        found.append(say["mapped"].format(a=name, b=_listed(mapped, say, quoted=True)))
    if body.hop_limit > 1:
        found.append(say["hops"].format(n=body.hop_limit))
    found += [_limit(each, names, say) for each in body.limits]
    if body.residence_minimum_hundredths:
        least = credit.show(body.residence_minimum_hundredths)
        found.append(say["residence"].format(n=least))
    low, high = body.age_from, body.age_to
    if low is not None or high is not None:
        key = "age_to" if low is None else "age_from" if high is None else "age"
        found.append(say[key].format(a=low, b=high))
    return found


def _limit(limit: Limit, names: Names, say: Mapping[str, str]) -> str:
    if limit.hundredths is not None:
        amount = say["credits"].format(n=credit.show(limit.hundredths))
    else:
        amount = say["share"].format(a=limit.numerator, b=limit.denominator)
    kind = names.kinds.get(limit.source_kind, limit.source_kind)
    return say[f"limit_{limit.on}"].format(n=amount, kind=kind)


def _listed(values: Iterable[str], say: Mapping[str, str], *, quoted: bool) -> str:
    return say["or"].join(say["quote"].format(value) if quoted else value for value in values)
