"""The columns of bronze: the contract with the ``exports`` of the rooms below."""

from __future__ import annotations

from xueqiao.lake.sources import BIG, DAY, FLAG, INSTANT, INT, TEXT, columns

REGISTER = columns(register=TEXT, as_of=DAY, deepest_level=INT)
LISTING = columns(
    register=TEXT, place_id=BIG, code=TEXT, name=TEXT, level=INT, parent_id=BIG,
    valid_from=DAY, valid_to=DAY,
)  # fmt: skip
CLOSURE = columns(
    register=TEXT, ancestor_id=BIG, descendant_id=BIG, depth=INT, carried=FLAG,
    valid_from=DAY, valid_to=DAY,
)  # fmt: skip
POPULATION = columns(
    place_id=BIG, census=INT, sex=TEXT, age_from=INT, age_to=INT, is_remainder=FLAG, residents=BIG
)
INSTITUTION = columns(
    institution_id=BIG, code=TEXT, kind=TEXT, serves_elders=FLAG, is_sample=FLAG,
    valid_from=DAY, valid_to=DAY,
)  # fmt: skip
SEAT = columns(institution_id=BIG, register=TEXT, place_id=BIG, valid_from=DAY, valid_to=DAY)

PERSON = columns(learner_id=BIG, sex=TEXT, birth_year=INT, home_id=BIG, is_sample=FLAG)
FORMER_HOME = columns(change_id=BIG, learner_id=BIG, home_id=BIG, until=DAY)

SOURCE = columns(source_id=BIG, code=TEXT, is_sample=FLAG)
BATCH = columns(
    batch_id=BIG, source_id=BIG, received_at=INSTANT, received=BIG, accepted=BIG, duplicate=BIG,
    quarantined=BIG,
)  # fmt: skip
VERB = columns(verb_id=BIG, iri=TEXT, counts=FLAG)
ACTIVITY = columns(activity_id=BIG, iri=TEXT, type=TEXT)
ACTOR = columns(actor_id=BIG, learner_id=BIG)
QUARANTINE = columns(
    quarantine_id=BIG, source_id=BIG, batch_id=BIG, position=BIG, reason=TEXT, pointer=TEXT,
    state=TEXT,
)  # fmt: skip
STATEMENT = columns(
    xid=BIG, id=BIG, statement_id=TEXT, actor_id=BIG, verb_id=BIG, activity_id=BIG,
    registration=TEXT, event_at=INSTANT, stored_at=INSTANT, source_id=BIG, batch_id=BIG, voids=TEXT,
    text=TEXT,
)  # fmt: skip

OFFERING = columns(
    offering_id=BIG, code=TEXT, course_id=BIG, institution_id=BIG, place_id=BIG, starts_on=DAY,
    ends_on=DAY, for_elders=FLAG, state=TEXT, is_sample=FLAG,
)  # fmt: skip
ENROLMENT = columns(
    enrolment_id=BIG, offering_id=BIG, learner_id=BIG, state=TEXT, asked_at=INSTANT,
    enrolled_at=INSTANT, ended_at=INSTANT,
)  # fmt: skip
COMPLETION = columns(
    xid=BIG, id=BIG, enrolment_id=BIG, result=TEXT, completed_at=INSTANT,
    studied_credits_hundredths=BIG,
)  # fmt: skip

ACCOUNT = columns(learner_id=BIG, opened_at=INSTANT)
LOT = columns(
    xid=BIG, id=BIG, learner_id=BIG, institution_id=BIG, source_kind=TEXT, obtained=DAY,
    amount_hundredths=BIG,
)  # fmt: skip
TRANSFER = columns(
    xid=BIG, id=BIG, debit_id=BIG, credit_id=BIG, amount_hundredths=BIG, code=TEXT, phase=TEXT,
    event_at=INSTANT, posted_at=INSTANT,
)  # fmt: skip

BUDGET = columns(place_id=BIG, year=INT, line=TEXT, fen=BIG, is_sample=FLAG)

