"""Every address. One list a page module, so that a page is found by its app."""

from __future__ import annotations

from importlib import import_module
from pkgutil import iter_modules
from typing import TYPE_CHECKING

from xueqiao.web import api, pages

if TYPE_CHECKING:
    from django.urls import URLPattern, URLResolver


def _collect() -> list[URLPattern | URLResolver]:
    found: list[URLPattern | URLResolver] = []
    for package in (pages, api):
        for module in sorted(iter_modules(package.__path__), key=lambda each: each.name):
            if module.name.startswith("_"):
                continue
            loaded = import_module(f"{package.__name__}.{module.name}")
            found += getattr(loaded, "urlpatterns", [])
    return found


urlpatterns = _collect()
handler400 = "xueqiao.web.pages.errors.bad_request"
handler403 = "xueqiao.web.pages.errors.forbidden"
handler404 = "xueqiao.web.pages.errors.not_found"
handler500 = "xueqiao.web.pages.errors.failed"
