"""The console's navigation: only what the reader's roles open."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

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
    ("console-conversions", _("Conversions"), rights.RECOGNITION_DECIDE),
    ("console-agreements", _("Agreements"), rights.AGREEMENTS),
    ("console-lots", _("Credit lots"), rights.LOT_FREEZE),
    ("console-ledger", _("Ledger"), rights.LEDGER_SEE),
    ("console-classes", _("Classes and rosters"), rights.ROSTER),
    ("console-enrol", _("Enrol somebody"), rights.ENROL_FOR_OTHERS),
    ("console-online", _("Online courses"), rights.CMI5_COURSES),
    ("console-places", _("Places"), rights.PLACES),
    ("console-institutions", _("Institutions"), rights.PLACES),
    ("console-blank-spots", _("Blank spots"), rights.PLACES),
    ("console-records", _("Records"), rights.RECORDS_OPERATE),
    ("console-personas", _("Personas"), rights.RECORDS_PERSONAS),
    ("console-exports", _("Exports"), rights.RECORDS_EXPORT),
    ("console-erasures", _("Erasure"), rights.RECORDS_ERASE),
    ("console-connections", _("Connections"), rights.RECORDS_OPERATE),
)
# Pages that belong to a section and have addresses of their own.
BELONGING = {
    "console-alarms": "console-connections",
    "console-experts": "console-recognition",
    "console-contracts": "console-connections",
    "console-table-new": "console-connections",
}


@register.inclusion_tag("console/_navigation.html", takes_context=True)
def console_navigation(context: Context) -> dict[str, Any]:
    """The sections the reader may open; the longest address that fits is the present one."""
    request = context["request"]
    day = clock.local_date(clock.now())
    held = Role.objects.in_force(day).filter(person=getattr(request, "person", None))
    kinds = set(held.values_list("kind", flat=True))
    links = [(reverse(name), title) for name, title, policy in SECTIONS if policy.roles & kinds]
    homes = {address: address for address, _title in links}
    homes |= {reverse(name): reverse(section) for name, section in BELONGING.items()}
    fitting = [address for address in homes if request.path.startswith(address)]
    now = homes[max(fitting, key=len)] if fitting else ""
    return {"links": links, "now": now}
