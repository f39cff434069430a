"""Console: the files of a research extract, and the links by which recipients fetch them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import FileResponse
from django.shortcuts import get_object_or_404, render
from django.urls import path, reverse
from django.views.decorators.http import require_POST

from xueqiao.governance.extracts import handing
from xueqiao.governance.models import ResearchExtractFile
from xueqiao.kernel import clock, errors
from xueqiao.people import rights
from xueqiao.web import access
from xueqiao.web.pages import console_lake_extracts as extracts

if TYPE_CHECKING:
    from pathlib import Path

    from django.http import HttpRequest, HttpResponse


def _find(request: HttpRequest, pk: int) -> ResearchExtractFile:
    rows = ResearchExtractFile.objects.select_related(
        "extract__asked_by", "extract__place", "extract__decided_by"
    )
    return get_object_or_404(rows, pk=pk, extract__asked_by=access.signed_in(request))


@access.page(rights.LAKE_ANALYSE)
def fetch(request: HttpRequest, pk: int) -> HttpResponse:
    """One file, for who asked for the extract; written down."""
    file = _find(request, pk)
    try:
        return _file(file, handing.take(file=file, by=access.signed_in(request), at=clock.now()))
    except errors.Refusal as why:
        return extracts.page(request, file.extract, why)


@require_POST
@access.page(rights.LAKE_ANALYSE)
def link_to(request: HttpRequest, pk: int) -> HttpResponse:
    """Make a link by which a recipient fetches one file."""
    file = _find(request, pk)
    try:
        made = handing.make_link(file=file, by=access.signed_in(request), at=clock.now())
    except errors.Refusal as why:
        return extracts.page(request, file.extract, why)
    address = request.build_absolute_uri(reverse("lake-extract-file", args=[made, file.name]))
    return extracts.page(request, file.extract, link=address)


@access.page(rights.PUBLIC)
def follow(request: HttpRequest, link: str, name: str) -> HttpResponse:
    """The file behind a link; what the link says opens it, nothing else."""
    del name
    try:
        opened = handing.follow(link=link, at=clock.now())
        return _file(opened.file, opened.path)
    except errors.Refusal as why:
        return render(request, "web/lake_file_gone.html", {"refusal": why}, status=why.status)


def _file(file: ResearchExtractFile, path: Path) -> HttpResponse:
    name = f"X-{file.extract_id}-{file.edition}-{file.name}"
    answer = FileResponse(path.open("rb"), as_attachment=True, filename=name)
    answer["Cache-Control"] = "private, no-store"
    return answer  # type: ignore[return-value]


urlpatterns = [
    path("console/lake/extracts/files/<int:pk>/", fetch, name="console-lake-extract-file"),
    path("console/lake/extracts/files/<int:pk>/link/", link_to, name="console-lake-extract-link"),
    path("lake/extracts/<str:link>/<str:name>", follow, name="lake-extract-file"),
]
