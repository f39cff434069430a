"""A learner takes the sample course in Chromium; a teacher brings one in and waives a unit."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.browser.conftest import Look, Site, check
from tests.cmi5.packages import package, unit

pytestmark = pytest.mark.browser


def course(site: Site) -> str:
    return f"/online/{site.world['online_course']}/"


def open_unit(page: Any, title: str) -> None:
    page.click(f"li.card:has-text('{title}') .doing form:first-child button")
    page.wait_for_selector("#on:not([disabled])")


def test_a_learner_finishes_the_sample_course(look: Any, site: Site, axe: str) -> None:
    with look(Look(who="sibling")) as page:
        page.goto(course(site))
        page.click("text=开始学这门课")
        page.click("text=从第一节开始")
        page.wait_for_selector("h1:has-text('找一门课')")
        page.wait_for_selector("#on:not([disabled])")
        check(page, axe)
        # Unit pages have no origin, so they have neither the site's cookies nor its storage.
        assert page.evaluate("origin") == "null"
        with pytest.raises(Exception, match="sandboxed"):
            page.evaluate("document.cookie")
        page.keyboard.press("Tab")
        page.click("#on")
        page.wait_for_selector("#where:has-text('第 2 页')")
        with page.expect_response(lambda answer: "stateId=bookmark" in answer.url):
            page.click("#on")
        page.goto(course(site))
        open_unit(page, "找一门课")
        # It goes on where it was left.
        page.wait_for_selector("#where:has-text('第 3 页')")
        page.click("#on")
        page.wait_for_selector("text=学完了，返回课程")
        page.click("#on")
        page.wait_for_url(f"**{course(site)}")
        page.wait_for_selector("text=已学完 1 / 3 节")

        page.click("text=接着学")
        page.wait_for_selector("#on:not([disabled])")
        for place in (2, 3):
            page.click("#on")
            page.wait_for_selector(f"#where:has-text('第 {place} 页')")
        page.click("#on")
        page.wait_for_url(f"**{course(site)}")

        page.click("text=接着学")
        page.wait_for_selector("form button:not([disabled])")
        check(page, axe)
        page.click("text=交卷")
        page.wait_for_selector("#note:has-text('还有 5 题')")
        for right in page.query_selector_all("input[value=right]"):
            right.check()
        page.click("text=交卷")
        page.wait_for_selector("#note:has-text('恭喜，通过了')")
        page.click("#done")
        page.wait_for_url(f"**{course(site)}")
        page.wait_for_selector("text=课程已学完")


def test_a_course_can_be_taken_without_scripts_up_to_its_units(look: Any, site: Site) -> None:
    with look(Look("en", scripts=False, who="neighbour")) as page:
        page.goto("/online/")
        page.click("text=Getting along")
        page.click("text=Begin this course")
        page.wait_for_selector("text=Start with the first unit")


def test_a_unit_closed_in_the_middle_ends_its_session(look: Any, site: Site) -> None:
    with look(Look(who="helper")) as page:
        page.goto(course(site))
        page.click("text=开始学这门课")
        open_unit(page, "在家学在线课程")
        page.goto(course(site))
        page.wait_for_selector("text=接着学")
    with look(Look("en", 1440, who="teacher")) as page:
        page.goto(f"/console{course(site)}")
        page.click("tbody a:has-text('周晓红')")
        # What a page says while it closes arrives in its own time.
        for _attempt in range(20):
            if page.locator("tr:has-text('Learn online') >> text=Ended").count():
                break
            page.wait_for_timeout(250)
            page.reload()
        page.wait_for_selector("tr:has-text('Learn online') >> text=Ended")


def test_a_teacher_brings_a_package_in_and_is_told_what_is_wrong(
    look: Any, site: Site, tmp_path: Any
) -> None:
    good, bad = tmp_path / "good.zip", tmp_path / "bad.zip"
    good.write_bytes(package(unit("one", moveOn="Passed")).getvalue())
    bad.write_bytes(package(unit("one", moveOn="Perhaps")).getvalue())
    with look(Look("en", 1440, who="teacher")) as page:
        page.goto("/console/online/")
        page.set_input_files("#package", str(bad))
        page.click("text=Bring in")
        page.wait_for_selector("[role=alert]:has-text('Perhaps')")
        page.set_input_files("#package", str(good))
        page.focus(".bring button")
        page.keyboard.press("Enter")
        page.wait_for_selector("h1:has-text('Geology')")
        page.wait_for_selector("td:has-text('Pass the test in it')")
        page.click("text=Close to new learners")
        page.wait_for_selector("text=Open to new learners")


def test_a_teacher_waives_a_unit_with_a_reason(look: Any, site: Site) -> None:
    with look(Look("en", 1440, who="teacher")) as page:
        page.goto(f"/console/online/learners/{site.world['online_learner']}/")
        page.select_option("#waive-part", label="Quiz: five questions")
        page.select_option("#waive-reason", value="Administrative")
        page.fill("#waive-note", "knows it")
        page.click("text=Waive this unit")
        page.wait_for_selector("tr:has-text('Quiz') >> text=Waived")
        page.wait_for_selector("text=Decided by the office: knows it")
        page.click("text=End the session")
        page.wait_for_selector("tr:has-text('Learn online') >> text=Abandoned")
        assert re.search(r"/learners/[0-9a-f-]{36}/$", page.url)
