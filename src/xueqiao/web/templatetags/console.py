"""The console's navigation: only what the reader's roles open."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from django import template
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from xueqiao.kernel import clock
from xueqiao.people import rights
from xueqiao.people.models import Role

if TYPE_CHECKING:
    from django.template import Context

register = template.Library()

# Address name, title, the policy of the page behind it.
SECTIONS = (
    ("console", _("Work list"), rights.CONSOLE),
    ("console-recognition", _("Recognition"), rights.RECOGNITION_QUEUE),
    ("console-conversions", _("Conversions"), rights.CONVERSION_DECIDE),
    ("console-awards", _("Awards"), rights.CONVERSION_DECIDE),
    ("console-agreements", _("Agreements"), rights.AGREEMENTS),
    ("console-rules", _("Conversion rules"), rights.RULES_EDIT),
    ("console-certificates", _("Certificates"), rights.CERTIFICATES),
    ("console-pathways", _("Pathways"), rights.RULES_PUBLISH),
    ("console-measures", _("Numbers of measures"), rights.RULES_PUBLISH),
    ("console-lots", _("Credit lots"), rights.LOT_FREEZE),
    ("console-ledger", _("Ledger"), rights.LEDGER_SEE),
    ("console-standards", _("Standards"), rights.STANDARDS_DRAFT),
    ("console-exchange", _("Exchange"), rights.EXCHANGE),
    ("console-results", _("Results of schools"), rights.RESULTS),
    ("console-classes", _("Classes and rosters"), rights.ROSTER),
    ("console-enrol", _("Enrol somebody"), rights.ENROL_FOR_OTHERS),
    ("console-counter", _("Counter"), rights.SERVICE_COUNTER),
    ("console-openings", _("Account opening"), rights.SERVICE_OPENING),
    ("console-merges", _("Merge accounts"), rights.SERVICE_MERGE),
    ("console-particulars", _("Moves and corrections"), rights.PARTICULARS),
    ("console-nodes", _("Service points"), rights.SERVICE_NODES),
    ("console-banks", _("Banks and alliances"), rights.SERVICE_BANKS),
    ("console-honours", _("Honours"), rights.SERVICE_HONOURS),
    ("console-online", _("Online courses"), rights.CMI5_COURSES),
    ("console-places", _("Places"), rights.PLACES),
    ("console-institutions", _("Institutions"), rights.PLACES),
    ("console-blank-spots", _("Blank spots"), rights.PLACES),
    ("console-records", _("Records"), rights.RECORDS_OPERATE),
    ("console-personas", _("Personas"), rights.RECORDS_PERSONAS),
    ("console-exports", _("Exports"), rights.EXPORTS_OWN),
    ("console-erasures", _("Erasure"), rights.RECORDS_ERASE),
    ("console-connections", _("Connections"), rights.RECORDS_OPERATE),
    ("console-lake-board", _("Six-layer board"), rights.LAKE_SEE),
    ("console-lake-tables", _("Tables"), rights.LAKE_SEE),
    ("console-lake-lineage", _("Lineage"), rights.LAKE_SEE),
    ("console-lake-runs", _("Lake builds"), rights.LAKE_SEE),
    ("console-lake-queries", _("Workbench"), rights.LAKE_ANALYSE),
    ("console-lake-access", _("Access to the lake"), rights.LAKE_ANALYSE),
    ("console-lake-extracts", _("Research extracts"), rights.LAKE_ANALYSE),
    ("console-lake-sharing", _("Sharing agreements"), rights.LAKE_SHARE),
    ("console-lake-open", _("Open data"), rights.LAKE_ANALYSE),
    ("console-lake-readings", _("Readings of the lake"), rights.LAKE_AUDIT),
    ("console-lake-costs", _("Costs"), rights.LAKE_SEE),
    ("console-lake-sources", _("Source board"), rights.LAKE_SEE),
    ("console-lake-quality", _("Quality of the data"), rights.LAKE_SEE),
    ("console-lake-contracts", _("Data contracts"), rights.LAKE_SEE),
    ("console-lake-retention", _("Retention of the lake"), rights.LAKE_RETAIN),
    ("console-lake-erasures", _("Erasure in the lake"), rights.LAKE_PRIVACY),
)
# Pages that belong to a section and have addresses of their own.
BELONGING = {
    "console-frameworks": "console-standards",
    "console-packages": "console-standards",
    "console-alarms": "console-lake-board",
    "console-experts": "console-recognition",
    "console-contracts": "console-connections",
    "console-table-new": "console-connections",
}
# Which sections stand together under one word; the work list stands for itself.
AREAS: dict[Any, tuple[str, ...]] = {
    _("Credit bank"): (
        "console-recognition",
        "console-conversions",
        "console-awards",
        "console-certificates",
        "console-lots",
        "console-ledger",
        "console-exchange",
        "console-results",
    ),
    _("Standards and rules"): (
        "console-standards",
        "console-agreements",
        "console-rules",
        "console-pathways",
        "console-measures",
    ),
    _("Service points"): (
        "console-counter",
        "console-openings",
        "console-merges",
        "console-particulars",
        "console-nodes",
        "console-banks",
        "console-honours",
    ),
    _("Teaching"): ("console-classes", "console-enrol", "console-online"),
    _("Network"): ("console-places", "console-institutions", "console-blank-spots"),
    _("Records"): (
        "console-records",
        "console-connections",
        "console-personas",
        "console-exports",
        "console-erasures",
    ),
    # Sections of the lake: their addresses start with "console-lake".
    _("Data"): (
        "console-lake-board",
        "console-lake-tables",
        "console-lake-lineage",
        "console-lake-runs",
        "console-lake-queries",
        "console-lake-access",
        "console-lake-extracts",
        "console-lake-sharing",
        "console-lake-open",
        "console-lake-readings",
        "console-lake-costs",
        "console-lake-sources",
        "console-lake-quality",
        "console-lake-contracts",
        "console-lake-retention",
        "console-lake-erasures",
    ),
}


class Area(NamedTuple):
    """Some sections under one word; ``now``: the reader is in one of them."""

    title: str
    address: str
    now: bool
    names: list[str]


@register.inclusion_tag("console/_navigation.html", takes_context=True)
def console_navigation(context: Context) -> dict[str, Any]:
    """Areas and, below the present one, its sections: only what the reader may open.

    The longest address that fits is the present one.
    """
    request = context["request"]
    day = clock.today()
    held = Role.objects.in_force(day).filter(person=getattr(request, "person", None))
    kinds = set(held.values_list("kind", flat=True))
    links = {name: (reverse(name), title) for name, title, need in SECTIONS if need.roles & kinds}
    homes = {reverse(name): name for name in links}
    homes |= {reverse(name): section for name, section in BELONGING.items()}
    fitting = [address for address in homes if request.path.startswith(address)]
    now = homes[max(fitting, key=len)] if fitting else ""
    areas = [
        Area(str(title or links[names[0]][1]), links[names[0]][0], now in names, names)
        for title, names in _areas(list(links))
    ]
    inner = next((area.names for area in areas if area.now and len(area.names) > 1), [])
    here = links[now][0] if now in links else ""
    return {"areas": areas, "links": [links[name] for name in inner], "now": here}


def _areas(names: list[str]) -> list[tuple[Any, list[str]]]:
    """The sections by area, in the order of SECTIONS; an area of one section has its title."""
    # By number: the hash of a lazy title changes with the language.
    titles = list(AREAS)
    of = {name: number for number, area in enumerate(AREAS.values()) for name in area}
    found: dict[Any, list[str]] = {}
    for name in names:
        found.setdefault(of.get(name, name), []).append(name)
    return [
        (titles[key] if key in range(len(titles)) and len(inside) > 1 else "", inside)
        for key, inside in found.items()
    ]
