"""The catalogue tool: what it takes out of code, what it reads, what it finds wrong."""

from __future__ import annotations

import sys
from pathlib import Path

import polib

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tools"))

import messages  # noqa: E402 - a tool beside the package, not part of it

TEMPLATE = """
{% extends "web/base.html" %}{% block title %}{% translate "One" %}{% endblock %}
{% page_head _("Two") _("Three") %}{{ _("Four")|lower }}
{% blocktranslate trimmed count n=rows|length %}
  {{ n }} row
{% plural %}
  {{ n }} rows
{% endblocktranslate %}
{% translate "May" context "month" %}
"""
MERGED = """
msgid ""
msgstr ""
"Language: zh_Hans\\n"

msgid "Kept"
msgstr "留"

msgid "Twice"
msgstr ""
msgstr "两次"

msgid "Half"

msgid ""
"Long text "
"in two lines"
msgstr "长"

msgctxt "month"
msgid "May"
msgstr "五月"
"""


def test_templates_give_their_messages(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text(TEMPLATE, encoding="utf-8")
    assert set(messages.from_template(page)) == {
        messages.Message("", "One", ""),
        messages.Message("", "Two", ""),
        messages.Message("", "Three", ""),
        messages.Message("", "Four", ""),
        messages.Message("", "%(n)s row", "%(n)s rows"),
        messages.Message("month", "May", ""),
    }


def test_python_gives_its_messages(tmp_path: Path) -> None:
    code = tmp_path / "code.py"
    code.write_text(
        'a = _("One " "text")\nb = ngettext("{n} row", "{n} rows", n)\n'
        'c = pgettext("month", "May")\n'
        'd = gettext_lazy("Later")\ne = _(name)\n'
    )
    assert set(messages.from_python(code)) == {
        messages.Message("", "One text", ""),
        messages.Message("", "{n} row", "{n} rows"),
        messages.Message("month", "May", ""),
        messages.Message("", "Later", ""),
    }


def test_a_merged_catalogue_is_read_as_far_as_it_makes_sense(tmp_path: Path) -> None:
    file = tmp_path / "django.po"
    file.write_text(MERGED, encoding="utf-8")
    assert messages.read(file) == {
        messages.Message("", "Kept", ""): "留",
        messages.Message("", "Twice", ""): "两次",
        messages.Message("", "Long text in two lines", ""): "长",
        messages.Message("month", "May", ""): "五月",
    }


def test_missing_chinese_and_other_placeholders_are_found() -> None:
    file = polib.POFile()
    file.append(polib.POEntry(msgid="No Chinese", msgstr=""))
    file.append(polib.POEntry(msgid="{n} rows of %(all)s", msgstr="{n} 行"))
    file.append(polib.POEntry(msgid="{n} fits", msgstr="{n} 合适"))
    assert list(messages.problems("web", file)) == [
        "web: no Chinese for 'No Chinese'",
        "web: '{n} rows of %(all)s' names ['all', 'n'], its Chinese ['n']",
    ]
