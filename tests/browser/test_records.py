"""A platform is let in and shut out again in the browser, with and without scripts."""

from __future__ import annotations

from typing import Any

import pytest

from tests.browser.conftest import Look, Site, check
from tests.records import factories as f

pytestmark = pytest.mark.browser


def send(page: Any, site: Site, key: str, secret: str, statement: dict[str, Any]) -> int:
    answer = page.request.post(
        f"{site.url}/xapi/statements", data=[statement], headers=f.basic(key, secret)
    )
    return int(answer.status)


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
def test_a_key_is_made_used_and_revoked(look: Any, site: Site, axe: str, scripts: bool) -> None:
    sent = f.statement(id=None, actor={"name": f"scripts {scripts}", **f.agent(f"s{scripts}")})
    with look(Look(language="en", scripts=scripts, who="operator")) as page:
        page.goto(f"{site.url}/console/records/sources/{site.world['source']}/")
        page.click("text=Make a key")
        page.fill("input[name=label]", "from the browser")
        page.check("input[value='statements/write']")
        page.click("button:has-text('Make the key')")
        page.wait_for_selector("[data-secret]")
        if scripts:
            check(page, axe)
        secret = page.inner_text("[data-secret]")
        key = page.inner_text("dl.facts dd code >> nth=0")
        assert send(page, site, key, secret, sent) == 200

        page.goto(f"{site.url}/console/records/statements/")
        page.fill("input[name=agent]", f"https://school.example|s{scripts}")
        page.click("button:has-text('Show')")
        page.click("tbody th a")
        page.wait_for_selector(f"h1:has-text('scripts {scripts}')")

        page.goto(f"{site.url}/console/records/sources/{site.world['source']}/")
        page.click(f"tr:has-text('{key}') a:has-text('Revoke')")
        page.click("button:has-text('Yes, revoke the key')")
        page.wait_for_selector(f"tr:has-text('{key}'):has-text('Revoked')")
        assert send(page, site, key, secret, sent) == 401


def test_the_filters_are_walked_with_the_keyboard(look: Any, site: Site) -> None:
    with look(Look(language="en", width=1440, who="operator")) as page:
        page.goto(f"{site.url}/console/records/statements/")
        page.focus("input[name=agent]")
        page.keyboard.type("https://learn.sheyang.example|lixiuying")
        page.keyboard.press("Tab")
        page.keyboard.type("http://adlnet.gov/expapi/verbs/passed")
        page.keyboard.press("Enter")
        page.wait_for_url("**/statements/?agent=*")
        page.wait_for_selector("tbody tr")
        assert page.locator("tbody tr").count() == 1
        page.focus("tbody th a")
        page.keyboard.press("Enter")
        page.wait_for_selector("pre.held")
        assert site.world["statement"] in page.url
