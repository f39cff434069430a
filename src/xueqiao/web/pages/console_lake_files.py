"""Console: results of queries as files, and the links by which programs fetch them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import FileResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import path, reverse
from django.views.decorators.http import require_POST

from xueqiao.governance.exporting import asking, links
from xueqiao.governance.models import LakeExport
from xueqiao.kernel import clock, errors
from xueqiao.people import rights
from xueqiao.web import access
from xueqiao.web.console import own_exports
from xueqiao.web.pages import console_lake_queries as queries

if TYPE_CHECKING:
    from pathlib import Path
    from uuid import UUID

    from django.http import HttpRequest, HttpResponse

State = LakeExport.State


@require_POST
@access.page(rights.LAKE_ANALYSE)
def ask(request: HttpRequest, key: UUID) -> HttpResponse:
    """Ask for the result of a run as files."""
    run, kind = queries.find(request, key), request.POST.get("kind", "")
    kind = kind if kind in LakeExport.Kind.values else LakeExport.Kind.CSV.value
    try:
        made = asking.ask(run=run, kind=kind, by=access.signed_in(request), at=clock.now())
    except errors.Refusal as why:
        return queries.page(request, run, why)
    return redirect("console-lake-export", made.key)


@access.page(rights.LAKE_ANALYSE)
def one(request: HttpRequest, key: UUID) -> HttpResponse:
    """One export: how far it is, and its files when it is ready."""
    return _page(request, _find(request, key))


def _find(request: HttpRequest, key: UUID) -> LakeExport:
    rows = LakeExport.objects.select_related("run")
    return get_object_or_404(rows, key=key, asked_by=access.signed_in(request))


def _page(
    request: HttpRequest, export: LakeExport, why: errors.Refusal | None = None, link: str = ""
) -> HttpResponse:
    context = {
        "export": export,
        "parts": export.parts.order_by("number"),
        "is_open": export.state in {State.WAITING, State.RUNNING},
        "level": own_exports.level(export.state),
        "refusal": why,
        "link": link,
        "hours": int(links.LASTS.total_seconds() // 3600),
    }
    fragment = request.headers.get("HX-Target") == "export"
    template = "console/lake/_export.html" if fragment else "console/lake/export.html"
    return render(request, template, context, status=why.status if why else 200)


@require_POST
@access.page(rights.LAKE_ANALYSE)
def cancel(request: HttpRequest, key: UUID) -> HttpResponse:
    """Stop an export that is not ready."""
    export = _find(request, key)
    try:
        asking.cancel(export=export, by=access.signed_in(request), at=clock.now())
    except errors.Refusal as why:
        return _page(request, export, why)
    return redirect("console-lake-export", key)


@access.page(rights.LAKE_ANALYSE)
def part(request: HttpRequest, key: UUID, number: int) -> HttpResponse:
    """One file of an export, for who asked; written down where it is about persons."""
    export, me = _find(request, key), access.signed_in(request)
    try:
        found = asking.take(export=export, number=number, by=me, at=clock.now())
        return _file(found, f"L-{export.pk}-{found.name}")
    except errors.Refusal as why:
        return _page(request, export, why)
    except FileNotFoundError:
        return _page(request, export, asking.ExportOver(asking.gone_text()))


@require_POST
@access.page(rights.LAKE_ANALYSE)
def link_to(request: HttpRequest, key: UUID, number: int) -> HttpResponse:
    """Make a link by which a program fetches one file without signing in."""
    export = _find(request, key)
    try:
        made = links.make(
            export=export, number=number, by=access.signed_in(request), at=clock.now()
        )
    except errors.Refusal as why:
        return _page(request, export, why)
    name = export.parts.get(number=number).name
    address = reverse("lake-file", args=[made, name])
    return _page(request, export, link=request.build_absolute_uri(address))


@access.page(rights.PUBLIC)
def follow(request: HttpRequest, link: str, name: str) -> HttpResponse:
    """The file behind a link; what the link says opens it, nothing else."""
    del name
    try:
        opened = links.follow(link=link, at=clock.now())
        return _file(opened.path, f"L-{opened.part.export_id}-{opened.part.name}")
    except errors.Refusal as why:
        shown = why
    except FileNotFoundError:
        shown = asking.ExportOver(asking.gone_text())
    return render(request, "web/lake_file_gone.html", {"refusal": shown}, status=shown.status)


def _file(path: Path, name: str) -> HttpResponse:
    answer = FileResponse(path.open("rb"), as_attachment=True, filename=name)
    answer["Cache-Control"] = "private, no-store"
    return answer  # type: ignore[return-value]


urlpatterns = [
    path("console/lake/queries/<uuid:key>/export/", ask, name="console-lake-export-ask"),
    path("console/lake/queries/files/<uuid:key>/", one, name="console-lake-export"),
    path(
        "console/lake/queries/files/<uuid:key>/cancel/", cancel, name="console-lake-export-cancel"
    ),
    path(
        "console/lake/queries/files/<uuid:key>/<int:number>/", part, name="console-lake-export-part"
    ),
    path(
        "console/lake/queries/files/<uuid:key>/<int:number>/link/",
        link_to,
        name="console-lake-export-link",
    ),
    path("lake/files/<str:link>/<str:name>", follow, name="lake-file"),
]
