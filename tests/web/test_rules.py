"""Rules on the console and for everybody: editor, checks, comparison, simulation, consultation."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from tests import world as small
from xueqiao.creditbank.models import Consultation, ConversionRule, RuleVersion, TransferAgreement
from xueqiao.kernel import clock
from xueqiao.people.models import Role

pytestmark = pytest.mark.django_db


@pytest.fixture
def world(db):
    return small.build()


@pytest.fixture
def sign_in(client):
    def signed(who):
        client.cookies["language"] = "en"
        client.post("/sign-in/demo/", {"username": f"demo-{who}"})
        return client

    return signed


def filled(page):
    """The editor's data as its page shows it."""
    editor, data = page.context["editor"], {}
    for _code, rows, _title in editor.rows:
        data |= {f"{rows.prefix}-{n}": v for n, v in rows.management_form.initial.items()}
        for form in rows:
            data |= {form.add_prefix(name): form.initial.get(name, "") for name in form.fields}
    for name, field in editor.whole.fields.items():
        first = field.choices[0][0] if hasattr(field, "choices") else None
        data[name] = editor.whole.initial.get(
            name, first if field.initial is None else field.initial
        )
    return {name: "" if value is None else value for name, value in data.items()}


def test_the_editor_shows_a_body_and_gives_it_back_as_it_was(world, sign_in):
    client = sign_in("province")
    version = RuleVersion.objects.get(pk=world.rule_version)
    answer = client.post(
        f"/console/rules/{version.pk}/edit/",
        filled(client.get(f"/console/rules/{version.pk}/edit/")),
    )
    assert answer.status_code == 302, answer.context["editor"].whole.errors
    fresh = RuleVersion.objects.get(pk=version.pk)
    assert (fresh.body, fresh.state) == (version.body, "linted"), "nothing was changed"


EVERYTHING = {
    "patterns-TOTAL_FORMS": "2", "patterns-INITIAL_FORMS": "0",
    "patterns-0-certificate_types": "Web 前端，Java", "patterns-0-certificate_level_from": "2",
    "patterns-0-score_from_hundredths": "60", "patterns-0-issuers": "works",
    "patterns-0-source_kinds": ["certificate"], "patterns-0-fields_": "信息技术",
    "patterns-0-level_from": "4", "patterns-0-level_to": "6",
    "patterns-0-obtained_within_years": "8", "patterns-0-at_least_hundredths": "2",
    "patterns-1-source_kinds": ["prior"], "patterns-1-at_least_hundredths": "1.5",
    "targets-TOTAL_FORMS": "1", "targets-INITIAL_FORMS": "0", "targets-0-code": "ELECTIVE",
    "targets-0-credit_hundredths": "3", "limits-TOTAL_FORMS": "2", "limits-INITIAL_FORMS": "0",
    "limits-0-on": "rule", "limits-0-amount": "1/4", "limits-1-on": "application",
    "limits-1-amount": "10", "cardinality": "k_of_n", "k": "1",
    "kind": "fixed", "numerator": "1", "denominator": "1", "level_gap": "1", "hop_limit": "1",
    "residence_minimum_hundredths": "18", "age_from": "18", "age_to": "60",
    "effect": "substitution", "priority": "3", "field_map": "信息技术 = 计算机, 电子",
    "reserve_days": "45", "valid_from": "2027-01-01", "valid_to": "", "source": "纪要",
}  # fmt: skip


def new_rule(client, code="R-NEW"):
    agreement = TransferAgreement.objects.get(code="SAMPLE-AGREEMENT-1")
    programme = ConversionRule.objects.get(code="R-OULAD-AS-IT").programme
    form = {
        "code": code, "agreement": agreement.pk, "programme": programme.pk, "title_zh": "新规则",
        "title_en": "A new rule",
    }  # fmt: skip
    return client.post("/console/rules/new/", form)


