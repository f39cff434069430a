"""A site that is really served: its own process, its own home, the small world in it.

``site`` is the server, ``chromium`` the browser; ``look`` and ``glance`` open a page as somebody,
in a language, a width and a version; ``check`` holds it against WCAG and the screen's width. Where
Chromium or axe-core is missing, the tests skip and say so.
"""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[2]
AXE = ROOT / "node_modules/axe-core/axe.min.js"
WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-quic",
    "--no-first-run",
]


@dataclass
class Site:
    """A running server. ``world`` holds the primary keys of ``tests.world``."""

    url: str
    world: dict[str, Any]


@dataclass(frozen=True)
class Look:
    """How a page is looked at."""

    language: str = "zh-hans"
    width: int = 360
    elder: bool = False
    scripts: bool = True
    who: str = ""

    def __str__(self) -> str:
        version = "elder" if self.elder else "standard"
        return f"{self.language}-{self.width}-{version}"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    home = tmp_path_factory.mktemp("site")
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    env = {
        **os.environ,
        "XUEQIAO_HOME": str(home),
        "XUEQIAO_DEMO": "1",
        "XUEQIAO_DATABASE_URL": "",
        "XUEQIAO_PUBLIC_URL": url,
        "DJANGO_SETTINGS_MODULE": "xueqiao.settings",
        "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}",
    }
    made = subprocess.run(
        [sys.executable, "-m", "tests.world"],
        cwd=ROOT,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert made.returncode == 0, made.stderr
    code = "from xueqiao.cli import main; main()"
    with (home / "server.log").open("w") as log:
        server = subprocess.Popen(
            [sys.executable, "-c", code, "serve", "--port", str(port)],
            cwd=ROOT,
            env=env,
            stdout=subprocess.DEVNULL,
            stderr=log,
        )
    try:
        wait_for(url, server, home / "server.log")
        yield Site(url, json.loads(made.stdout.splitlines()[-1]))
    finally:
        server.terminate()
        server.wait(timeout=20)


def wait_for(url: str, server: subprocess.Popen[bytes], log: Path) -> None:
    for _attempt in range(150):
        if server.poll() is not None:
            break
        try:
            urllib.request.urlopen(f"{url}/help/", timeout=5).close()
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.2)
        else:
            return
    pytest.fail(f"The site did not start:\n{log.read_text()}")


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    path = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    if path is None:
        pytest.skip("no Chromium on this machine; Debian: apt-get install chromium")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def axe() -> str:
    if not AXE.is_file():
        pytest.skip("axe-core is missing; run: npm ci")
    return AXE.read_text(encoding="utf-8")


def new_page(site: Site, chromium: Any, how: Look) -> Any:
    """A page of a fresh browser context, signed in where asked."""
    context = chromium.new_context(
        base_url=site.url,
        viewport={"width": how.width, "height": 800},
        java_script_enabled=how.scripts,
        locale="zh-CN",
    )
    context.set_default_timeout(20_000)
    cookies = {"language": how.language, **({"elder": "1"} if how.elder else {})}
    context.add_cookies([{"name": n, "value": v, "url": site.url} for n, v in cookies.items()])
    page = context.new_page()
    if how.who:
        page.goto("/sign-in/")
        page.click(f"button[value='demo-{how.who}']")
    return page


@pytest.fixture
def look(site: Site, chromium: Any) -> Any:
    """``with look(Look(...)) as page``: for walks that change something."""

    @contextmanager
    def opened(how: Look) -> Iterator[Any]:
        page = new_page(site, chromium, how)
        yield page
        page.context.close()

    return opened


@pytest.fixture(scope="session")
def glance(site: Site, chromium: Any) -> Any:
    """``glance(Look(...))``: a page that is kept for the next glance of its kind; only to look."""
    kept: dict[Look, Any] = {}

    def page(how: Look) -> Any:
        if how not in kept:
            kept[how] = new_page(site, chromium, how)
        return kept[how]

    return page


def check(page: Any, axe: str) -> None:
    """No violation of WCAG 2.2 A and AA, and nothing wider than the screen."""
    sideways = page.evaluate(
        "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )
    assert sideways <= 0, f"{page.url} is {sideways} px wider than the screen"
    # The policy forbids scripts in the page; the tool is run from outside it.
    page.evaluate(axe)
    found = page.evaluate(
        "async tags => (await axe.run(document, {runOnly: tags})).violations.map("
        "v => v.id + ': ' + v.nodes.map(n => n.html.slice(0, 160) + ' | ' + n.failureSummary"
        ".replaceAll('\\n', ' ')).join(' || '))",
        WCAG,
    )
    assert found == [], f"{page.url}\n" + "\n".join(found)
