"""A chart never stands alone: the component, and a scan of the sources for charts beside it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.template import Context, Template
from django.test import RequestFactory

from xueqiao import web
from xueqiao.web import exports, figure
from xueqiao.web.figure import Chart, Column, Figure

WEB = Path(web.__file__).parent


def made(**changes):
    given = {
        "code": "towns", "title": "Towns", "summary": "Two towns.",
        "columns": (
            Column("name", "Place", head=True, link="link"),
            Column("shown", "Value", numeric=True, sort_key="value", raw="value"),
        ),
        "rows": (
            {"name": "b", "value": 2.5, "shown": "2.5%", "link": "/b/"},
            {"name": "a", "value": 10.0, "shown": "10%", "link": ""},
            {"name": "c", "value": None, "shown": None, "link": ""},
        ),
        "chart": Chart("bars", "name", (("value", "Value"),)),
        "definition": "/definition/",
    } | changes  # fmt: skip
    return Figure(**given)


def read(query):
    return figure.read(RequestFactory().get(f"/board/{query}"), made())


def shown(it):
    return Template("{% load figures %}{% figure it %}").render(Context({"it": it}))


def test_the_component_has_all_its_parts():
    html = shown(read(""))
    assert 'role="group" aria-labelledby="figure-towns-title"' in html
    assert ">Two towns.<" in html
    assert re.search(r'<div class="figure__chart[^>]+aria-hidden="true"', html)
    assert html.count('<th scope="row">') == 3
    assert html.count('<th scope="col"') == 2
    assert 'href="/board/?figure=towns&amp;download=csv"' in html
    assert 'href="/board/?figure=towns&amp;download=xlsx"' in html
    assert 'href="/definition/"' in html


def test_a_missing_value_is_a_word_and_never_zero():
    assert "无数值" in shown(read("")) or "no value" in shown(read(""))


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("", "bac"),
        ("?figure=towns&sort=shown", "bac"),
        ("?figure=towns&sort=-shown", "abc"),
        ("?figure=towns&sort=name", "abc"),
        ("?figure=other&sort=name", "bac"),
        ("?figure=towns&sort=nothing", "bac"),
    ],
)
def test_the_table_is_sorted_by_its_address(query, names):
    """By the number, not its text; what has no value stays last."""
    assert "".join(row["name"] for row in read(query).rows) == names


def test_the_sorted_heading_says_so_and_turns_round():
    heading = read("?figure=towns&sort=shown&year=2025").headings[1]
    assert heading["now"] == "ascending"
    assert heading["address"] == "/board/?year=2025&figure=towns&sort=-shown"


def test_the_drawing_holds_what_the_table_holds():
    assert read("").drawing["rows"] == [
        {"name": "b", "value": 2.5}, {"name": "a", "value": 10.0}, {"name": "c", "value": None},
    ]  # fmt: skip


def test_text_that_a_spreadsheet_would_run_is_quoted():
    answer = exports.answer("csv", "x", ["Name"], [["=1+1"], ["plain"], [-5]])
    assert b"".join(answer.streaming_content).decode() == "\ufeffName\r\n'=1+1\r\nplain\r\n-5\r\n"


def test_no_chart_is_drawn_outside_the_component():
    """Only ``charts.js`` calls ECharts; only ``_figure.html`` has a chart, beside its table."""
    calls = [path.name for path in WEB.rglob("*.js") if "vendor" not in path.parts
             and "echarts." in path.read_text(encoding="utf-8")]  # fmt: skip
    places = [path for path in WEB.rglob("*.html") if re.search(
        r"data-figure-chart|<canvas|echarts", path.read_text(encoding="utf-8"))]  # fmt: skip
    assert calls == ["charts.js"]
    assert [path.name for path in places] == ["_figure.html"]
    assert "<table" in places[0].read_text(encoding="utf-8")


def test_scripts_of_charts_are_loaded_only_by_pages_with_figures():
    for path in WEB.rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        if "chart_scripts" in text:
            assert "{% figure " in text, path
