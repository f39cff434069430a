"""What the main job did, counted from the database and the lake, and shown in fifteen lines."""

from __future__ import annotations

from typing import Any

from django.db.models import Count, QuerySet, Sum
from django.utils.translation import gettext as _
from rich.console import Console
from rich.table import Table

from xueqiao.catalog.models import Concept, Course
from xueqiao.creditbank.models import Application, Certificate, Conversion, CreditLot, SourceKind
from xueqiao.hall.models import Completion, Enrolment, Offering
from xueqiao.kernel import credit
from xueqiao.lake import tables
from xueqiao.monitor.models import IndicatorValue
from xueqiao.network.models import Institution, Listing
from xueqiao.people.models import OutsideAccount, Person
from xueqiao.records import summary

JIANGSU = "32"


def collect() -> dict[str, Any]:
    """The account: whole numbers only, and nothing that depends on how often the job was stopped."""
    return {
        "places": {
            register: by(Listing.objects.filter(register=register, valid_to=None), "place__level")
            for register in ("mca", "nbs")
        },
        "institutions": by(Institution.objects.all(), "kind"),
        "people": {"persons": Person.objects.count(), "linked": OutsideAccount.objects.count()},
        "catalogue": {"courses": Course.objects.count(), "concepts": Concept.objects.count()},
        "records": records(),
        "hall": {
            "offerings": Offering.objects.count(),
            "enrolments": Enrolment.objects.count(),
            "results": by(Completion.objects.all(), "result"),
        },
        "credit": {
            "lots": CreditLot.objects.count(),
            "by_source_hundredths": credits_by_source(),
            "applications": by(Application.objects.all(), "state"),
            "conversions": by(Conversion.objects.all(), "state"),
        },
        "certificates": by(Certificate.objects.all(), "state"),
        "lake": dict(sorted(tables.row_counts().items())),
        "indicators": {"values": IndicatorValue.objects.count(), "N02": town_coverage()},
    }


def by(rows: QuerySet[Any], column: str) -> dict[str, int]:
    """Rows counted by the values of one column."""
    counted = rows.order_by(column).values_list(column).annotate(n=Count("pk"))
    return {str(value): n for value, n in counted}


def records() -> dict[str, dict[str, Any]]:
    """Received, accepted, duplicate, quarantined (by reason) for every source."""
    return {
        each.source: {
            "received": each.received, "accepted": each.accepted, "duplicate": each.duplicate,
            "quarantined": each.quarantined, "reasons": dict(sorted(each.reasons.items())),
        }
        for each in summary.by_source()
    }


def credits_by_source() -> dict[str, int]:
    """Hundredths of credit posted into lots, by what they rest on."""
    summed = CreditLot.objects.values_list("source_kind").annotate(n=Sum("amount_hundredths"))
    return {kind: n for kind, n in summed.order_by("source_kind")}


def town_coverage() -> dict[str, list[int | None]]:
    """N02 of Jiangsu: numerator and denominator by register, in the latest year."""
    found = IndicatorValue.objects.filter(indicator="N02", place__code=JIANGSU).order_by("period")
    return {row.register_id: [row.numerator, row.denominator] for row in found}


def show(noted: dict[str, Any], *, console: Console, port: int) -> None:
    """Print the account in fifteen lines."""
    table = Table(show_header=False, box=None, padding=(0, 2, 0, 0))
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for label, text in lines(noted["account"]):
        table.add_row(label, text)
    table.add_row(_("Time"), _("{total:.0f} s; longest: {longest}").format(
        total=sum(noted["seconds"].values()), longest=longest(noted["seconds"])))
    table.add_row(_("Look at"), f"http://127.0.0.1:{port}/   /console/   /cockpit/   /verify/")
    console.print(table)


def longest(seconds: dict[str, float]) -> str:
    slowest = sorted(seconds.items(), key=lambda item: -item[1])[:3]
    return ", ".join(f"{name} {spent:.0f} s" for name, spent in slowest)


def lines(account: dict[str, Any]) -> list[tuple[str, str]]:
    """Label and text of every line but the last two."""
    places, kinds, sources = account["places"], account["institutions"], account["records"]
    hall, bank, n02 = account["hall"], account["credit"], account["indicators"]["N02"]
    return [
        *((_("Places, {register}").format(register=register), _("{counts} (province, city, county, town, village)").format(
            counts=" / ".join(f"{n:,}" for n in levels.values()))) for register, levels in places.items()),
        (_("Institutions"), _("{n:,} sample ones; {towns:,} town centres, {villages:,} village schools").format(
            n=sum(kinds.values()), towns=kinds.get("town_centre", 0), villages=kinds.get("village_school", 0))),
        (_("People"), _("{persons:,} persons, {linked:,} accounts of other platforms linked").format(**account["people"])),
        (_("Catalogue"), _("{courses:,} courses, {concepts:,} concepts").format(**account["catalogue"])),
        *((source, record_line(counts)) for source, counts in sources.items()),
        (_("Quarantine"), quarantine_line(sources)),
        (_("Hall"), _("{offerings:,} classes, {enrolments:,} enrolments, {finished:,} finished").format(
            offerings=hall["offerings"], enrolments=hall["enrolments"], finished=sum(hall["results"].values()))),
        (_("Credit"), _("{lots:,} lots; {oulad} credits for passed modules, {prior} for prior learning, {converted} converted").format(
            lots=bank["lots"], **shown_credits(bank["by_source_hundredths"]))),
        (_("Certificates"), ", ".join(f"{n:,} {state}" for state, n in account["certificates"].items())),
        (_("Lake"), _("{tables} tables, {rows:,} rows").format(tables=len(account["lake"]), rows=sum(account["lake"].values()))),
        (_("Indicators"), _("{values:,} values; town centres of Jiangsu: {coverage}").format(
            values=account["indicators"]["values"],
            coverage=", ".join(f"{num:,}/{den:,} = {100 * num / den:.2f} % ({register})" for register, (num, den) in n02.items()))),
    ]


def record_line(counts: dict[str, Any]) -> str:
    return _("{received:,} received = {accepted:,} accepted + {duplicate:,} duplicate + {quarantined:,} quarantined").format(
        **{key: counts[key] for key in ("received", "accepted", "duplicate", "quarantined")})


def quarantine_line(sources: dict[str, dict[str, Any]]) -> str:
    reasons: dict[str, int] = {}
    for counts in sources.values():
        for reason, n in counts["reasons"].items():
            reasons[reason] = reasons.get(reason, 0) + n
    return ", ".join(f"{reason} {n:,}" for reason, n in sorted(reasons.items())) or _("empty")


def shown_credits(hundredths: dict[str, int]) -> dict[str, str]:
    return {
        "oulad": credit.show(hundredths.get(SourceKind.FORMAL, 0)),
        "prior": credit.show(hundredths.get(SourceKind.PRIOR, 0)),
        "converted": credit.show(hundredths.get(SourceKind.CONVERTED, 0)),
    }


