"""Console: the keys of a source. A secret is shown in the answer that makes it, and never again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache

from xueqiao.kernel import clock, errors
from xueqiao.people import rights
from xueqiao.records import keys
from xueqiao.records.models import KeyPair, Source
from xueqiao.web import access
from xueqiao.web.console import sources as shown

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse


@never_cache
@access.page(rights.RECORDS_OPERATE)
def new(request: HttpRequest, pk: int) -> HttpResponse:
    """The form of a new key, and the key that it makes."""
    source = get_object_or_404(Source, pk=pk)
    form = shown.KeyForm(request.POST) if request.method == "POST" else shown.KeyForm()
    if form.is_bound and form.is_valid():
        try:
            made = keys.create_key(
                source=source,
                scopes=form.cleaned_data["scopes"],
                label=form.cleaned_data["label"],
                expires_at=form.expires_at(),
                at=clock.now(),
                by=access.signed_in(request),
            )
        except errors.Refusal as why:
            form.add_error(None, why.text)
        else:
            return _made(request, source, made)
    status = 422 if form.is_bound else 200
    return render(request, "console/key_new.html", {"source": source, "form": form}, status=status)


@never_cache
@access.page(rights.RECORDS_OPERATE)
def rotate(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask, then replace a key by a new one."""
    pair = get_object_or_404(KeyPair.objects.select_related("source"), pk=pk)
    refusal = None
    if request.method == "POST":
        try:
            who = access.signed_in(request)
            made = keys.rotate_key(pair=pair, at=clock.now(), by=who)
            return _made(request, pair.source, made, old=pair)
        except errors.Refusal as why:
            refusal = why
    context = {"pair": pair, "source": pair.source, "refusal": refusal, "days": keys.GRACE.days}
    return render(request, "console/key_rotate.html", context, status=409 if refusal else 200)


@access.page(rights.RECORDS_OPERATE)
def revoke(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask, then end a key."""
    pair = get_object_or_404(KeyPair.objects.select_related("source"), pk=pk)
    if request.method != "POST":
        return render(request, "console/key_revoke.html", {"pair": pair, "source": pair.source})
    keys.revoke_key(pair=pair, at=clock.now(), by=access.signed_in(request))
    text = _("The key {key} no longer opens; other server processes know within five seconds.")
    messages.success(request, text.format(key=pair.key))
    return redirect("console-source", pair.source_id)


def _made(
    request: HttpRequest, source: Source, made: tuple[str, str], old: KeyPair | None = None
) -> HttpResponse:
    key, secret = made
    context = {"source": source, "key": key, "secret": secret, "old": old, "days": keys.GRACE.days}
    return render(request, "console/key_made.html", context)


urlpatterns = [
    path("console/records/sources/<int:pk>/keys/new/", new, name="console-key-new"),
    path("console/records/keys/<int:pk>/rotate/", rotate, name="console-key-rotate"),
    path("console/records/keys/<int:pk>/revoke/", revoke, name="console-key-revoke"),
]
