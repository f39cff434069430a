"""What the main job did, counted from the database and the lake, and shown in fifteen lines."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db.models import Count, QuerySet, Sum
from django.utils.translation import gettext as _
from rich.cells import cell_len

from xueqiao.catalog.models import Concept, Course
from xueqiao.creditbank.models import Application, Certificate, Conversion, CreditLot, SourceKind
from xueqiao.hall.models import Completion, Enrolment, Offering
from xueqiao.kernel import credit
from xueqiao.lake import engines, events, tables
from xueqiao.monitor.models import IndicatorValue
from xueqiao.network.models import Institution, Listing
from xueqiao.people.models import OutsideAccount, Person
from xueqiao.records import summary

if TYPE_CHECKING:
    from rich.console import Console

JIANGSU = "32"


def collect() -> dict[str, Any]:
    """The account: whole numbers, and none that depends on how often the job was stopped."""
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
        "lake": lake(),
        "silver": silver(),
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
            "received": each.received,
            "accepted": each.accepted,
            "duplicate": each.duplicate,
            "quarantined": each.quarantined,
            "reasons": dict(sorted(each.reasons.items())),
        }
        for each in summary.by_source()
    }


def lake() -> dict[str, int]:
    """Rows of every table of the lake, without what tells how it came to hold them (changes, and
    the runs of connections): that differs when a job was broken off and taken up again.
    """
    return {
        name: rows
        for name, rows in sorted(tables.row_counts().items())
        if name != "bronze.run" and not name.endswith("_change")
    }


def silver() -> dict[str, dict[str, Any]]:
    """Events of the lake by source and family, with the sums of their measures."""
    with engines.configured() as engine:
        return events.by_source(root=settings.LAKE, engine=engine)


def credits_by_source() -> dict[str, int]:
    """Hundredths of credit posted into lots, by what they rest on."""
    summed = CreditLot.objects.values_list("source_kind").annotate(n=Sum("amount_hundredths"))
    return dict(summed.order_by("source_kind"))


def town_coverage() -> dict[str, list[int | None]]:
    """N02 of Jiangsu: numerator and denominator by register, in the latest year."""
    found = IndicatorValue.objects.filter(indicator="N02", place__code=JIANGSU).order_by("period")
    return {row.register_id: [row.numerator, row.denominator] for row in found}


def show(noted: dict[str, Any], *, console: Console, port: int) -> None:
    """Print the account in fifteen lines."""
    rows = [
        *lines(noted["account"]),
        (
            _("Seconds"),
            _("{total:,.0f} in all; {longest}").format(
                total=sum(noted["seconds"].values()), longest=longest(noted["seconds"])
            ),
        ),
        (_("Look at"), f"http://127.0.0.1:{port}/   /console/   /cockpit/   /verify/"),
    ]
    width = max(cell_len(label) for label, _text in rows)
    for label, text in rows:
        console.print(
            f"[bold]{label}[/bold]{' ' * (width - cell_len(label))}  {text}",
            highlight=False, soft_wrap=True,
        )  # fmt: skip


def longest(seconds: dict[str, float]) -> str:
    """The three steps that took longest."""
    slowest = sorted(seconds.items(), key=lambda item: -item[1])[:3]
    return ", ".join(f"{name} {spent:,.0f}" for name, spent in slowest)


def lines(account: dict[str, Any]) -> list[tuple[str, str]]:
    """Label and text of every line but the last two."""
    return [
        (_("Places"), places_line(account["places"])),
        (_("Institutions"), institutions_line(account["institutions"])),
        (
            _("People"),
            _("{persons:,} persons, {linked:,} accounts of other platforms linked").format(
                **account["people"]
            ),
        ),
        (
            _("Catalogue"),
            _("{courses:,} courses, {concepts:,} concepts").format(**account["catalogue"]),
        ),
        *((source, record_line(counts)) for source, counts in account["records"].items()),
        (_("Quarantine"), quarantine_line(account["records"])),
        (_("Hall"), hall_line(account["hall"])),
        (_("Credit"), credit_line(account["credit"])),
        (_("Certificates"), certificates_line(account["certificates"])),
        (
            _("Lake"),
            _("{tables} tables, {rows:,} rows").format(
                tables=len(account["lake"]), rows=sum(account["lake"].values())
            ),
        ),
        (_("Indicators"), indicators_line(account["indicators"])),
    ]


def places_line(places: dict[str, dict[str, int]]) -> str:
    shown = [
        f"{register} {' / '.join(f'{n:,}' for n in levels.values())}"
        for register, levels in places.items()
    ]
    return _("{counts} (province / city / county / town / village)").format(counts="; ".join(shown))


def institutions_line(kinds: dict[str, int]) -> str:
    return _("{n:,} sample ones; {towns:,} town centres, {villages:,} village schools").format(
        n=sum(kinds.values()),
        towns=kinds.get("town_centre", 0),
        villages=kinds.get("village_school", 0),
    )


def record_line(counts: dict[str, Any]) -> str:
    text = _(
        "{received:,} received = {accepted:,} accepted + {duplicate:,} duplicate + "
        "{quarantined:,} quarantined"
    )
    parts = ("received", "accepted", "duplicate", "quarantined")
    return text.format(**{key: counts[key] for key in parts})


def quarantine_line(sources: dict[str, dict[str, Any]]) -> str:
    reasons: Counter[str] = Counter()
    for counts in sources.values():
        reasons.update(counts["reasons"])
    return ", ".join(f"{reason} {n:,}" for reason, n in sorted(reasons.items())) or _("empty")


def hall_line(hall: dict[str, Any]) -> str:
    return _("{offerings:,} classes, {enrolments:,} enrolments, {finished:,} closed").format(
        offerings=hall["offerings"], enrolments=hall["enrolments"],
        finished=sum(hall["results"].values()),
    )  # fmt: skip


def credit_line(bank: dict[str, Any]) -> str:
    hundredths = bank["by_source_hundredths"]
    text = _(
        "{lots:,} lots; {formal} credits for passed modules, {prior} for prior learning, "
        "{converted} converted"
    )
    return text.format(
        lots=bank["lots"],
        formal=credit.show(hundredths.get(SourceKind.FORMAL, 0)),
        prior=credit.show(hundredths.get(SourceKind.PRIOR, 0)),
        converted=credit.show(hundredths.get(SourceKind.CONVERTED, 0)),
    )


def certificates_line(states: dict[str, int]) -> str:
    names = {
        "queued": _("waiting for their signature"), "issued": _("issued"),
        "suspended": _("suspended"), "revoked": _("revoked"), "superseded": _("superseded"),
    }  # fmt: skip
    return ", ".join(f"{n:,} {names.get(state, state)}" for state, n in states.items())


def indicators_line(indicators: dict[str, Any]) -> str:
    shown = [
        f"{numerator:,}/{denominator:,} = {100 * numerator / denominator:.2f} % ({register})"
        for register, (numerator, denominator) in indicators["N02"].items()
    ]
    return _("{values:,} values; town centres of Jiangsu {coverage}").format(
        values=indicators["values"], coverage=", ".join(shown)
    )
