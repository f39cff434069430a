-- lake/stage/person.sql: what is known of each person, with every residence and its days
-- grain   one row for each (learner_id, valid_from)
-- reads   bronze.person, bronze.former_home
-- units   sex: GB/T 2261.1; home_id: a place of any register, null: not known. Sex and year of birth
--         are what they are now in every row, because a change of them is a correction; is_current:
--         lives there now
-- clock   valid_from, valid_to (first day after, null: still): calendar days; 0001-01-01: always
with ended as (
    select learner_id, home_id, until,
           lag(until) over (partition by learner_id order by until, change_id) as since
    from bronze.former_home
), latest as (
    select learner_id, max(until) as since from bronze.former_home group by learner_id
)
select ended.learner_id, coalesce(ended.since, date '0001-01-01') as valid_from,
       ended.until as valid_to, person.sex, person.birth_year, ended.home_id, person.is_sample,
       false as is_current
from ended join bronze.person person on person.learner_id = ended.learner_id
union all
select person.learner_id, coalesce(latest.since, date '0001-01-01'), cast(null as date),
       person.sex, person.birth_year, person.home_id, person.is_sample, true
from bronze.person person left join latest on latest.learner_id = person.learner_id
