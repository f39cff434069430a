"""Profiles agreed with sources, and the check of what comes."""

from __future__ import annotations

import time
from collections import Counter
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from django.db import IntegrityError, transaction
from django.db.models import F, Sum
from django.utils.translation import gettext as _

from xueqiao.kernel import bulk, clock, cursor, errors
from xueqiao.records import following
from xueqiao.relay.models import Breach, Profile, ProfileContract, TemplateTally
from xueqiao.relay.profiles import document, matching

if TYPE_CHECKING:
    from datetime import date, datetime
    from uuid import UUID

    from xueqiao.people.models import Person
    from xueqiao.records.sources import Source

A_READ = 1000
SECONDS = 30.0
BREACHES_KEPT = 20


class AlreadyAgreed(errors.Refusal):
    """The source keeps to this profile already."""

    code = "relay.profile_already_agreed"


def load(*, given: Any, at: datetime, by: Person | None) -> Profile:
    """Keep a profile; a version that is held already is returned as it is.

    Raises:
        ProfileUnfit: statements cannot be checked against it.
    """
    read = document.read(given)
    defaults = {
        "iri": read.iri, "title": read.title, "document": given, "loaded_at": at, "loaded_by": by,
    }  # fmt: skip
    return Profile.objects.get_or_create(version_iri=read.version_iri, defaults=defaults)[0]


def agree(*, source: Source, profile: Profile, from_start: bool, at: datetime) -> ProfileContract:
    """From now on the statements of a source are checked against a profile.

    Args:
        from_start: check what is held already too.

    Raises:
        AlreadyAgreed: it is in force.
    """
    made = ProfileContract(source=source, profile=profile, since=at)
    if not from_start:
        made.xid, made.row = following.newest()
    try:
        with transaction.atomic():
            made.save()
    except IntegrityError as why:
        text = _("{source} keeps to this profile already.")
        raise AlreadyAgreed(text.format(source=source.name)) from why
    return made


def end(*, contract: ProfileContract, at: datetime) -> None:
    """Check no more; the report stays."""
    ProfileContract.objects.filter(pk=contract.pk, ended_at=None).update(ended_at=at)


def run(*, now: datetime, seconds: float = SECONDS) -> int:
    """Check what has come, for every contract in force. Returns how many statements were read."""
    del now
    ends, read = time.monotonic() + seconds, 0
    for contract in ProfileContract.objects.filter(ended_at=None).order_by("pk"):
        while time.monotonic() < ends and (done := check_next(contract=contract)):
            read += done
    return read


def check_next(*, contract: ProfileContract) -> int:
    """Check the next statements of one contract. Returns how many were read."""
    place = ProfileContract.objects.select_related("source", "profile").get(pk=contract.pk)
    told = following.after(cursor.Position(place.xid, place.row), limit=A_READ)
    if not told:
        return 0
    found = _check(place, [each for each in told if each.source == place.source.code])
    end_ = told[-1].position
    with transaction.atomic():
        rows = ProfileContract.objects.filter(pk=place.pk, xid=place.xid, row=place.row)
        unmatched = F("unmatched") + found.unmatched
        if not rows.update(xid=end_.xid, row=end_.row, unmatched=unmatched):
            return 0
        _count(place, found)
        _keep(place, found.breaches)
    return len(told)


class _Found(NamedTuple):
    checked: Counter[tuple[str, date]]
    broken: Counter[tuple[str, date]]
    unmatched: int
    breaches: list[tuple[str, matching.Broken, UUID, datetime]]


@lru_cache(maxsize=64)
def _read(pk: int, loaded_at: datetime) -> document.Profile:
    """A profile that was loaded never changes, so that it is compiled once."""
    return document.read(Profile.objects.get(pk=pk, loaded_at=loaded_at).document)


def _check(contract: ProfileContract, told: list[following.Told]) -> _Found:
    profile = _read(contract.profile.pk, contract.profile.loaded_at)
    found = _Found(Counter(), Counter(), 0, [])
    unmatched = 0
    for each in told:
        belongs = matching.templates(profile, each.statement)
        unmatched += not belongs
        day = clock.local_date(each.stored_at)
        for template in belongs:
            found.checked[template.iri, day] += 1
            bad = matching.broken(template, each.statement)
            found.broken[template.iri, day] += bool(bad)
            found.breaches.extend((template.iri, one, each.uuid, each.stored_at) for one in bad)
    return found._replace(unmatched=unmatched)


def _count(contract: ProfileContract, found: _Found) -> None:
    keys = sorted(found.checked)
    rows = [(contract.pk, iri, day, 0, 0) for iri, day in keys]
    columns = ("contract_id", "template", "day", "checked", "broken")
    bulk.insert(TemplateTally, columns, rows, ignore_conflicts=True)
    for iri, day in keys:
        TemplateTally.objects.filter(contract=contract, template=iri, day=day).update(
            checked=F("checked") + found.checked[iri, day],
            broken=F("broken") + found.broken[iri, day],
        )


def _keep(
    contract: ProfileContract, breaches: list[tuple[str, matching.Broken, UUID, datetime]]
) -> None:
    """Keep the newest examples of each broken rule: enough to mend it by, and no second store."""
    newest: dict[tuple[str, int], list[Breach]] = {}
    for iri, one, uuid, stored_at in breaches:
        held = newest.setdefault((iri, one.rule), [])
        held.append(
            Breach(
                contract=contract, template=iri, rule=one.rule, location=one.location[:400],
                why=one.why, statement=uuid, stored_at=stored_at,
            )
        )  # fmt: skip
    for (iri, rule), rows in newest.items():
        Breach.objects.bulk_create(rows[-BREACHES_KEPT:])
        same = Breach.objects.filter(contract=contract, template=iri, rule=rule)
        old = same.order_by("-pk").values_list("pk", flat=True)[BREACHES_KEPT:]
        Breach.objects.filter(pk__in=list(old)).delete()


class TemplateReport(NamedTuple):
    """How well a source keeps to a template: statements checked, and broken ones among them."""

    template: document.Template
    checked: int
    broken: int
    breaches: list[Breach]


def report(*, contract: ProfileContract) -> list[TemplateReport]:
    """One line for each template, in the order of the profile. Three queries."""
    sums = contract.tallies.values("template").annotate(n=Sum("checked"), bad=Sum("broken"))
    held = {row["template"]: (row["n"], row["bad"]) for row in sums}
    examples: dict[str, list[Breach]] = {}
    for breach in contract.breaches.order_by("template", "rule", "-pk"):
        examples.setdefault(breach.template, []).append(breach)
    profile = _read(contract.profile.pk, contract.profile.loaded_at)
    return [
        TemplateReport(each, *held.get(each.iri, (0, 0)), examples.get(each.iri, []))
        for each in profile.templates
    ]
