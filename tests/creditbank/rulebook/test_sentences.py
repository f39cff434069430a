"""What a rule says, in both languages; nothing of a body is left unsaid."""

import pytest

from tests.creditbank.rulebook.bodies import body
from xueqiao.creditbank.rulebook import rules_sentences
from xueqiao.creditbank.rulebook.rules_sentences import EN, ZH, Names

ZH_NAMES = Names(
    "社会工作（专升本）", {"ELECTIVE": "选修"}, {"U1": "护理一"}, {"formal": "学历教育"}
)
EN_NAMES = Names("social work", {"ELECTIVE": "electives"}, {"U1": "Care 1"}, {"formal": "schools"})


def both(of):
    return (
        rules_sentences.sentence(of, ZH_NAMES, "zh"),
        rules_sentences.sentence(of, EN_NAMES, "en"),
    )


def test_a_ratio():
    of = body(
        sources=[{"units": ["U1"], "source_kinds": ["formal"], "obtained_within_years": 8}],
        limits=[{"on": "programme", "numerator": 1, "denominator": 2}],
        level_gap=1,
    )
    chinese, english = both(of)
    assert chinese == (
        "凡认证单元“护理一”、来源为“学历教育”、近 8 年内取得的学习成果，"
        "计入社会工作（专升本）的“选修”，每 2 学分计 1 学分；"
        "等级可比项目低 1 级；该项目转换学分总计最多项目总学分的 1/2。"
    )
    assert english == (
        "Learning outcomes of “Care 1”, from “schools”, obtained within the last 8 years count "
        "towards “electives” of social work, 1 for every 2 credits; the level may lie 1 below the "
        "programme's; at most 1/2 of the programme's total by conversion in all."
    )


EVERYTHING = {
    "sources": [
        {
            "units": ["UNIT-A"], "unit_versions": ["V-2014"], "certificate_types": ["TYPE-X"],
            "certificate_level_from": 31, "score_from_hundredths": 6250, "issuers": ["ISSUER-1"],
            "source_kinds": ["KIND-1"], "fields": ["FIELD-1"], "level_from": 41, "level_to": 42,
            "obtained_within_years": 51, "at_least_hundredths": 6100,
        },
        {"level_from": 43, "at_least_hundredths": 6200},
        {"level_to": 44, "at_least_hundredths": 6300},
    ],
    "cardinality": {"kind": "k_of_n", "k": 2},
    "targets": [
        {"code": "PART-1", "credit_hundredths": 7100},
        {"code": "PART-2", "credit_hundredths": 7200},
    ],
    "value": {"kind": "fixed"}, "level_gap": 9, "hop_limit": 77,
    "field_map": {"FIELD-2": ["FIELD-3"]},
    "limits": [
        {"on": "rule", "hundredths": 8100}, {"on": "application", "hundredths": 8200},
        {"on": "programme", "numerator": 85, "denominator": 86},
    ],
    "residence_minimum_hundredths": 9100, "age_from": 18, "age_to": 95,
}  # fmt: skip
SAID = (
    "UNIT-A V-2014 TYPE-X 31 62.5 ISSUER-1 KIND-1 FIELD-1 41 42 51 61 43 62 44 63 PART-1 71 "
    "PART-2 72 77 FIELD-2 FIELD-3 81 82 85/86 91 18 95 PROGRAMME"
)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_all_that_a_rule_holds_is_said(language):
    text = rules_sentences.sentence(body(**EVERYTHING), Names("PROGRAMME"), language)
    assert [word for word in SAID.split() if word not in text] == []
    assert "{" not in text


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize(
    "changes",
    [
        {"cardinality": {"kind": "sum", "at_least_hundredths": 500}},
        {"cardinality": {"kind": "all"}, "sources": [{}, {}]},
        {"cardinality": {"kind": "sum"}, "sources": [{}, {"fields": ["IT"]}]},
        {"value": {"kind": "smaller", "numerator": 2, "denominator": 3}},
        {"effect": "substitution"},
        {"limits": [{"on": "source_kind", "source_kind": "KIND", "hundredths": 8300}]},
        {"age_from": 60},
        {"age_to": 60},
    ],
    ids=["sum", "all", "each", "smaller", "substitution", "kind", "from", "to"],
)
def test_every_form_has_a_sentence_of_its_own(changes, language):
    plain = rules_sentences.sentence(body(), Names("P"), language)
    text = rules_sentences.sentence(body(**changes), Names("P"), language)
    assert text != plain
    assert "{" not in text


def test_both_languages_have_the_same_phrases():
    assert set(ZH) == set(EN)
