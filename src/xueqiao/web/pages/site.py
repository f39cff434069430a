"""Pages that belong to no app: help, the language and elder switches."""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import path
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import check_for_language
from django.views.decorators.http import require_POST

from xueqiao.people import rights
from xueqiao.web import access

ELDER_COOKIE = "elder"
REMEMBERED_FOR = timedelta(days=400)


@access.page(rights.PUBLIC)
def help_page(request: HttpRequest) -> HttpResponse:
    """Help by phone, at a counter, and what is often asked."""
    return render(request, "web/help.html")


@require_POST
@access.page(rights.PUBLIC)
def switch_elder(request: HttpRequest) -> HttpResponse:
    """Turn the elder version on or off and stay on the page."""
    answer = back_to(request)
    if request.POST.get("on") == "1":
        answer.set_cookie(ELDER_COOKIE, "1", max_age=REMEMBERED_FOR, samesite="Lax")
    else:
        answer.delete_cookie(ELDER_COOKIE, samesite="Lax")
    return answer


@require_POST
@access.page(rights.PUBLIC)
def switch_language(request: HttpRequest) -> HttpResponse:
    """Change the language and stay on the page."""
    answer, language = back_to(request), request.POST.get("language", "")
    if check_for_language(language) and language in dict(settings.LANGUAGES):
        answer.set_cookie(
            settings.LANGUAGE_COOKIE_NAME, language, max_age=REMEMBERED_FOR, samesite="Lax"
        )
    return answer


def back_to(request: HttpRequest) -> HttpResponseRedirect:
    """Back to the page that the form names; to the front page if it names another host."""
    address = request.POST.get("next") or request.GET.get("next") or "/"
    allowed = url_has_allowed_host_and_scheme(address, {request.get_host()}, request.is_secure())
    return HttpResponseRedirect(address if allowed else "/")


urlpatterns = [
    path("help/", help_page, name="help"),
    path("switch/elder/", switch_elder, name="elder-switch"),
    path("switch/language/", switch_language, name="language-switch"),
]
