"""Every page of the console and the cockpit in Chromium: WCAG 2.2, widths, keyboard, no scripts."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.browser.conftest import Look, Site, check

pytestmark = pytest.mark.browser

LOOKS = [Look(language, width) for language in ("zh-hans", "en") for width in (360, 1440)]
WALL = [Look(language, 1920) for language in ("zh-hans", "en")]
CONSOLE = {
    "work": ("/console/", "county"),
    "work-teacher": ("/console/", "teacher"),
    "queue": ("/console/recognition/", "assessor"),
    "case": ("/console/recognition/{application}/", "assessor"),
    "case-panel": ("/console/recognition/{panel_case}/", "assessor"),
    "case-noticed": ("/console/recognition/{noticed}/", "province"),
    "case-rejected": ("/console/recognition/{rejected}/", "province"),
    "case-convene": ("/console/recognition/{panel_case}/convene/", "county"),
    "case-evidence": ("/console/recognition/{panel_case}/evidence/{panel_file}/view/", "assessor"),
    "experts": ("/console/experts/", "province"),
    "case-county": ("/console/recognition/{application}/", "county"),
    "conversions": ("/console/conversions/", "province"),
    "awards": ("/console/awards/", "province"),
    "lots": ("/console/lots/", "county"),
    "lot": ("/console/lots/{lot}/", "province"),
    "disputes": ("/console/lots/disputes/", "county"),
    "reversals": ("/console/lots/reversals/", "province"),
    "ledger": ("/console/ledger/", "operator"),
    "ledger-vouchers": ("/console/ledger/vouchers/", "operator"),
    "ledger-recounts": ("/console/ledger/recounts/", "operator"),
    "agreements": ("/console/agreements/", "institution"),
    "agreement": ("/console/agreements/{agreement}/", "institution"),
    "rules": ("/console/rules/", "province"),
    "rule": ("/console/rules/{rule_version}/", "province"),
    "rule-published": ("/console/rules/{published_version}/", "province"),
    "rule-new": ("/console/rules/new/", "province"),
    "rule-edit": ("/console/rules/{rule_version}/edit/", "province"),
    "rule-against": ("/console/rules/{rule_version}/against/{published_version}/", "province"),
    "pathways": ("/console/pathways/", "province"),
    "pathway": ("/console/pathways/1/", "province"),
    "pathway-new": ("/console/pathways/new/", "province"),
    "measures": ("/console/measures/", "province"),
    "measure": ("/console/measures/hours_per_credit/", "province"),
    "simulation": ("/console/rules/simulations/{simulation}/", "province"),
    "consultation": ("/console/rules/consultations/{consultation}/", "province"),
    "agreement-new": ("/console/agreements/new/", "institution"),
    "standards": ("/console/standards/", "province"),
    "standard-new": ("/console/standards/new/", "institution"),
    "standard": ("/console/standards/{standard}/", "province"),
    "standard-draft": ("/console/standards/{standard_draft}/", "province"),
    "standard-compare": ("/console/standards/{standard_draft}/compare/", "province"),
    "unit": ("/console/standards/{standard_draft}/units/{standard_unit}/", "institution"),
    "frameworks": ("/console/frameworks/", "province"),
    "framework-draft": ("/console/frameworks/{framework_draft}/", "institution"),
    "packages": ("/console/packages/", "institution"),
    "package": ("/console/packages/{package}/", "institution"),
    "classes": ("/console/classes/", "teacher"),
    "class": ("/console/classes/{full_class}/", "teacher"),
    "online-courses": ("/console/online/", "teacher"),
    "online-course": ("/console/online/{online_course}/", "teacher"),
    "online-learner": ("/console/online/learners/{online_learner}/", "teacher"),
    "counter": ("/console/enrol/?q=张", "helper"),
    "counter-person": ("/console/enrol/{neighbour}/", "helper"),
    "service-counter": ("/console/counter/", "helper"),
    "session-people": ("/console/counter/people/?q=张", "helper"),
    "session-start": ("/console/counter/people/{neighbour}/", "helper"),
    "session-person-new": ("/console/counter/people/new/", "helper"),
    "session": ("/console/counter/sessions/{session}/", "helper"),
    "session-paper": ("/console/counter/sessions/{session}/paper/", "helper"),
    "session-apply": ("/console/counter/sessions/{session}/apply/", "helper"),
    "openings": ("/console/openings/", "helper"),
    "opening": ("/console/openings/{roster}/", "helper"),
    "opening-faulty": ("/console/openings/{faulty}/", "county"),
    "merges": ("/console/merges/", "province"),
    "merge": ("/console/merges/{merge}/", "province"),
    "merge-ask": ("/console/merges/ask/", "county"),
    "particulars": ("/console/particulars/", "province"),
    "particulars-move": ("/console/particulars/move/", "county"),
    "particulars-correct": ("/console/particulars/correct/", "county"),
    "nodes": ("/console/points/", "province"),
    "node": ("/console/points/{node}/", "county"),
    "node-new": ("/console/points/new/", "province"),
    "banks-kept": ("/console/banks/", "province"),
    "bank-kept": ("/console/banks/{bank}/?q=射阳", "province"),
    "bank-new": ("/console/banks/new/", "province"),
    "honours": ("/console/honours/", "county"),
    "honour": ("/console/honours/{honour}/", "county"),
    "honour-give": ("/console/honours/give/", "county"),
    "places": ("/console/places/?q=射阳", "province"),
    "place": ("/console/places/3209/?register=nbs", "province"),
    "blank-spots": ("/console/places/blank/?register=nbs", "county"),
    "institutions": ("/console/institutions/", "county"),
    "records": ("/console/records/", "operator"),
    "source": ("/console/records/sources/{source}/", "operator"),
    "key-new": ("/console/records/sources/{source}/keys/new/", "operator"),
    "key-rotate": ("/console/records/keys/{key}/rotate/", "operator"),
    "key-revoke": ("/console/records/keys/{key}/revoke/", "operator"),
    "statements": ("/console/records/statements/?source=sheyang-moodle", "operator"),
    "statements-refused": ("/console/records/statements/?registration=7", "operator"),
    "statement": ("/console/records/statements/{statement}/", "operator"),
    "statement-voided": ("/console/records/statements/{voided}/", "operator"),
    "quarantine": ("/console/records/quarantine/", "operator"),
    "quarantine-reason": ("/console/records/quarantine/?reason=row_repeated&state=any", "operator"),
    "held": ("/console/records/quarantine/{held}/", "operator"),
    "quarantine-rule": ("/console/records/quarantine/rule/?source=sheyang-marks", "operator"),
    "connections": ("/console/connections/", "operator"),
    "connection": ("/console/connections/{connection}/", "operator"),
    "connection-folder": ("/console/connections/{folder}/", "operator"),
    "connection-kinds": ("/console/connections/new/", "operator"),
    "connection-new": ("/console/connections/new/sftp/", "operator"),
    "table-new": ("/console/tables/", "operator"),
    "table": ("/console/tables/{table}/", "operator"),
    "contracts": ("/console/contracts/", "operator"),
    "contract": ("/console/contracts/{contract}/", "operator"),
    "alarms": ("/console/alarms/", "operator"),
    "seal-checks": ("/console/ledger/seals/", "operator"),
    "destinations": ("/console/records/destinations/", "operator"),
    "destination": ("/console/records/destinations/{destination}/", "operator"),
    "destination-new": ("/console/records/destinations/new/", "operator"),
    "reaction": ("/console/records/reactions/{reaction}/", "operator"),
    "profiles": ("/console/records/profiles/", "operator"),
    "profile-report": ("/console/records/profile-reports/{profile_contract}/", "operator"),
    "erasures": ("/console/erasures/", "operator"),
    "erasure-ask": ("/console/erasures/ask/", "operator"),
    "erasure": ("/console/erasures/{erasure}/", "province"),
    "erasure-own": ("/console/erasures/{erasure}/", "operator"),
    "erased": ("/console/erasures/{erased}/", "province"),
    "erasure-sample": ("/console/erasures/{erasure}/sample/", "province"),
    "erasure-receipt": ("/console/erasures/{erased}/receipt/", "province"),
    "lake-runs": ("/console/lake/runs/", "operator"),
    "lake-plan": ("/console/lake/runs/plan/", "operator"),
    "lake-workbench": ("/console/lake/queries/", "analyst"),
    "lake-query-tables": ("/console/lake/queries/tables/", "analyst"),
    "lake-query": ("/console/lake/queries/{query}/", "analyst"),
    "lake-export": ("/console/lake/queries/files/{lake_export}/", "analyst"),
    "lake-access": ("/console/lake/access/", "province"),
    "lake-grant-ask": ("/console/lake/access/ask/", "analyst"),
    "lake-grant": ("/console/lake/access/{grant}/", "province"),
    "lake-extracts": ("/console/lake/extracts/", "province"),
    "lake-extract-ask": ("/console/lake/extracts/ask/", "analyst"),
    "lake-extract": ("/console/lake/extracts/{extract}/", "province"),
    "lake-extract-made": ("/console/lake/extracts/{extract_made}/", "analyst"),
    "lake-extract-report": ("/console/lake/extracts/{extract_made}/report/", "analyst"),
    "lake-extract-whose": ("/console/lake/extracts/whose/", "province"),
    "lake-open": ("/console/lake/open/", "province"),
    "lake-open-new": ("/console/lake/open/new/", "analyst"),
    "lake-open-asked": ("/console/lake/open/{open_asked}/", "province"),
    "lake-open-published": ("/console/lake/open/{open_published}/", "analyst"),
    "lake-sharing": ("/console/lake/sharing/", "institution"),
    "lake-sharing-new": ("/console/lake/sharing/new/", "institution"),
    "lake-sharing-offered": ("/console/lake/sharing/{sharing_offered}/", "institution"),
    "lake-sharing-held": ("/console/lake/sharing/{sharing_held}/", "province"),
    "lake-sharing-uses": ("/console/lake/sharing/{sharing_held}/uses/", "province"),
    "lake-readings": ("/console/lake/readings/", "province"),
    "lake-sources": ("/console/lake/sources/", "operator"),
    "lake-quality": ("/console/lake/quality/", "province"),
    "lake-quality-source": ("/console/lake/quality/sheyang-moodle/", "province"),
    "lake-alarms": ("/console/alarms/?of=data&show=year", "province"),
    "lake-contracts": ("/console/lake/contracts/", "operator"),
    "lake-contract": ("/console/lake/contracts/bronze.person/", "province"),
    "lake-propose": ("/console/lake/contracts/bronze.person/propose/", "operator"),
    "lake-erasures": ("/console/lake/erasures/", "operator"),
    "lake-erasure": ("/console/lake/erasures/{erasure}/", "province"),
    "lake-erased": ("/console/lake/erasures/{erased}/", "operator"),
    "lake-erasure-receipt": ("/console/lake/erasures/{erased}/receipt/", "operator"),
    "lake-terms": ("/console/lake/retention/", "province"),
    "lake-term": ("/console/lake/retention/{term}/", "operator"),
    "lake-term-ask": ("/console/lake/retention/ask/", "province"),
    "lake-kept": ("/console/lake/retention/tables/", "operator"),
    "lake-kept-table": ("/console/lake/retention/tables/bronze.statement/", "province"),
    "lake-holds": ("/console/lake/retention/holds/", "operator"),
    "lake-hold": ("/console/lake/retention/holds/{lake_hold}/", "province"),
    "lake-hold-place": ("/console/lake/retention/holds/place/", "operator"),
    "lake-plans": ("/console/lake/retention/plans/", "operator"),
    "lake-retention-plan": ("/console/lake/retention/plans/{plan}/", "province"),
    "lake-given-up": ("/console/lake/retention/plans/{given_up}/", "operator"),
    "lake-retention-receipt": ("/console/lake/retention/plans/{given_up}/receipt/", "operator"),
    "retention": ("/console/erasures/retention/", "operator"),
    "holds": ("/console/erasures/holds/", "province"),
    "personas": ("/console/personas/", "operator"),
    "persona": ("/console/personas/{persona}/", "operator"),
    "persona-statements": ("/console/personas/{persona}/statements/", "operator"),
    "persona-join": ("/console/personas/join/", "operator"),
    "persona-tables": ("/console/personas/tables/", "operator"),
    "persona-table": ("/console/personas/tables/{sheet}/", "operator"),
    "exports": ("/console/exports/", "operator"),
    "export-ask": ("/console/exports/ask/", "operator"),
    "export": ("/console/exports/{export}/", "operator"),
    "readings": ("/console/exports/readings/", "operator"),
    "rosters": ("/console/connections/rosters/", "operator"),
    "refused": ("/console/records/", "county"),
    "lake-board": ("/console/lake/", "county"),
    "lake-tables": ("/console/lake/tables/?sort=name", "county"),
    "lake-table": ("/console/lake/tables/learner_day/", "province"),
    "lake-costs": ("/console/lake/costs/", "operator"),
    "lake-lineage": ("/console/lake/lineage/?table=learner_month&column=activities", "analyst"),
}
COCKPIT = {
    "province": "/cockpit/?register=nbs&by=city",
    "city": "/cockpit/3209/?register=nbs&indicator=Q02",
    "nothing-yet": "/cockpit/4301/?register=nbs",
    "definitions": "/cockpit/indicators/",
    "definition": "/cockpit/indicators/N02/?place=3209&register=nbs",
}


def address_of(site: Site, address: str) -> str:
    return address.format(**{**site.world, **site.world["people"]})


@pytest.mark.parametrize("how", LOOKS, ids=str)
@pytest.mark.parametrize("name", CONSOLE)
def test_console_page_is_accessible_and_fits(
    glance: Any, site: Site, axe: str, name: str, how: Look
) -> None:
    address, who = CONSOLE[name]
    page = glance(replace(how, who=who))
    page.goto(address_of(site, address))
    check(page, axe)


@pytest.mark.parametrize("how", [*LOOKS, *WALL], ids=str)
@pytest.mark.parametrize("name", COCKPIT)
def test_cockpit_page_is_accessible_and_fits(glance: Any, axe: str, name: str, how: Look) -> None:
    page = glance(how)
    page.goto(COCKPIT[name])
    check(page, axe)


def test_a_phone_shows_the_link_of_the_open_page(glance: Any) -> None:
    page = glance(Look(width=360, who="operator"))
    page.goto("/console/lake/quality/")
    row = page.locator(".section-nav").bounding_box()
    link = page.locator(".section-nav [aria-current]").bounding_box()
    assert row["x"] <= link["x"]
    assert link["x"] + link["width"] <= row["x"] + row["width"]
    assert page.locator(".section-nav").evaluate("row => row.scrollLeft") > 0


def test_a_phone_gives_a_long_cell_the_width_of_its_card(glance: Any) -> None:
    page = glance(Look("en", 360, who="province"))
    page.goto("/console/measures/")
    share = page.eval_on_selector_all(
        "table.cards td",
        """all => Math.min(...all.filter(cell => cell.textContent.length > 60).map(cell => {
          const text = document.createRange(); text.selectNodeContents(cell);
          return text.getBoundingClientRect().width / cell.clientWidth; }))""",
    )
    assert 0.7 < share < 2


def test_the_waiting_room_reads_its_numbers_from_three_metres(look: Any, site: Site) -> None:
    with look(Look(width=1920)) as page:
        page.set_viewport_size({"width": 1920, "height": 1080})
        page.goto(f"/points/{site.world['node']}/queue/")
        sizes = page.eval_on_selector_all(
            ".waiting-room .number", "all => all.map(e => parseFloat(getComputedStyle(e).fontSize))"
        )
        assert sizes
        assert min(sizes) > 120
        assert page.evaluate("document.documentElement.scrollHeight") <= 1080


@pytest.mark.parametrize("name", ["province", "city"])
def test_a_wall_screen_shows_the_board_without_scrolling(look: Any, name: str) -> None:
    with look(Look(width=1920)) as page:
        page.set_viewport_size({"width": 1920, "height": 1080})
        page.goto(COCKPIT[name])
        assert page.evaluate("document.documentElement.scrollHeight") <= 1080
        tiles = page.eval_on_selector_all(
            ".tile", "all => all.map(e => e.getBoundingClientRect().bottom)"
        )
        assert len(tiles) == 10
        assert max(tiles) <= 1080


@pytest.mark.parametrize("width", [360, 1920])
def test_the_chart_is_drawn_beside_its_table(look: Any, width: int) -> None:
    with look(Look("en", width)) as page:
        failed = []
        page.on("pageerror", lambda error: failed.append(str(error)))
        page.goto("/cockpit/320924/?register=nbs&indicator=N02")
        page.goto("/cockpit/?register=nbs&by=city")
        page.wait_for_selector("#figure-places[data-chart]")
        assert failed == []
        assert page.locator("#figure-places tbody tr").count() == 1


def test_a_number_opens_above_the_board_and_closes_by_escape(look: Any) -> None:
    with look(Look("en", 1920)) as page:
        page.goto("/cockpit/?register=nbs")
        page.focus(".headline__value a")
        page.keyboard.press("Enter")
        page.wait_for_selector("dialog[open] >> text=Formula")
        page.keyboard.press("Escape")
        page.wait_for_selector("dialog", state="hidden")
        assert page.url.endswith("/cockpit/?register=nbs")


def test_without_scripts_a_number_opens_as_a_page_and_the_table_sorts(look: Any) -> None:
    with look(Look("en", scripts=False)) as page:
        page.goto("/cockpit/3209/?register=nbs&indicator=N02")
        page.click("#figure-places th a:has-text('Place')")
        page.wait_for_selector("#figure-places th[aria-sort=ascending]")
        page.click(".headline__value a")
        page.wait_for_url("**/cockpit/indicators/N02/**")
        page.wait_for_selector("text=Numerator")


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
def test_a_refused_assessment_keeps_its_words(look: Any, site: Site, scripts: bool) -> None:
    with look(Look("en", 1440, scripts=scripts, who="assessor")) as page:
        page.goto(f"/console/recognition/{site.world['application']}/")
        page.fill("textarea[name=findings]", "The letter shows it.")
        page.click("form.move button.main")
        page.wait_for_selector(".move [role=alert]")
        assert page.input_value("textarea[name=findings]") == "The letter shows it."


def test_results_are_chosen_by_keyboard_and_asked_about(look: Any, site: Site) -> None:
    with look(Look("en", 1440, who="teacher")) as page:
        page.goto(f"/console/classes/{site.world['full_class']}/")
        page.focus("input[name=chosen]")
        page.keyboard.press("Space")
        page.focus("#bulk button")
        page.keyboard.press("Enter")
        page.wait_for_selector("text=Yes, enter 1 result")
        page.click("text=No, back to the roster")
        page.wait_for_selector("input[name=chosen]")
        assert page.locator("input[name=chosen]").count() == 1
