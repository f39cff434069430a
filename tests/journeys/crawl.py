"""Walks a served site by its links, as a person would, without scripts."""

from __future__ import annotations

import re
import socket
import time
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urldefrag, urljoin, urlsplit

import httpx
from django.urls import Resolver404, resolve

from tests import main_job

SOUGHT = "2026-00000001"


class Links(HTMLParser):
    """Where a page leads: each ``href`` of an ``a``, each search field; and its csrf token."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.token = ""
        self.action = ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        named = dict(attrs)
        if tag == "form":
            self.action = named.get("action", "")
        if tag == "input" and named.get("name") == "q":
            self.found.append(f"{self.action}?q={SOUGHT}")
        if tag == "a" and named.get("href"):
            self.found.append(named["href"])
        if tag == "input" and named.get("name") == "csrfmiddlewaretoken":
            self.token = self.token or named.get("value", "")


@contextmanager
def served(home: Path) -> Iterator[str]:
    """``xueqiao serve`` over a home, on a free port; yields the address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    # What the server says goes to a file: a pipe that nobody reads would stop it when it is full.
    with (home / "serve.log").open("w") as log:
        job = main_job.command(home, "serve", "--port", str(port), output=log)
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(150):
            try:
                httpx.get(address + "/", timeout=5, trust_env=False)
                break
            except httpx.TransportError:
                time.sleep(0.2)
        else:
            raise AssertionError("the site did not answer within 30 s")
        yield address
    finally:
        job.terminate()
        job.communicate(timeout=30)


@contextmanager
def client(address: str, username: str = "") -> Iterator[httpx.Client]:
    """A browser without scripts, signed in as a demo person."""
    options = {"base_url": address, "follow_redirects": True, "timeout": 30, "trust_env": False}
    with httpx.Client(**options) as someone:
        if username:
            token = Links(someone.get("/sign-in/").text).token
            answer = someone.post(
                "/sign-in/demo/",
                data={"username": username, "csrfmiddlewaretoken": token},
                headers={"Referer": address + "/sign-in/"},
            )
            assert answer.status_code == 200, answer.text[:500]
        yield someone


def demo_usernames(address: str) -> list[str]:
    with client(address) as someone:
        text = someone.get("/sign-in/").text
    return re.findall(r'name="username" value="([^"]+)"', text)


def view_name(path: str) -> str:
    try:
        return resolve(path).view_name
    except Resolver404:
        return ""


def walk(
    someone: httpx.Client, starts: Sequence[str], per_view: int = 2, most: int = 400
) -> dict[str, httpx.Response]:
    """Pages reached by links from ``starts``: at most ``per_view`` of each view. Path to answer."""
    waiting, seen, visits = deque(starts), set(starts), {}
    answers: dict[str, httpx.Response] = {}
    while waiting and len(answers) < most:
        path = waiting.popleft()
        name = view_name(urlsplit(path).path)
        if visits.get(name, 0) >= per_view:
            continue
        visits[name] = visits.get(name, 0) + 1
        answer = someone.get(path)
        answers[path] = answer
        if "text/html" not in answer.headers.get("content-type", ""):
            continue
        for link in Links(answer.text).found:
            target = urldefrag(urljoin(str(answer.url), link))[0]
            parts = urlsplit(target)
            if parts.netloc != urlsplit(str(answer.url)).netloc:
                continue
            short = parts.path + (f"?{parts.query}" if parts.query else "")
            if short not in seen:
                seen.add(short)
                waiting.append(short)
    return answers
