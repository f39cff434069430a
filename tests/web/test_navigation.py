"""The console's navigation: areas, and below the present one its sections."""

from __future__ import annotations

import pytest

from tests.web.test_console import sign_in, world
from xueqiao.web.templatetags import console as navigation

pytestmark = pytest.mark.django_db
__all__ = ["sign_in", "world"]


def test_every_section_stands_in_one_area():
    named = [name for names in navigation.AREAS.values() for name in names]
    sections = [name for name, _title, _policy in navigation.SECTIONS]
    assert len(named) == len(set(named))
    assert len(sections) == len(set(sections))
    assert set(sections) - set(named) == {"console"}
    assert set(named) <= set(sections)


def test_the_sections_of_the_present_area_stand_below_the_areas(world, sign_in):
    page = sign_in("province").get("/console/standards/").content.decode()
    inner = page.split('class="section-nav"')[1].split("</nav>")[0]
    assert 'href="/console/standards/" aria-current="page"' in inner
    assert "/console/agreements/" in inner
    assert "/console/places/" not in inner
    # A helper opens one section of the credit bank: no second row, and its own name above.
    page = sign_in("helper").get("/console/recognition/").content.decode()
    assert 'class="section-nav"' not in page
