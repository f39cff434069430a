"""The finished demo, walked by its links as every named person and opened in Chromium."""

from __future__ import annotations

import shutil
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import sync_playwright

from tests.journeys import crawl

pytestmark = [pytest.mark.slow, pytest.mark.embedded, pytest.mark.xdist_group("main-job")]
STARTS = ("/", "/console/", "/cockpit/")
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
    "--no-first-run",
]


@pytest.fixture(scope="module")
def site(demo_home):
    with crawl.served(demo_home.path) as address:
        yield address


def test_there_is_a_named_person_for_every_role(site):
    assert len(crawl.demo_usernames(site)) >= 8


def test_every_link_of_every_person_leads_to_a_page(site):
    """No link that a page shows to a person ends in an error or at a closed door."""
    broken = {}
    for username in ["", *crawl.demo_usernames(site)]:
        someone = crawl.client(site, username)
        for start in STARTS:
            if not username and start == "/console/":
                continue
            for path, answer in crawl.walk(someone, start).items():
                allowed = {200, 403} if path == start else {200}
                if answer.status_code not in allowed:
                    broken[f"{username or 'nobody'} {path}"] = answer.status_code
    assert broken == {}


def test_what_is_listed_is_reached(site):
    """The pages that the first path promises are found by links from the three first pages."""
    reached = set()
    for username in ["", *crawl.demo_usernames(site)]:
        someone = crawl.client(site, username)
        for start in STARTS:
            reached |= {crawl.view_name(urlsplit(path).path) for path in crawl.walk(someone, start)}
    promised = {
        "front",
        "search",
        "class",
        "course",
        "my-learning",
        "account",
        "transcript",
        "verify",
        "help",
        "console",
        "recognition-queue",
        "roster",
        "places",
        "institutions",
        "cockpit",
    }
    assert promised - reached == set()


@pytest.mark.browser
@pytest.mark.skipif(shutil.which("chromium") is None, reason="Chromium is not installed")
def test_one_page_of_every_view_opens_in_chromium(site, tmp_path):
    """No error on the console, nothing from another host, no sideways scrolling on a phone."""
    found: dict[str, tuple[str, str]] = {}
    for username in ["", *crawl.demo_usernames(site)]:
        someone = crawl.client(site, username)
        for start in STARTS:
            for path, answer in crawl.walk(someone, start, per_view=1).items():
                if answer.status_code == 200 and "text/html" in answer.headers["content-type"]:
                    found.setdefault(crawl.view_name(urlsplit(path).path), (username, path))
    wrong = []
    with sync_playwright() as tools:
        browser = tools.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        for name, (username, path) in found.items():
            context = browser.new_context(viewport={"width": 360, "height": 780})
            context.add_cookies(
                [
                    {"name": c.name, "value": c.value, "url": site}
                    for c in crawl.client(site, username).cookies.jar
                ]
            )
            page = context.new_page()
            page.on(
                "console", lambda m, n=name: m.type == "error" and wrong.append(f"{n}: {m.text}")
            )
            page.on("pageerror", lambda e, n=name: wrong.append(f"{n}: {e}"))
            page.on(
                "request",
                lambda r, n=name: (
                    r.url.startswith((site, "data:", "blob:")) or wrong.append(f"{n}: {r.url}")
                ),
            )
            page.goto(site + path, wait_until="networkidle")
            wide = page.evaluate(
                "document.documentElement.scrollWidth - document.documentElement.clientWidth"
            )
            if wide > 1:
                wrong.append(f"{name}: {wide} px too wide")
            context.close()
        browser.close()
    assert wrong == []
    assert len(found) >= 15