def test_the_editor_makes_every_part_of_a_body(world, sign_in):
    client = sign_in("province")
    answer = new_rule(client)
    assert answer.status_code == 302, answer.context["form"].errors
    answer = client.post(answer.url, EVERYTHING)
    assert answer.status_code == 302, str(answer.context["refusal"])
    made = RuleVersion.objects.get(rule__code="R-NEW")
    assert made.body == {
        "sources": [
            {
                "certificate_types": ["Web 前端", "Java"], "certificate_level_from": 2,
                "score_from_hundredths": 6000, "issuers": ["works"],
                "source_kinds": ["certificate"], "fields": ["信息技术"], "level_from": 4,
                "level_to": 6, "obtained_within_years": 8, "at_least_hundredths": 200,
            },
            {"source_kinds": ["prior"], "at_least_hundredths": 150},
        ],
        "cardinality": {"kind": "k_of_n", "k": 1},
        "targets": [{"code": "ELECTIVE", "credit_hundredths": 300}], "value": {"kind": "fixed"},
        "level_gap": 1, "field_map": {"信息技术": ["计算机", "电子"]},
        "limits": [
            {"on": "rule", "numerator": 1, "denominator": 4},
            {"on": "application", "hundredths": 1000},
        ],
        "residence_minimum_hundredths": 1800, "age_from": 18, "age_to": 60,
        "effect": "substitution", "priority": 3,
    }  # fmt: skip
    page = client.get(f"/console/rules/{made.pk}/edit/")
    assert client.post(f"/console/rules/{made.pk}/edit/", filled(page)).status_code == 302
    assert RuleVersion.objects.get(pk=made.pk).body == made.body


def test_a_row_is_added_without_losing_what_was_typed(world, sign_in):
    client = sign_in("province")
    address = new_rule(client).url
    page = client.post(address, {**EVERYTHING, "more": "patterns"})
    assert page.status_code == 200
    assert len(page.context["editor"].patterns.forms) == 3
    assert "Web 前端，Java" in page.content.decode()
    assert not RuleVersion.objects.filter(rule__code="R-NEW").exists()


@pytest.mark.parametrize(
    ("name", "value"),
    [("limits-0-amount", "viel"), ("k", "9"), ("field_map", "IT"), ("valid_to", "2026-01-01"),
     ("targets-0-credit_hundredths", "1,5"), ("patterns-0-level_to", "3")],
)  # fmt: skip
def test_what_cannot_be_is_refused_and_stays_typed(world, sign_in, name, value):
    client = sign_in("province")
    page = client.post(new_rule(client).url, {**EVERYTHING, name: value})
    assert page.status_code == 422
    assert not RuleVersion.objects.filter(rule__code="R-NEW").exists()


def test_a_version_page_tells_what_the_checks_find(world, sign_in):
    client = sign_in("province")
    answer = client.post(
        new_rule(client).url, {**EVERYTHING, "patterns-TOTAL_FORMS": "1", "level_gap": "0",
                               "patterns-0-level_to": "4"},
    )  # fmt: skip
    here = answer.url
    page = client.get(here)
    assert [(is_error, path) for is_error, _text, path in page.context["findings"]] == [
        (True, "$.sources[0]")
    ]
    answer = client.post(f"{here}check/")
    assert answer.status_code == 422
    assert str(answer.context["refusal"]) in answer.content.decode()


def test_two_versions_stand_side_by_side(world, sign_in):
    client = sign_in("province")
    page = client.get(f"/console/rules/{world.rule_version}/against/{world.published_version}/")
    changed = {label for label, line in page.context["lines"] if line.is_changed}
    assert changed == {
        "Credits given", "… for so many credits", "Days to answer an application", "Holds from",
        "Where its numbers come from",
    }  # fmt: skip
    elsewhere = RuleVersion.objects.get(rule__code="R-OULAD-BA-SOCIAL").pk
    lost = client.get(f"/console/rules/{world.rule_version}/against/{elsewhere}/")
    assert lost.status_code == 404


def test_a_simulation_is_read_and_downloaded_without_names(world, sign_in):
    client = sign_in("province")
    page = client.get(f"/console/rules/simulations/{world.simulation}/")
    assert page.context["summary"].same == 0
    file = client.get(f"/console/rules/simulations/{world.simulation}/?download=csv")
    text = b"".join(file.streaming_content).decode("utf-8-sig")
    assert text.splitlines()[0].startswith("Learning account,Conversions,Before,After")
    assert "李桂兰" not in text


