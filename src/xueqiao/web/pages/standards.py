"""What anybody may read: frameworks, standards with their units, two versions side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.http import Http404
from django.shortcuts import get_object_or_404, render
from django.urls import path, reverse
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from xueqiao.creditbank.models import QualificationFramework, Standard
from xueqiao.creditbank.standards import comparing, published
from xueqiao.creditbank.standards.case import writing
from xueqiao.creditbank.standards.looking_up import in_force
from xueqiao.kernel import clock
from xueqiao.people import rights
from xueqiao.web import access, lists

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.db.models import QuerySet
    from django.http import HttpRequest, HttpResponse


def searched(rows: QuerySet[Any], text: str) -> QuerySet[Any]:
    """Standards whose title, code, owner or units hold the words."""
    for word in text.split():
        names = ("code", "title_zh", "title_en", "owner", "units__title_zh", "units__code")
        found = Standard.objects.none()
        for name in names:
            found |= Standard.objects.filter(**{f"{name}__icontains": word})
        rows = rows.filter(pk__in=found.values("pk"))
    return rows


def fields() -> Iterable[tuple[str, str]]:
    """The fields of what is published."""
    rows = Standard.objects.filter(is_draft=False).order_by("field")
    return [(name, name) for name in rows.values_list("field", flat=True).distinct()]


def levels() -> Iterable[tuple[str, str]]:
    """The numbers of the levels of what is published."""
    rows = Standard.objects.filter(is_draft=False).order_by("level__number")
    return [(str(n), str(n)) for n in rows.values_list("level__number", flat=True).distinct()]


def of_time(rows: QuerySet[Any], asked: str) -> QuerySet[Any]:
    """Standards in force today, those that ended, or those that begin later."""
    today = clock.today()
    if asked == "ended":
        return rows.filter(valid_to__lte=today)
    return rows.filter(valid_from__gt=today) if asked == "later" else in_force(rows, today)


def state(row: Any) -> str:
    """A badge: a draft, later, in force, ended."""
    today = clock.today()
    if row.is_draft or row.valid_from > today:
        return "warn"
    return "bad" if row.valid_to and row.valid_to <= today else "ok"


def state_words(row: Any) -> str:
    """The same in words."""
    today = clock.today()
    if row.is_draft:
        return _("Draft")
    if row.valid_from > today:
        return _("Begins later")
    return _("Ended") if row.valid_to and row.valid_to <= today else _("In force")


def title(row: Any) -> str:
    """The title in the reader's language."""
    chinese = (get_language() or "").startswith("zh")
    found: str = row.title_zh if chinese else row.title_en
    return found


COLUMNS = (
    lists.Column(gettext_lazy("Code"), lambda row: row.code, sort="code"),
    lists.Column(gettext_lazy("Version"), lambda row: row.version),
    lists.Column(gettext_lazy("Level"), lambda row: row.level.number, numeric=True, sort="level"),
    lists.Column(gettext_lazy("Field"), lambda row: row.field),
    lists.Column(gettext_lazy("Kept by"), lambda row: row.owner),
    lists.Column(gettext_lazy("In force from"), lambda row: row.valid_from, sort="from"),
    lists.Column(gettext_lazy("State"), state_words, state=state),
)
FILTERS = (
    lists.Filter("field", gettext_lazy("Field"), fields, lambda rows, v: rows.filter(field=v)),
    lists.Filter(
        "level", gettext_lazy("Level"), levels, lambda rows, v: rows.filter(level__number=v)
    ),
)
SORTS: dict[str, tuple[str, ...]] = {
    "code": ("code", "-valid_from", "id"),
    "level": ("level__number", "code", "id"),
    "from": ("-valid_from", "code", "id"),
}
LISTING = lists.Listing(
    code="standards",
    columns=(
        lists.Column(
            gettext_lazy("Standard"),
            title,
            head=True,
            link=lambda row: reverse("standard", args=[row.code, row.version]),
        ),
        *COLUMNS,
    ),
    sorts=SORTS,
    filters=(
        lists.Filter(
            "time",
            gettext_lazy("Time"),
            lambda: [("", _("In force")), ("later", _("Begins later")), ("ended", _("Ended"))],
            of_time,
            required=True,
        ),
        *FILTERS,
    ),
    search=searched,
    search_hint=gettext_lazy("title, code, body, unit"),
)


@access.page(rights.PUBLIC)
def listing(request: HttpRequest) -> HttpResponse:
    """Standards in force, and the frameworks they are levelled in."""
    rows = published.standards()
    if not request.GET.get("time"):
        rows = of_time(rows, "")
    more = {"frameworks": published.frameworks().order_by("code", "-valid_from")}
    return lists.answer(request, LISTING, rows, "standards/list.html", more)


@access.page(rights.PUBLIC)
def standard(request: HttpRequest, code: str, version: str) -> HttpResponse:
    """A standard: its units, what one is able to do, by what it is seen, for how much credit."""
    row = get_object_or_404(published.standards(), code=code, version=version)
    units = list(row.units.select_related("level").order_by("code"))
    context = {
        "row": row,
        "units": units,
        "total": sum(unit.credit_hundredths for unit in units),
        "versions": published.standards().filter(code=code).order_by("-valid_from"),
        "state": state(row),
        "state_words": state_words(row),
        "identifier": writing.identifier_of(row),
    }
    return render(request, "standards/standard.html", context)


@access.page(rights.PUBLIC)
def framework(request: HttpRequest, code: str, version: str) -> HttpResponse:
    """A framework: its levels and their descriptors."""
    row = get_object_or_404(published.frameworks(), code=code, version=version)
    context = {
        "row": row,
        "levels": row.levels.order_by("-number"),
        "versions": published.frameworks().filter(code=code).order_by("-valid_from"),
        "state": state(row),
        "state_words": state_words(row),
        "identifier": writing.identifier_of(row),
    }
    return render(request, "standards/framework.html", context)


@access.page(rights.PUBLIC)
def compare(request: HttpRequest, kind: str, code: str) -> HttpResponse:
    """Two published versions side by side; the latest two where the address names none."""
    rows: QuerySet[Any] = (
        published.standards() if kind == "standards" else published.frameworks()
    ).filter(code=code)
    versions = list(rows.order_by("-valid_from"))
    if not versions:
        raise Http404
    named = {row.version: row for row in versions}
    new = named.get(request.GET.get("to", ""), versions[0])
    old = named.get(request.GET.get("from", ""), versions[min(1, len(versions) - 1)])
    return render(request, "standards/compare.html", compared(kind, old, new, versions))


def compared(
    kind: str,
    old: Standard | QualificationFramework,
    new: Standard | QualificationFramework,
    versions: list[Any],
) -> dict[str, Any]:
    """What the page of two versions shows."""
    return {
        "kind": kind,
        "old": old,
        "new": new,
        "versions": versions,
        "parts": comparing.compare(old, new),
    }


urlpatterns = [
    path("standards/", listing, name="standards"),
    path("standards/<str:code>/compare/", compare, {"kind": "standards"}, name="standard-compare"),
    path(
        "frameworks/<str:code>/compare/", compare, {"kind": "frameworks"}, name="framework-compare"
    ),
    path("standards/<str:code>/<str:version>/", standard, name="standard"),
    path("frameworks/<str:code>/<str:version>/", framework, name="framework"),
]
