"""Tags and filters of every template: credits, numbers, components.

Leaf components are tags (``{% badge %}``, ``{% field %}``); containers (card, table, filter bar)
are plain HTML with the classes of ``static/web/components.css``. ``/console/gallery/`` shows all.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Literal

from django import template
from django.contrib.staticfiles import finders
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from xueqiao.kernel import credit, errors
from xueqiao.web import ledger_words

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import date, datetime

    from django.forms import BoundField
    from django.http import HttpRequest
    from django.template import Context

register = template.Library()

TEN_THOUSAND, HUNDRED_MILLION = 10_000, 100_000_000
BADGE_SIGNS = {"ok": "check", "warn": "clock", "bad": "cross", "now": "arrow", "": ""}
NOTICE_SIGNS = {
    "ok": "check",
    "success": "check",
    "warn": "alert",
    "warning": "alert",
    "bad": "alert",
    "error": "alert",
}
NOTICE_LEVELS = {"success": "ok", "warning": "warn", "error": "bad"}


@dataclass(frozen=True)
class Step:
    """One step of a step list: where something stands, who has it, since when."""

    title: str
    state: Literal["done", "now", "todo", "stopped"]
    who: str = ""
    since: datetime | date | None = None
    note: str = ""


@register.filter
def credits(hundredths: int) -> str:  # noqa: A001 - the word people read
    """Whole hundredths as credits: 150 is shown as 1.5."""
    return credit.show(hundredths)


@register.filter
def number(value: float) -> str:
    """A number with thousands separators, in both languages: for tables."""
    return f"{value:,}"


@register.filter
def grouped(value: int) -> str:
    """A number for reading: 12,300 is 1.23万 in Chinese; English keeps thousands separators."""
    if not (get_language() or "").startswith("zh") or abs(value) < TEN_THOUSAND:
        return f"{value:,}"
    base, word = (HUNDRED_MILLION, "亿") if abs(value) >= HUNDRED_MILLION else (TEN_THOUSAND, "万")
    return f"{value / base:.2f}".rstrip("0").rstrip(".") + word


@register.filter
def yuan(fen: int) -> str:
    """Whole fen as yuan with two decimals."""
    sign = "-" if fen < 0 else ""
    return f"{sign}{abs(fen) // 100:,}.{abs(fen) % 100:02d}"


@register.filter
def lookup(mapping: Mapping[Any, Any], key: object) -> Any:
    """One value of a mapping, or None: for rows whose columns are data."""
    return mapping.get(key)


@register.simple_tag
def asset(name: str) -> str:
    """The address of a static file, with a digest of its content so that a change is fetched."""
    return f"{static(name)}?v={_digest(name)}"


@cache
def _digest(name: str) -> str:
    path = finders.find(name)
    if not isinstance(path, str):
        return "0"
    with open(path, "rb") as file:  # noqa: PTH123 - the finder gives a string
        return sha256(file.read()).hexdigest()[:10]


@register.simple_tag
def icon(name: str) -> SafeString:
    """A line icon; never the only carrier of a meaning."""
    sheet = asset("web/icons.svg")
    return format_html(
        '<svg class="icon" aria-hidden="true" focusable="false"><use href="{}#{}"/></svg>',
        sheet,
        name,
    )


@register.simple_tag(takes_context=True)
def current(context: Context, prefix: str, *, exact: bool = False, kind: str = "") -> SafeString:
    """``aria-current`` for a link of the navigation that leads to where the reader is."""
    request: HttpRequest = context["request"]
    here = request.path == prefix if exact else request.path.startswith(prefix)
    if kind and here:
        here = request.GET.get("kind", "class") == kind
    return mark_safe(' aria-current="page"') if here else mark_safe("")


@register.simple_tag(takes_context=True)
def query(context: Context, **changes: object) -> str:
    """The address's query with some parameters changed; an empty value removes one."""
    given = context["request"].GET.copy()
    for name, value in changes.items():
        given.pop(name, None)
        if value not in (None, ""):
            given[name] = str(value)
    return f"?{given.urlencode()}"


@register.inclusion_tag("ui/breadcrumb.html")
def breadcrumb(*parts: str) -> dict[str, Any]:
    """Title, address, title, address, …, and the page's own title last, without an address."""
    pairs = [(parts[n], parts[n + 1]) for n in range(0, len(parts) - 1, 2)]
    return {"links": pairs, "here": parts[-1] if len(parts) % 2 else ""}


@register.inclusion_tag("ui/breadcrumb.html")
def trail(links: Iterable[tuple[str, str]], here: str) -> dict[str, Any]:
    """A breadcrumb made from data: (title, address) pairs, such as 省 › 市, and the last title."""
    return {"links": list(links), "here": here}


@register.inclusion_tag("ui/page_head.html")
def page_head(title: str, lead: str = "") -> dict[str, Any]:
    """The page's heading with one sentence under it."""
    return {"title": title, "lead": lead}