def test_everybody_reads_and_who_is_signed_in_comments(world, sign_in, client):
    here = f"/bank/consultations/{world.consultation}/"
    assert client.get(here).status_code == 200
    client.cookies["language"] = "en"
    assert client.post(here, {"text": "x"}).url.startswith("/sign-in/")
    learner = sign_in("learner")
    page = learner.get(here)
    key = re.search(r'name="request_key" value="([^"]+)"', page.content.decode())[1]
    form = {"request_key": key, "capacity": "learner", "text": "同意提高比例。"}
    assert learner.post(here, {**form, "text": " "}).status_code == 422
    assert learner.post(here, form).status_code == 302
    assert "同意提高比例。" in learner.get(here).content.decode()


def test_a_refused_consultation_keeps_the_question(world, sign_in):
    client, here = sign_in("province"), f"/console/rules/{world.rule_version}/"
    # The one there is was on another text.
    Consultation.objects.filter(version=world.rule_version).update(text_hash="0" * 64)
    gone = (clock.local_date(clock.now()) - timedelta(days=1)).isoformat()
    answer = client.post(f"{here}consult/", {"question": "比例合适吗？", "closes_on": gone})
    assert answer.status_code in {409, 422}
    assert "比例合适吗？" in answer.content.decode()


def test_comments_are_answered_before_a_consultation_is_closed(world, sign_in):
    client = sign_in("province")
    opened = Consultation.objects.get(pk=world.consultation)
    here = f"/console/rules/consultations/{opened.pk}/"
    assert client.post(f"{here}close/", {"summary": "x"}).status_code == 409
    said = opened.comments.get()
    answer = client.post(f"/console/rules/comments/{said.pk}/reply/", {"text": " "})
    assert answer.status_code == 422
    form = {"verdict": "partly", "text": "已部分采纳。"}
    assert client.post(f"/console/rules/comments/{said.pk}/reply/", form).status_code == 302
    assert "已部分采纳。" in client.get(f"/bank/consultations/{opened.pk}/").content.decode()


def test_rules_in_force_are_found_and_read_in_sentences(world, client):
    page = client.get("/bank/rules/?q=社会工作")
    assert [row.rule.code for row, _said in page.context["rules"]] == ["R-OULAD-BA-SOCIAL"]
    text = client.get("/bank/rules/R-OULAD-AS-IT/").content.decode()
    assert "每 9 学分计 5 学分" in text
    assert "每 3 学分计 2 学分" not in text, "a draft is not published"
    assert client.get("/bank/rules/R-NOBODY/").status_code == 404


def test_acceptance_rates_are_shown_and_downloaded(world, client):
    assert client.get("/bank/rules/acceptance/?since=x").status_code == 200
    file = client.get("/bank/rules/acceptance/?download=csv&since=2010-01-01")
    assert file.status_code == 200


def test_somebody_of_no_side_finds_no_rule(world, sign_in):
    client = sign_in("institution")
    assert client.get("/console/rules/").context["list"].count == 0
    assert client.get(f"/console/rules/{world.rule_version}/").status_code == 404
    assert client.get(f"/console/rules/simulations/{world.simulation}/").status_code == 404
    Role.objects.filter(kind="institution").delete()
    assert client.get("/console/rules/").status_code == 403


def copies(count):
    one = RuleVersion.objects.get(rule__code="R-OULAD-AS-IT", number=1)
    rule = ConversionRule.objects.get(pk=one.rule_id)
    for number in range(count):
        rule.pk, rule.code = None, f"COPY-{number}"
        rule.save(force_insert=True)
        one.pk, one.rule = None, rule
        one.save(force_insert=True)


@pytest.mark.parametrize("count", [1, 3])
def test_lists_ask_as_often_for_three_rows_as_for_one(
    world, sign_in, django_assert_max_num_queries, count
):
    copies(count - 1)
    client = sign_in("province")
    for address, most in (
        ("/console/rules/", 12), ("/bank/rules/", 12), ("/bank/rules/acceptance/", 6),
        ("/bank/consultations/", 6),
    ):  # fmt: skip
        with django_assert_max_num_queries(most):
            assert client.get(address).status_code == 200
