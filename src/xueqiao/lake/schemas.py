"""The columns of bronze: the contract with the ``exports`` of the rooms below."""

from __future__ import annotations

from xueqiao.lake.sources import BIG, DAY, FLAG, INSTANT, INT, TEXT, columns

REGISTER = columns(register=TEXT, as_of=DAY, deepest_level=INT)
LISTING = columns(
    register=TEXT, place_id=BIG, code=TEXT, name=TEXT, level=INT, parent_id=BIG,
    valid_from=DAY, valid_to=DAY,
)
CLOSURE = columns(
    register=TEXT, ancestor_id=BIG, descendant_id=BIG, depth=INT, carried=FLAG,
    valid_from=DAY, valid_to=DAY,
)
POPULATION = columns(
    place_id=BIG, census=INT, sex=TEXT, age_from=INT, age_to=INT, is_remainder=FLAG, residents=BIG
)
INSTITUTION = columns(
    institution_id=BIG, code=TEXT, kind=TEXT, serves_elders=FLAG, is_sample=FLAG,
    valid_from=DAY, valid_to=DAY,
)
SEAT = columns(institution_id=BIG, register=TEXT, place_id=BIG, valid_from=DAY, valid_to=DAY)
PERSON = columns(
    person_id=BIG, sex=TEXT, birth_year=INT, home_id=BIG, is_sample=FLAG, opened_at=INSTANT
)
ACTOR = columns(actor_id=BIG, person_id=BIG)
STATEMENT = columns(
    statement_id=TEXT, text=TEXT, actor_id=BIG, verb=TEXT, activity=TEXT, registration=TEXT,
    event_at=INSTANT, stored_at=INSTANT, source=TEXT, batch_id=BIG, voids=TEXT,
)
OFFERING = columns(
    offering_id=BIG, code=TEXT, institution_id=BIG, is_sample=FLAG, starts_on=DAY, ends_on=DAY
)
ENROLMENT = columns(
    enrolment_id=BIG, offering_id=BIG, person_id=BIG, state=TEXT, enrolled_at=INSTANT
)
COMPLETION = columns(
    enrolment_id=BIG, result=TEXT, completed_at=INSTANT, studied_credits_hundredths=BIG
)
BUDGET = columns(place_id=BIG, year=INT, line=TEXT, fen=BIG, is_sample=FLAG)
