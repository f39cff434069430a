"""Every page of the portal × two languages × two widths × two versions; and the walks over it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.browser.conftest import Look, Site, check

pytestmark = pytest.mark.browser

LOOKS = [
    Look(language, width, elder)
    for language in ("zh-hans", "en")
    for width in (360, 1440)
    for elder in (False, True)
]
# Address (with names of the world in it) and who looks.
PAGES = {
    "front": ("/", ""),
    "help": ("/help/", ""),
    "sign-in": ("/sign-in/", ""),
    "nothing": ("/nothing/", ""),
    "class": ("/classes/{open_class}/", "learner"),
    "class-full": ("/classes/{full_class}/", "learner"),
    "class-finished": ("/classes/{finished_class}/", "learner"),
    "class-closed": ("/classes/{closed_class}/", ""),
    "my-learning": ("/learning/", "learner"),
    "search": ("/search/?q=书法", ""),
    "search-classes": ("/search/?kind=class&open=1&place={county}", ""),
    "search-resources": ("/search/?kind=resource", ""),
    "search-nothing": ("/search/?kind=class&q=zzz", ""),
    "resource": ("/resources/{course}/", ""),
    "places": ("/places/?at={county}", "learner"),
    "places-found": ("/places/?q=sheyang", ""),
    "account": ("/account/", "learner"),
    "account-empty": ("/account/", "sibling"),
    "statement": ("/account/statement/", "learner"),
    "ledger": ("/ledger/", ""),
    "seal": ("/ledger/seals/1/", ""),
    "ledger-check": ("/ledger/check/", ""),
    "lot-proof": ("/account/lots/{lot}/ledger-proof/", "learner"),
    "transcript": ("/account/transcript/", "learner"),
    "changes": ("/account/changes/", "learner"),
    "balance": ("/account/balance/?as_of=2020-01-01", "learner"),
    "bank": ("/bank/", "learner"),
    "standards": ("/standards/", ""),
    "standard": ("/standards/SAMPLE-ELDERCARE/2026/", ""),
    "framework": ("/frameworks/SAMPLE-QF10/2026.1/", ""),
    "standard-compare": ("/standards/SAMPLE-ELDERCARE/compare/", ""),
    "apply": ("/bank/apply/", "learner"),
    "application-draft": ("/bank/applications/{draft}/", "learner"),
    "application": ("/bank/applications/{application}/", "learner"),
    "application-rejected": ("/bank/applications/{rejected}/", "claimant"),
    "application-panel": ("/bank/applications/{panel_case}/", "claimant"),
    "record": ("/account/record/", "learner"),
    "record-empty": ("/account/record/?kind=conversion", "sibling"),
    "public-notices": ("/bank/notices/", ""),
    "public-notice": ("/bank/notices/{noticed}/", ""),
    "account-messages": ("/account/", "claimant"),
    "convert": ("/bank/convert/{lot}/{version}/", "learner"),
    "plans": ("/plans/", "neighbour"),
    "plan": ("/plans/{qualification}/", "neighbour"),
    "plan-of-nothing": ("/plans/{qualification}/", "sibling"),
    "agreements": ("/bank/agreements/", ""),
    "rules": ("/bank/rules/", ""),
    "rule": ("/bank/rules/R-OULAD-AS-IT/", ""),
    "pathways": ("/bank/pathways/", ""),
    "pathway": ("/bank/pathways/SAMPLE-P-TOP-UP/", "learner"),
    "acceptance": ("/bank/rules/acceptance/", ""),
    "consultations": ("/bank/consultations/", ""),
    "consultation": ("/bank/consultations/{consultation}/", "learner"),
    "agreement": ("/bank/agreements/SAMPLE-AGREEMENT-1/", ""),
    "points": ("/points/?kind=recognition", "learner"),
    "points-nothing": ("/points/?q=zzz", ""),
    "point": ("/points/{node}/", "learner"),
    "point-nobody": ("/points/{node}/", ""),
    "point-queue": ("/points/{node}/queue/", ""),
    "visits": ("/account/visits/", "learner"),
    "visits-helped": ("/account/visits/", "neighbour"),
    "my-data": ("/account/data/", "learner"),
    "banks": ("/banks/", ""),
    "bank-of": ("/banks/{bank}/", ""),
    "online": ("/online/", "learner"),
    "online-nobody": ("/online/", ""),
    "online-course": ("/online/{online_course}/", "learner"),
    "online-course-nobody": ("/online/{online_course}/", ""),
    "open-data": ("/data/", ""),
    "open-dataset": ("/data/learners-by-county/", ""),
    "not-allowed": ("/console/", "learner"),
}


@pytest.mark.parametrize("how", LOOKS, ids=str)
@pytest.mark.parametrize("name", PAGES)
def test_page_is_accessible_and_fits(
    glance: Any, site: Site, axe: str, name: str, how: Look
) -> None:
    address, who = PAGES[name]
    page = glance(replace(how, who=who))
    page.goto(address.format(**site.world))
    check(page, axe)


TOO_SMALL = """least => [...document.querySelectorAll(
    'button, .button, .chip, summary, .main-nav a, .site-tools a, input, select, textarea')]
  .filter(each => each.checkVisibility() && each.type !== 'hidden')
  .filter(each => !each.matches('[type=checkbox], [type=radio], .visually-hidden, .sort'))
  .map(each => [each.getBoundingClientRect(), each.outerHTML.slice(0, 120)])
  .filter(([box]) => box.height < least - 0.5 || box.width < Math.min(least, 44) - 0.5)
  .map(([box, html]) => `${box.width}×${box.height} ${html}`)"""


@pytest.mark.parametrize("elder", [False, True], ids=["standard", "elder"])
@pytest.mark.parametrize("name", PAGES)
def test_targets_are_large_enough(glance: Any, site: Site, name: str, elder: bool) -> None:
    """44 px, and 60 px in the elder version."""
    address, who = PAGES[name]
    page = glance(Look(elder=elder, who=who))
    page.goto(address.format(**site.world))
    assert page.evaluate(TOO_SMALL, 60 if elder else 44) == []


@pytest.mark.parametrize("name", PAGES)
def test_four_hundred_per_cent_needs_no_sideways_scrolling(
    glance: Any, site: Site, name: str
) -> None:
    """A screen of 1280 px enlarged to 400 % is 320 px wide."""
    address, who = PAGES[name]
    page = glance(Look("en", width=320, who=who))
    page.goto(address.format(**site.world))
    assert page.evaluate("document.documentElement.scrollWidth") <= 320


def test_elder_version_offers_at_most_six_choices_first(glance: Any) -> None:
    page = glance(Look(elder=True))
    page.goto("/")
    visible = "document.querySelectorAll('.entries a')"
    assert page.evaluate(f"[...{visible}].filter(a => a.checkVisibility()).length") == 6


def test_language_and_elder_switch_keep_the_page(look: Any, site: Site) -> None:
    with look(Look(scripts=False)) as page:
        page.goto(f"/classes/{site.world['open_class']}/?from=x")
        page.click("button[value=en]")
        page.wait_for_selector("h2#seat-title:text-is('Enrolment')")
        assert page.url.endswith(f"/classes/{site.world['open_class']}/?from=x")
        page.click("button[name=on]")
        page.wait_for_selector("html[data-mode=elder]")
        assert page.url.endswith("?from=x")


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
def test_enrol_and_withdraw(look: Any, site: Site, scripts: bool) -> None:
    who = "sibling" if scripts else "helper"
    with look(Look("en", scripts=scripts, who=who)) as page:
        page.goto(f"/classes/{site.world['open_class']}/")
        page.click("#seat button.main")
        page.wait_for_selector("#seat >> text=You are enrolled")
        page.click("#seat summary")
        page.click("#seat form button.danger")
        page.wait_for_selector("#seat >> text=seats are free")
        assert page.url.endswith(f"/classes/{site.world['open_class']}/")


def test_keyboard_reaches_search_and_enrolment(look: Any, site: Site) -> None:
    """Tab and Enter alone: skip link, search from the front page, enrolment in a class."""
    with look(Look("en", width=1440, who="county")) as page:
        page.goto("/")
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.className") == "skip"
        page.keyboard.press("Enter")
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.id") == "q"
        page.goto(f"/classes/{site.world['open_class']}/#main")
        for _press in range(12):
            page.keyboard.press("Tab")
            if page.evaluate("document.activeElement.matches('#seat button.main')"):
                break
        page.keyboard.press("Enter")
        page.wait_for_selector("#seat >> text=You are enrolled")