PLACE = columns(
    place_id=BIG, code=TEXT, level=INT, name=TEXT, kind=TEXT, valid_from=DAY, valid_to=DAY
)
SUCCESSION = columns(succession_id=BIG, predecessor_id=BIG, successor_id=BIG, day=DAY)
SETTLEMENT = columns(
    settlement_id=BIG, place_id=BIG, census=INT, is_remainder=FLAG, urban_residents=BIG,
    rural_residents=BIG,
)  # fmt: skip
ROLE = columns(
    role_id=BIG, learner_id=BIG, kind=TEXT, place_id=BIG, institution_id=BIG, valid_from=DAY,
    valid_to=DAY,
)  # fmt: skip

COURSE = columns(
    course_id=BIG, code=TEXT, title=TEXT, title_source=TEXT, school_code=TEXT, discipline=TEXT
)
REGISTRATION = columns(
    registration_id=BIG, registration=TEXT, course_id=BIG, version_id=BIG, learner_id=BIG,
    number=INT, registered_at=INSTANT, satisfied_at=INSTANT,
)  # fmt: skip
SESSION = columns(
    session_id=BIG, registration_id=BIG, part_id=BIG, mode=TEXT, launched_at=INSTANT,
    first_at=INSTANT, last_at=INSTANT, terminated_at=INSTANT, abandoned_at=INSTANT,
)  # fmt: skip

CERTIFICATE = columns(
    certificate_id=BIG, kind=TEXT, state=TEXT, learner_id=BIG, institution_id=BIG, lot_id=BIG,
    conversion_id=BIG, requested_at=INSTANT, issued_at=INSTANT, valid_until=INSTANT,
    revoked_at=INSTANT,
)  # fmt: skip
AWARD = columns(
    award_id=BIG, qualification_id=BIG, institution_id=BIG, learner_id=BIG, total_hundredths=BIG,
    state=TEXT, state_since=INSTANT, asked_at=INSTANT, awarded_at=INSTANT,
)  # fmt: skip

NODE = columns(
    node_id=BIG, code=TEXT, kind=TEXT, parent_id=BIG, institution_id=BIG, place_id=BIG,
    is_sample=FLAG, valid_from=DAY, valid_to=DAY,
)  # fmt: skip
APPOINTMENT = columns(
    appointment_id=BIG, node_id=BIG, kind=TEXT, learner_id=BIG, starts_at=INSTANT, state=TEXT,
    booked_at=INSTANT, state_since=INSTANT,
)  # fmt: skip
TICKET = columns(
    ticket_id=BIG, node_id=BIG, day=DAY, kind=TEXT, learner_id=BIG, appointment_id=BIG,
    due_at=INSTANT, drawn_at=INSTANT, state=TEXT, state_since=INSTANT, calls=INT,
)  # fmt: skip
COUNTER_SESSION = columns(
    counter_session_id=BIG, node_id=BIG, learner_id=BIG, ticket_id=BIG, started_at=INSTANT,
    ended_at=INSTANT,
)  # fmt: skip

CONNECTION = columns(
    connection_id=BIG, source_id=BIG, kind=TEXT, contract_id=BIG, failures=BIG, paused_at=INSTANT,
    created_at=INSTANT,
)  # fmt: skip
RUN = columns(
    run_id=BIG, connection_id=BIG, source_id=BIG, state=TEXT, started_at=INSTANT, ended_at=INSTANT,
    is_replay=FLAG, portions=BIG, received=BIG, accepted=BIG, duplicate=BIG, quarantined=BIG,
)  # fmt: skip
MESSAGE = columns(
    message_id=BIG, partner=TEXT, version=BIG, withdraws=FLAG, day=DAY, state=TEXT, attempts=BIG,
    answered_at=INSTANT,
)  # fmt: skip
BREAK = columns(
    break_id=BIG, partner=TEXT, day=DAY, kind=TEXT, state=TEXT, tries=BIG, opened_at=INSTANT,
    resolved_at=INSTANT,
)  # fmt: skip
SEAT_MOVE = columns(
    xid=BIG, id=BIG, bucket_id=BIG, enrolment_id=BIG, offering_id=BIG, amount=INT, reason=TEXT,
    moved_at=INSTANT,
)  # fmt: skip