@register.inclusion_tag("ui/badge.html")
def badge(text: str, level: str = "") -> dict[str, Any]:
    """A state, as a word with a sign. ``level``: ok, warn, bad, now or nothing."""
    return {"text": text, "level": level, "sign": BADGE_SIGNS.get(level, "")}


@register.inclusion_tag("ui/sample.html")
def sample(is_sample: bool = True) -> dict[str, Any]:
    """The mark of made-up institutions and people: 示例."""
    return {"is_sample": is_sample}


@register.inclusion_tag("ui/notice.html")
def notice(text: object, level: str = "info", title: str = "") -> dict[str, Any]:
    """A sentence that stands out. ``level``: info, ok, warn or bad."""
    return {
        "text": text,
        "title": title,
        "level": NOTICE_LEVELS.get(level, level),
        "sign": NOTICE_SIGNS.get(level, "info"),
    }


@register.inclusion_tag("ui/refusal.html")
def refusal(why: errors.Refusal | str | None) -> dict[str, Any]:
    """What was refused and what to do next, beside the button that caused it."""
    return {"why": why}


@register.inclusion_tag("ui/empty.html")
def empty(text: str, *, address: str = "", action: str = "", sign: str = "info") -> dict[str, Any]:
    """A list without rows: why, and the next step."""
    return {"text": text, "address": address, "action": action, "sign": sign}


@register.inclusion_tag("ui/field.html")
def field(bound: BoundField) -> dict[str, Any]:
    """Label, hint, error and control of a form's field, tied together for screen readers."""
    return {"field": bound, "optional": not bound.field.required}


@register.inclusion_tag("ui/error_summary.html")
def error_summary(form: Any) -> dict[str, Any]:
    """All errors of a form on top of it, each a link to its field."""
    return {"form": form, "fields": [bound for bound in form if bound.errors]}


@register.inclusion_tag("ui/steps.html")
def steps(rows: Iterable[Step]) -> dict[str, Any]:
    """Where something stands: what is done, who has it now and since when, what is to come."""
    words = {"done": _("Done"), "now": _("Now"), "todo": _("To come"), "stopped": _("Stopped")}
    return {"rows": [(step, words[step.state]) for step in rows]}


@register.inclusion_tag("ui/stat.html")
def stat(
    name: str, value: str, *, unit: str = "", note: str = "", address: str = ""
) -> dict[str, Any]:
    """One number with its name, unit and note; a link to its definition where there is one."""
    return {"name": name, "value": value, "unit": unit, "note": note, "address": address}


@register.inclusion_tag("ui/progress.html")
def progress(done: int, total: int, text: str = "") -> dict[str, Any]:
    """How much of a known amount is done, in words and as a bar."""
    return {"done": done, "total": max(total, 1), "text": text}


@register.inclusion_tag("ui/pager.html", takes_context=True)
def pager(context: Context, page: Any, name: str = "after") -> dict[str, Any]:
    """To the next page and back to the start. Pages are cut by key (``kernel/paging.py``)."""
    address = query(context, **{name: page.following})
    return {"page": page, "following": address, "start": query(context, **{name: ""})}


STATE_LEVELS = {
    "posted": "ok",
    "approved": "ok",
    "awarded": "ok",
    "in_review": "warn",
    "refused": "bad",
    "issued": "ok",
    "active": "ok",
    "rejected": "bad",
    "revoked": "bad",
    "reversed": "bad",
    "returned": "warn",
    "queued": "warn",
    "suspended": "warn",
    "frozen": "warn",
    "upheld": "ok",
    "changed": "ok",
    "draft": "",
    "withdrawn": "",
    "lapsed": "",
    "timed_out": "",
    "expired": "",
}


@register.filter
def state_level(state: str) -> str:
    """The badge level of a state of an application, conversion, lot or certificate."""
    return STATE_LEVELS.get(state, "now")


@register.filter
def titled(row: Any) -> str:
    """The title or name of a row in the reader's language, where it has one in both."""
    kind = "title" if hasattr(row, "title_zh") else "name"
    english = getattr(row, f"{kind}_en") if get_language() == "en" else ""
    return str(english or getattr(row, f"{kind}_zh"))


@register.filter
def acted(code: str) -> str:
    """What a kind of voucher or a code of a transfer means."""
    return ledger_words.of(code)


@register.filter
def medium(media_type: str) -> str:
    """A media type in words: PDF, photo, text; what is none of these as it is written."""
    kind = media_type.partition(";")[0].strip().lower()
    words = {"application/pdf": "PDF", "text/plain": _("text"), "image": _("photo")}
    return words.get(kind) or words.get(kind.partition("/")[0]) or media_type


@register.filter
def named(row: Any) -> str:
    """The name in the reader's language, where there is one in both."""
    chinese = row.name_zh if hasattr(row, "name_zh") else row.name
    return str((row.name_en if get_language() == "en" else "") or chinese)
