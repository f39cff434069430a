"""A small world in which every table of the lake has rows, made without chance."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from tests.lake import worlds

KINDS = ("town_centre", "village_school", "elder_university", "community_college")
TEXTS = (
    '{"result": {"score": {"scaled": 0.5}, "success": true, "duration": "PT1H2M3.5S"}}',
    '{"result": {"score": {"raw": 7, "min": 1, "max": 9}, "completion": false}}',
    '{"result": {"score": {"scaled": 3}, "duration": "P1Y"}}',
    '{"result": {"extensions": {"https://w3id.org/xapi/video/extensions/progress": 0.305}}}',
    '{"result": {"extensions": {"https://w3id.org/xapi/cmi5/result/extensions/progress": 250}}}',
    '{"object": {"definition": {"name": {"zh": "b\ufffdd"}}}}',
    '{"cut off": ',
    '{"more": 1} behind',
    "no text at all",
)
VILLAGES, TOWNS = (40, 41, 42), (30, 31, 32)


def world() -> worlds.World:
    """Two registers, twelve learners, four months of statements, classes, accounts, money."""
    made = worlds.small()
    people(made)
    institutions(made)
    classes(made)
    money(made)
    return made


def people(made: worlds.World) -> None:
    """Persons with and without home and year of birth, an agent nobody linked, a voided act."""
    for number in range(1, 13):
        made.add_person(
            number,
            birth_year=None if number == 5 else 1938 + 7 * number,
            home_id=None if number == 7 else VILLAGES[number % 3],
            is_sample=number % 4 == 0,
        )
        opened = datetime(2023 + number % 3, 12, 31, 15 + number % 3, tzinfo=UTC)
        made.account.append({"learner_id": 2 * number, "opened_at": opened})
    for number, home_id, until in ((1, 40, 6), (1, None, 24), (2, 42, 1)):
        made.add_former_home(number, home_id, date(2024, 2, until))
    made.actor.append({"actor_id": 50, "learner_id": 101})
    start = datetime(2024, 1, 30, 15, 59, 59, 999_999, tzinfo=UTC)
    for number in range(60):
        made.add_statement(
            50 if number % 11 == 0 else 1 + number % 12,
            start + timedelta(hours=41 * number),
            verb=worlds.REGISTERED if number % 9 == 0 else worlds.READ,
            source=1 + number % 2,
            registration=(None, "r1", "r2")[number % 3],
        )
    made.add_statement(1, datetime(2024, 6, 1, tzinfo=UTC), voids=made.statement[7]["statement_id"])
    again = made.statement[8]["statement_id"]
    made.add_statement(2, datetime(2024, 3, 1, tzinfo=UTC), statement_id=again)
    for number, text in enumerate(TEXTS):
        made.statement[number + 20]["text"] = text
    for verb_id, word in ((3, "answered"), (4, "attended")):
        iri = f"http://adlnet.gov/expapi/verbs/{word}"
        made.verb.append({"verb_id": verb_id, "iri": iri, "counts": True})
        for number in range(3):
            made.add_statement(1 + number, start + timedelta(days=number), verb=verb_id)
            made.statement[-1]["text"] = TEXTS[0]
    for code in (1, 2):
        made.source.append({"source_id": code, "code": f"s{code}", "is_sample": code == 2})
    made.batch.append(
        {
            "batch_id": 1, "source_id": 1, "received_at": worlds.AT, "received": 62,
            "accepted": 61, "duplicate": 1, "quarantined": 0,
        }
    )  # fmt: skip
    made.activity.append({"activity_id": 1, "iri": "http://example.org/a", "type": None})


def institutions(made: worlds.World) -> None:
    for number in range(1, 13):
        made.institution.append(
            {
                "institution_id": number,
                "code": str(number),
                "kind": KINDS[number % 4],
                "serves_elders": number % 2 == 0,
                "is_sample": number % 5 == 0,
                "valid_from": date(2010, 1, number),
                "valid_to": date(2024, 6, 1) if number % 6 == 0 else None,
            }
        )
        for register, places in (("nbs", VILLAGES), ("mca", TOWNS[:2])):
            made.seat.append(
                {
                    "institution_id": number,
                    "register": register,
                    "place_id": places[number % len(places)],
                    "valid_from": date(2012, 1, 1),
                    "valid_to": None,
                }
            )


def classes(made: worlds.World) -> None:
    """Twelve classes, each with one enrolment; nine ended in one of four ways."""
    begun = datetime(2024, 1, 31, 16, tzinfo=UTC)
    for number in range(1, 13):
        made.offering.append(
            {
                "offering_id": number, "code": str(number), "is_sample": number % 3 == 0,
                "institution_id": number, "starts_on": date(2024, 1, 1),
                "ends_on": date(2024, 6, 30), "course_id": None,
                "place_id": VILLAGES[number % 3], "for_elders": False,
                "state": "published",
            }
        )  # fmt: skip
        made.enrolment.append(
            {
                "enrolment_id": number, "offering_id": number, "learner_id": 2 * number,
                "state": "active", "asked_at": begun, "enrolled_at": begun, "ended_at": None,
            }
        )  # fmt: skip
        if number % 4:
            made.completion.append(
                {
                    "enrolment_id": number,
                    "studied_credits_hundredths": 100 + number,
                    "result": ("pass", "distinction", "fail", "withdrawn")[number % 4],
                    "completed_at": begun + timedelta(days=40 * number),
                }
            )


def money(made: worlds.World) -> None:
    for number in range(1, 7):
        made.lot.append(
            {
                "learner_id": 2 * number, "institution_id": number, "source_kind": "course",
                "obtained": date(2024, number, 28), "amount_hundredths": 50 * number,
            }
        )  # fmt: skip
        made.budget.append(
            {
                "place_id": (10, 20, 22)[number % 3], "year": 2024 + number % 2,
                "line": f"line {number}", "fen": 12_345 * number, "is_sample": number == 4,
            }
        )  # fmt: skip
    made.transfer.append(
        {
            "debit_id": 1, "credit_id": 2, "amount_hundredths": 50, "code": "award",
            "phase": "posted", "event_at": worlds.AT, "posted_at": worlds.AT,
        }
    )  # fmt: skip
