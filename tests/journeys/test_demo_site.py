"""The finished demo, walked by its links as every named person and opened in Chromium."""

from __future__ import annotations

import shutil
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import sync_playwright

from tests.journeys import crawl

pytestmark = [pytest.mark.slow, pytest.mark.embedded, pytest.mark.xdist_group("main-job")]
STARTS = ("/", "/console/", "/cockpit/")
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync",
    "--disable-component-update", "--disable-quic", "--no-first-run",
]  # fmt: skip


@pytest.fixture(scope="module")
def site(demo_home):
    with crawl.served(demo_home.path) as address:
        yield address


@pytest.fixture(scope="module")
def walked(site):
    """Every page reached by links: (who, path, answer)."""
    found = []
    for username in ["", *crawl.demo_usernames(site)]:
        starts = STARTS if username else [each for each in STARTS if each != "/console/"]
        with crawl.client(site, username) as someone:
            pages = crawl.walk(someone, starts).items()
            found += [(username, path, answer) for path, answer in pages]
    return found


def test_there_is_a_named_person_for_every_role(site):
    assert len(crawl.demo_usernames(site)) >= 8


def test_every_link_of_every_person_leads_to_a_page(walked):
    """No link that a page shows to a person ends in an error or at a closed door."""
    broken = {
        f"{username or 'nobody'} {path}": answer.status_code
        for username, path, answer in walked
        if answer.status_code not in ({200, 403} if path in STARTS else {200})
    }
    assert broken == {}


def test_what_is_promised_is_reached(walked):
    """The pages of the first path are found by links from the three first pages."""
    reached = {crawl.view_name(urlsplit(path).path) for _who, path, _answer in walked}
    promised = {
        "front", "search", "class", "resource", "my-learning", "account", "transcript", "verify",
        "help", "console", "console-recognition", "console-class", "console-places",
        "console-institutions", "cockpit", "cockpit-place", "cockpit-indicator",
    }  # fmt: skip
    assert promised - reached == set()


@pytest.mark.browser
@pytest.mark.skipif(shutil.which("chromium") is None, reason="Chromium is not installed")
def test_one_page_of_every_view_opens_in_chromium(site, walked):
    """No error on the console, nothing from another host, no sideways scrolling on a phone."""
    pages: dict[str, tuple[str, str]] = {}
    for username, path, answer in walked:
        kind, shown = answer.headers["content-type"], answer.headers.get("content-disposition", "")
        if answer.status_code == 200 and "text/html" in kind and "attachment" not in shown:
            pages.setdefault(crawl.view_name(urlsplit(path).path), (username, path))
    # In a thread of its own: the browser of other tests may hold this thread's event loop.
    with ThreadPoolExecutor(max_workers=1) as aside:
        wrong = aside.submit(all_opened, site, pages).result()
    assert wrong == []
    assert len(pages) >= 15


def all_opened(site, pages):
    """What is wrong with any of the pages."""
    wrong: list[str] = []
    with sync_playwright() as tools:
        browser = tools.chromium.launch(executable_path=shutil.which("chromium"), args=FLAGS)
        for name, (username, path) in pages.items():
            wrong += opened(browser, site, name, username, path)
        browser.close()
    return wrong


def opened(browser, site, name, username, path):
    """What is wrong with one page on a phone."""
    wrong: list[str] = []
    context = browser.new_context(viewport={"width": 360, "height": 780})
    with crawl.client(site, username) as someone:
        cookies = [{"name": c.name, "value": c.value, "url": site} for c in someone.cookies.jar]
    context.add_cookies(cookies)
    page = context.new_page()
    page.on("console", lambda said: said.type == "error" and wrong.append(f"{name}: {said.text}"))
    page.on("pageerror", lambda error: wrong.append(f"{name}: {error}"))
    page.on("request", lambda asked: None if asked.url.startswith((site, "data:", "blob:"))
            else wrong.append(f"{name}: {asked.url}"))  # fmt: skip
    page.goto(site + path, wait_until="networkidle")
    wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    if (over := page.evaluate(wide)) > 1:
        wrong.append(f"{name}: {over} px too wide")
    context.close()
    return wrong
