"""Pages that belong to no app: front page, help, sign-in, language and elder switches."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import path

from xueqiao.people import rights
from xueqiao.web import access


@access.page(rights.PUBLIC)
def front(request: HttpRequest) -> HttpResponse:
    """The front page."""
    return render(request, "web/front.html")


urlpatterns = [path("", front, name="front")]
