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
