"""The gallery: every component in each of its states, for who builds pages. Only in debug."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django import forms
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path

from xueqiao.kernel import paging
from xueqiao.people import rights
from xueqiao.web import access
from xueqiao.web.templatetags.ui import Step

FACES = ("portal", "console", "cockpit")
DAY = datetime(2026, 3, 2, 4, tzinfo=UTC)
COLOURS = (
    "ground",
    "surface",
    "sunken",
    "ink",
    "ink-soft",
    "line",
    "primary",
    "primary-tint",
    "seal",
    "ok",
    "warn",
    "bad",
    *(f"chart-{n}" for n in range(1, 9)),
    *(f"ramp-{n}" for n in range(1, 6)),
)


class SampleForm(forms.Form):
    """One field of every kind; the last two refuse."""

    name = forms.CharField(label="Name 姓名", help_text="As on the identity card 与身份证一致")
    born = forms.DateField(
        label="Day 日期", required=False, widget=forms.DateInput({"type": "date"}, "%Y-%m-%d")
    )
    kind = forms.ChoiceField(
        label="Kind 类别", choices=[("a", "Formal 正规"), ("b", "Non-formal 非正规")]
    )
    way = forms.ChoiceField(
        label="Way 方式",
        choices=[("a", "Online 线上"), ("b", "At the counter 线下")],
        widget=forms.RadioSelect,
    )
    agreed = forms.BooleanField(label="I have read it 我已阅读")
    story = forms.CharField(label="Story 说明", widget=forms.Textarea)


@access.page(rights.PUBLIC)
def gallery(request: HttpRequest) -> HttpResponse:
    """Components in their states, on the face that the address names."""
    if not settings.DEBUG:
        raise Http404
    face = request.GET.get("face", "portal")
    context: dict[str, Any] = {
        "face": face if face in FACES else "portal",
        "faces": FACES,
        "colours": COLOURS,
        "form": SampleForm(),
        "refused": SampleForm({"kind": "a"}),
        "page": paging.Page([], "x", False),
        "steps": [
            Step("Submitted 已提交", "done", "李桂兰", DAY),
            Step("Assessed 评估", "now", "赵志强", DAY, "Portfolio 材料审阅"),
            Step("Decided 决定", "todo"),
            Step("Posted 入账", "todo"),
        ],
        "stopped": [
            Step("Submitted 已提交", "done", "李桂兰", DAY),
            Step("Not recognised 不予认定", "stopped", "吴敏", DAY),
        ],
    }
    return render(request, "web/gallery.html", context)


urlpatterns = [path("console/gallery/", gallery, name="gallery")]
