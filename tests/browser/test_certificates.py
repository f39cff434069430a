"""Certificates in the browser: both languages, widths and versions; with and without scripts."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.browser.conftest import Look, Site, check
from tests.browser.test_portal import LOOKS

pytestmark = pytest.mark.browser
PAGES = {
    "form": "/verify/",
    "genuine": "/verify/?certificate={certificate}",
    "unknown": "/verify/?certificate=00000000-0000-0000-0000-000000000007",
    "elsewhere": "/verify/?certificate=https://elsewhere.example/",
    "certificate": "/certificates/{certificate}/",
    "transcript": "/certificates/{transcript}/",
    "shared": "/shared/{share}/",
    "shared-gone": "/shared/{share_gone}/",
}
OWN = {
    "shares": ("/account/shares/", "learner"),
    "share": ("/account/shares/{share}/", "learner"),
    "share-new": ("/account/shares/new/", "learner"),
    "console-list": ("/console/certificates/", "province"),
    "console-one": ("/console/certificates/{certificate}/", "province"),
    "console-endorse": ("/console/certificates/endorse/", "institution"),
}


@pytest.mark.parametrize("how", LOOKS, ids=str)
@pytest.mark.parametrize("name", PAGES)
def test_page_is_accessible_and_fits(
    glance: Any, site: Site, axe: str, name: str, how: Look
) -> None:
    page = glance(replace(how, who=""))
    page.goto(site.url + PAGES[name].format(**site.world))
    check(page, axe)


@pytest.mark.parametrize("how", LOOKS, ids=str)
@pytest.mark.parametrize("name", OWN)
def test_own_page_is_accessible_and_fits(
    glance: Any, site: Site, axe: str, name: str, how: Look
) -> None:
    address, who = OWN[name]
    page = glance(replace(how, who=who))
    page.goto(site.url + address.format(**site.world))
    check(page, axe)


def test_the_offline_page_answers_without_its_site(look: Any, site: Site, tmp_path: Any) -> None:
    with look(Look(language="en")) as page:
        kept = tmp_path / "verify-offline.html"
        kept.write_bytes(page.request.get(f"{site.url}/verify/offline.html").body())
        answer = page.request.get(f"{site.url}/certificates/{site.world['certificate']}.json")
        genuine, changed = tmp_path / "genuine.json", tmp_path / "changed.json"
        genuine.write_bytes(answer.body())
        changed.write_bytes(answer.body().replace(b'"creditsEarned":', b'"creditsEarned":9', 1))
        page.goto(kept.as_uri())
        for file, verdict in ((genuine, "holds"), (changed, "refused")):
            page.set_input_files("#file", str(file))
            page.click("button")
            page.wait_for_selector(f"#result[data-verdict={verdict}]")


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
def test_a_file_is_verified_and_one_changed_byte_is_refused(
    look: Any, site: Site, axe: str, tmp_path: Any, scripts: bool
) -> None:
    with look(Look(language="en", scripts=scripts)) as page:
        answer = page.request.get(f"{site.url}/certificates/{site.world['certificate']}.json")
        genuine, changed = tmp_path / "genuine.json", tmp_path / "changed.json"
        genuine.write_bytes(answer.body())
        changed.write_bytes(answer.body().replace(b'"creditsEarned":', b'"creditsEarned":9', 1))
        assert genuine.read_bytes() != changed.read_bytes()
        for file, verdict in ((genuine, "holds"), (changed, "refused")):
            page.goto(f"{site.url}/verify/")
            page.set_input_files("input[type=file]", str(file))
            page.click("form[enctype] button.main")
            page.wait_for_selector(f"[data-verdict={verdict}]")
            if scripts:
                check(page, axe)


def test_what_was_typed_stays_when_it_is_refused(look: Any, site: Site) -> None:
    with look(Look(language="en", scripts=False)) as page:
        page.goto(f"{site.url}/verify/")
        page.fill("textarea", "my certificate")
        page.click("form[enctype] button.main")
        assert page.input_value("textarea") == "my certificate"
        assert "This is not a certificate file" in page.inner_text("main")
