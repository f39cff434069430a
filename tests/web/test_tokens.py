"""The tokens hold what the interface promises: contrast, sizes, the same names in every variant."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path

import pytest

import xueqiao.web

TOKENS = Path(xueqiao.web.__file__).parent / "static/web/tokens.css"
BLOCK = re.compile(r'^:root(?:\[data-(\w+)="(\w+)"\])? \{(.*?)^\}', re.DOTALL | re.MULTILINE)
VALUE = re.compile(r"--([\w-]+):\s*([^;]+);")


def variants() -> dict[str, dict[str, str]]:
    """The custom properties of the light, elder and cockpit variants, each over the light ones."""
    found: dict[str, dict[str, str]] = {}
    for _kind, name, body in BLOCK.findall(TOKENS.read_text(encoding="utf-8")):
        found[name or "light"] = {**found.get("light", {}), **dict(VALUE.findall(body))}
    return found


def luminance(colour: str) -> float:
    """Relative luminance of a colour such as #0b5563, as WCAG 2.2 defines it."""
    parts = [int(colour[n : n + 2], 16) / 255 for n in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    high, low = sorted([luminance(one), luminance(other)], reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("variant", ["light", "elder", "cockpit"])
def test_body_text_has_seven_to_one(variant: str) -> None:
    tokens = variants()[variant]
    for text in ("ink", "ink-soft"):
        for ground in ("ground", "surface"):
            assert contrast(tokens[text], tokens[ground]) >= 7, (text, ground)


@pytest.mark.parametrize("variant", ["light", "elder", "cockpit"])
def test_states_and_links_have_four_and_a_half_to_one(variant: str) -> None:
    tokens = variants()[variant]
    for text in ("primary", "seal", "ok", "warn", "bad"):
        assert contrast(tokens[text], tokens["surface"]) >= 4.5, text
    for state in ("ok", "warn", "bad"):
        assert contrast(tokens[state], tokens[f"{state}-tint"]) >= 4.5, state
    assert contrast(tokens["on-primary"], tokens["primary"]) >= 4.5


@pytest.mark.parametrize("variant", ["light", "elder", "cockpit"])
def test_edges_of_fields_and_the_focus_ring_can_be_seen(variant: str) -> None:
    tokens = variants()[variant]
    assert contrast(tokens["line-strong"], tokens["surface"]) >= 3
    assert contrast(tokens["focus"], tokens["focus-edge"]) >= 3


def test_chart_colours_differ_in_lightness() -> None:
    """Eight colours that stay apart where hue cannot be seen."""
    for tokens in (variants()["light"], variants()["cockpit"]):
        light = sorted(luminance(tokens[f"chart-{n}"]) for n in range(1, 9))
        assert min(high - low for low, high in pairwise(light)) > 0.015
        ramp = [luminance(tokens[f"ramp-{n}"]) for n in range(1, 6)]
        assert ramp in (sorted(ramp), sorted(ramp, reverse=True))
