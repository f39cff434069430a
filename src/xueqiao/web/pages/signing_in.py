"""Signing in and out: by name and password, and in the demo by choosing a named person."""

from __future__ import annotations

from django import forms
from django.contrib.auth import login as start_session
from django.contrib.auth import logout as end_session
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import path
from django.utils.translation import gettext_lazy as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from xueqiao.kernel import errors
from xueqiao.people import accounts, rights, signing_in
from xueqiao.web import access
from xueqiao.web.pages.site import back_to


class SignInForm(forms.Form):
    """Name and password."""

    username = forms.CharField(
        label=_("Sign-in name"),
        max_length=60,
        widget=forms.TextInput({"autocomplete": "username", "autocapitalize": "none"}),
    )
    password = forms.CharField(
        label=_("Password"),
        max_length=200,
        widget=forms.PasswordInput({"autocomplete": "current-password"}),
    )


@sensitive_post_parameters("password")
@access.page(rights.PUBLIC)
def sign_in(request: HttpRequest) -> HttpResponse:
    """Sign in with a password; what was typed stays, but for the password."""
    if request.method != "POST":
        return sign_in_page(request, SignInForm())
    form = SignInForm(request.POST)
    if not form.is_valid():
        return sign_in_page(request, form, status=422)
    try:
        login = signing_in.check_password(
            request=request, address=request.META.get("REMOTE_ADDR", ""), **form.cleaned_data
        )
    except errors.Refusal as why:
        form.add_error(why.pointer or None, str(why))
        return sign_in_page(request, form, status=why.status)
    start_session(request, login)
    return welcome(request)


@require_POST
@access.page(rights.PUBLIC)
def sign_in_demo(request: HttpRequest) -> HttpResponse:
    """Be one of the named people of the demo; nobody is found unless it is a demo."""
    login = get_object_or_404(accounts.demo_people(), username=request.POST.get("username", ""))
    start_session(request, login, backend="django.contrib.auth.backends.ModelBackend")
    return welcome(request)


@require_POST
@access.page(rights.PUBLIC)
def sign_out(request: HttpRequest) -> HttpResponse:
    """End the session."""
    end_session(request)
    return HttpResponseRedirect("/")


def sign_in_page(request: HttpRequest, form: SignInForm, status: int = 200) -> HttpResponse:
    context = {
        "form": form,
        "people": accounts.demo_people(),
        "next": request.POST.get("next") or request.GET.get("next", ""),
    }
    return render(request, "web/sign_in.html", context, status=status)


def welcome(request: HttpRequest) -> HttpResponse:
    """Back to where the reader came from, or to the first page of their work."""
    if request.POST.get("next"):
        return back_to(request)
    has_roles = request.user.person.roles.exists()  # type: ignore[union-attr]
    return HttpResponseRedirect("/console/" if has_roles else "/learning/")


urlpatterns = [
    path("sign-in/", sign_in, name="sign-in"),
    path("sign-in/demo/", sign_in_demo, name="sign-in-demo"),
    path("sign-out/", sign_out, name="sign-out"),
]
