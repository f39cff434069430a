"""Open data for everybody: the catalogue, one data set, its files, and both for programs (DCAT)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db.models import Prefetch
from django.http import FileResponse, Http404, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.urls import path, reverse
from django.utils.safestring import mark_safe
from django.utils.translation import gettext_lazy

from xueqiao.governance import rules
from xueqiao.governance.designs import columns, making
from xueqiao.governance.models import DataEdition, EditionFile, Frequency, Licence, OpenDataset
from xueqiao.kernel import clock
from xueqiao.people import rights
from xueqiao.web import access, dcat, lists
from xueqiao.web.templatetags.ui import named, titled

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse
    from django.http.response import HttpResponseBase

    from xueqiao.governance.models.opened import OpenDatasetQuerySet

GONE = 410

LISTING = lists.Listing(
    code="open-data",
    columns=(
        lists.Column(
            gettext_lazy("Data set"),
            titled,
            head=True,
            link=lambda row: reverse("open-dataset", args=[row.code]),
        ),
        lists.Column(gettext_lazy("Publisher"), lambda row: named(row.publisher)),
        lists.Column(gettext_lazy("Place"), lambda row: row.place.name),
        lists.Column(gettext_lazy("Updated"), lambda row: row.get_frequency_display()),
        lists.Column(gettext_lazy("Licence"), lambda row: row.licence),
        lists.Column(
            gettext_lazy("Published on"),
            lambda row: clock.local_date(row.published_at),
            sort="published",
        ),
    ),
    sorts={"published": ("-published_at", "-id")},
    filters=(
        lists.of_field("licence", gettext_lazy("Licence"), Licence),
        lists.of_field("frequency", gettext_lazy("Updated"), Frequency),
    ),
    search=lambda rows, text: rows.search(text),  # type: ignore[attr-defined]
    search_hint=gettext_lazy("title, keyword or name in the address"),
)


def published() -> OpenDatasetQuerySet:
    """What is public, with all that its description needs."""
    kept = DataEdition.objects.kept().order_by("-number").prefetch_related("files")
    rows = OpenDataset.objects.public().select_related("publisher", "place")
    return rows.prefetch_related(Prefetch("editions", kept, to_attr="present"))


@access.page(rights.PUBLIC)
def index(request: HttpRequest) -> HttpResponse:
    """Every data set that everybody may use."""
    rows = OpenDataset.objects.public().select_related("publisher", "place")
    return lists.answer(request, LISTING, rows, "web/open_data.html")


@access.page(rights.PUBLIC)
def catalogue(_request: HttpRequest) -> JsonResponse:
    """The catalogue as JSON-LD in the words of DCAT."""
    rows = published().order_by("code")
    return _answer(dcat.catalogue(rows, base=settings.PUBLIC_URL))


@access.page(rights.PUBLIC)
def dataset(request: HttpRequest, code: str) -> HttpResponse:
    """One data set: what it is, its columns, its first rows, its files."""
    row = _find(code)
    if row.state == OpenDataset.State.WITHDRAWN:
        return render(request, "web/open_dataset_gone.html", {"dataset": row}, status=GONE)
    return render(request, "web/open_dataset.html", _shown(request, row, _edition(row)))


def _shown(request: HttpRequest, row: OpenDataset, edition: DataEdition) -> dict[str, Any]:
    described = columns.of(edition)
    return {
        "dataset": row,
        "edition": edition,
        "columns": described,
        "names": [(each.name, each.text) for each in described],
        "files": sorted(edition.files.all(), key=lambda file: file.kind),
        "licence_address": dcat.LICENCES[Licence(row.licence)],
        "keywords": [
            word["@value"]
            for word in dcat.keywords(row)
            if word["@language"] == request.LANGUAGE_CODE[:2]
        ],
        "least": rules.SMALLEST_CELL,
        # Signs that could end the script element are written as escapes.
        "jsonld": mark_safe(  # noqa: S308
            dcat.embedded(dcat.document(row, edition, base=settings.PUBLIC_URL))
        ),
    }


@access.page(rights.PUBLIC)
def linked(_request: HttpRequest, code: str) -> JsonResponse:
    """One data set as JSON-LD."""
    row = _find(code)
    return _answer(dcat.document(row, _edition(row), base=settings.PUBLIC_URL))


@access.page(rights.PUBLIC)
def file(_request: HttpRequest, code: str, name: str) -> HttpResponseBase:
    """A file of the newest edition; nobody signs in for it."""
    row = _find(code)
    kind = name.removeprefix(f"{row.code}.")
    if kind not in EditionFile.Kind.values:
        raise Http404
    try:
        found = making.path(_edition(row), kind)
        answer = FileResponse(found.open("rb"), as_attachment=True, filename=name)
    except (making.EditionGone, FileNotFoundError) as why:
        raise Http404 from why
    answer["Content-Type"] = dcat.MEDIA_TYPES[EditionFile.Kind(kind)]
    answer["Access-Control-Allow-Origin"] = "*"
    answer["Link"] = f'<{reverse("open-dataset-jsonld", args=[code])}>; rel="describedby"'
    return answer


def _find(code: str) -> OpenDataset:
    ended = OpenDataset.State.WITHDRAWN
    found = published().filter(code=code).first()
    return found or get_object_or_404(OpenDataset, code=code, state=ended)


def _edition(row: OpenDataset) -> DataEdition:
    found = dcat.rows([row]) if hasattr(row, "present") else []
    if not found:
        raise Http404
    return found[0][1]


def _answer(found: dict[str, Any]) -> JsonResponse:
    answer = JsonResponse(
        found, content_type=dcat.MEDIA_TYPE, json_dumps_params={"ensure_ascii": False}
    )
    answer["Access-Control-Allow-Origin"] = "*"
    return answer


urlpatterns = [
    path("data/", index, name="open-data"),
    path("data/catalog.jsonld", catalogue, name="open-data-catalogue"),
    path("data/<slug:code>/", dataset, name="open-dataset"),
    path("data/<slug:code>/dataset.jsonld", linked, name="open-dataset-jsonld"),
    path("data/<slug:code>/<str:name>", file, name="open-data-file"),
]
