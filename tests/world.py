"""A small world for the pages: a county with everything that a page can show, made through verbs.

Tests with the Django client call ``build()`` inside their transaction. The browser tests run
``python -m tests.world`` with a home of their own and serve it; it prints the world as JSON.
"""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, replace
from datetime import datetime


@dataclass
class World:
    """Primary keys, by what the tests call the thing."""

    province: int
    county: int
    town: int
    village: int
    sibling: int
    institution: int
    course: int
    open_class: int
    full_class: int
    finished_class: int
    closed_class: int
    lot: int
    version: int
    certificate: str
    share: str
    share_gone: str
    transcript: str
    draft: int
    application: int
    online_course: int
    online_learner: str
    source: int
    key: int
    statement: str
    voided: str
    destination: int
    reaction: int
    profile_contract: int
    erasure: int
    erased: int
    grant: int
    query: str
    lake_export: str
    extract: int
    extract_made: int
    open_asked: int
    open_published: int
    sharing_offered: int
    sharing_held: int
    term: int
    lake_hold: int
    given_up: int
    plan: int
    agreement: int
    rule: int
    rule_version: int
    published_version: int
    simulation: int
    consultation: int
    persona: str
    sheet: int
    export: str
    node: str
    session: int
    roster: int
    faulty: int
    merge: int
    moved: int
    bank: str
    honour: int
    qualification: int
    micro: int
    award: int
    people: dict[str, int]
    # Of the served site only: what came in through the door.
    connection: int = 0
    folder: int = 0
    contract: int = 0
    held: int = 0
    table: str = ""
    # Of the served site only: what editors of standards have begun.
    standard: int = 0
    standard_draft: int = 0
    standard_unit: int = 0
    framework_draft: int = 0
    package: int = 0
    # Cases of recognition further on their road.
    panel_case: int = 0
    panel_file: int = 0
    noticed: int = 0
    rejected: int = 0


def build(now: datetime | None = None) -> World:
    """Make the world. Classes lie around ``now``, so that one is open and one is over."""
    from tests.world_parts import (  # noqa: PLC0415 - after Django is ready
        bank,
        erasure,
        figures,
        lake,
        learning,
        online,
        opened,
        places,
        plans,
        records,
        relay,
        retention,
        rulebook,
        service,
        sharing,
        staff,
    )
    from xueqiao.kernel import clock  # noqa: PLC0415

    now = now or clock.now()
    where = places.county_with_family()
    people = staff.people(where, now)
    classes = learning.classes(where, people, now)
    credit = bank.credit(people, now)
    sharing.suspended(credit["certificate"], now)
    figures.figures(where, now)
    begun = online.course(people, now)
    sent = records.records(where, people, now)
    return World(
        province=where.province.pk,
        county=where.county.pk,
        town=where.town.pk,
        village=where.village.pk,
        sibling=where.sibling.pk,
        institution=where.institution.pk,
        people={name: person.pk for name, person in people.items()},
        **classes,
        **credit,
        **begun,
        **sent,
        **relay.relay(now),
        **erasure.erasure(people, now),
        **lake.lake(people, where.province.pk, now),
        **opened.opened(where, people, now),
        **opened.shared(where, people, now),
        **retention.retention(people, where.village, now),
        **service.service(where, people, now),
        **rulebook.rulebook(where, people, now),
        **plans.plans(people, now),
        **sharing.shared(people, now),
    )


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "xueqiao.settings")
    import django  # noqa: PLC0415 - needs the setting first

    from tests import schema  # noqa: PLC0415 - as the rest of what makes the site

    schema.lay(os.environ["XUEQIAO_HOME"])
    django.setup()
    from tests.world_parts import disputes, door, editors  # noqa: PLC0415 - after Django is ready

    made = build()
    made = replace(made, **door.door(), **editors.editors(made.people))
    made = replace(made, **disputes.cases(made.people))
    print(json.dumps(asdict(made)))  # noqa: T201 - the answer to who started this


if __name__ == "__main__":
    main()
