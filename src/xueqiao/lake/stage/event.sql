-- lake/stage/event.sql: what learners did, one event for each statement, without what was voided
-- grain   one row for each event_id
-- reads   stage.reading, stage.voided, bronze.actor, bronze.verb, bronze.activity, bronze.family
-- parts   month
-- days    day
-- reopens stage.voided by event_id, bronze.actor by actor_id, bronze.verb by verb_id,
--         bronze.activity by activity_id
-- units   family: session video assessment discussion enrolment completion credential offline search
--         recommendation other (codes/families.csv); seconds; score_hundredths, progress_hundredths:
--         1/100 of the whole; duplicate_of: the event of the same day that says the same within ten
--         seconds, from the source that was known first; is_counted: counts as a learning activity and is no duplicate
-- clock   event_at, arrived_at: UTC; day, part: calendar of Asia/Shanghai
with means as (
    select verb.verb_id, code.activity_type, code.family, code.is_success, code.is_completion,
           coalesce(code.valid_from, date '0001-01-01') as valid_from,
           coalesce(code.valid_to, date '9999-12-31') as valid_to
    from bronze.verb verb join bronze.family code on code.verb = verb.iri
), repeated as (
    select event_id, day, min(log_id) as log_id
    from stage.reading group by event_id, day having count(*) > 1
), told as materialized (
    select reading.event_id, coalesce(exact.family, plain.family, 'other') as family,
           reading.verb_id, reading.activity_id, actor.learner_id, reading.source_id,
           reading.batch_id, reading.registration, reading.event_at,
           reading.stored_at as arrived_at, reading.day, reading.seconds,
           reading.score_hundredths, reading.progress_hundredths,
           coalesce(reading.is_success, exact.is_success, plain.is_success) as is_success,
           coalesce(reading.is_completion, exact.is_completion, plain.is_completion)
               as is_completion,
           verb.counts, reading.part
    from stage.reading reading
    join bronze.actor actor on actor.actor_id = reading.actor_id
    join bronze.verb verb on verb.verb_id = reading.verb_id
    left join bronze.activity activity on activity.activity_id = reading.activity_id
    left join means exact
      on exact.verb_id = reading.verb_id and exact.activity_type = activity.type
     and exact.activity_type <> '' and exact.valid_from <= reading.day
     and reading.day < exact.valid_to
    left join means plain
      on plain.verb_id = reading.verb_id and plain.activity_type = ''
     and plain.valid_from <= reading.day and reading.day < plain.valid_to
    left join repeated on repeated.event_id = reading.event_id and repeated.day = reading.day
    where left_out = '' and voids is null
      and coalesce(repeated.log_id = reading.log_id, true)
      and reading.event_id not in (select event_id from stage.voided)
), twofold as (
    select learner_id, verb_id, activity_id, day
    from told where activity_id is not null
    group by learner_id, verb_id, activity_id, day
    having min(source_id) < max(source_id)
), candidate as (
    select told.event_id, told.learner_id, told.verb_id, told.activity_id, told.day,
           told.source_id, told.event_at, epoch(told.event_at)::bigint // 10 as slot
    from told join twofold
      on twofold.learner_id = told.learner_id and twofold.verb_id = told.verb_id
     and twofold.activity_id = told.activity_id and twofold.day = told.day
), near as (
    -- Joined by slots of ten seconds, so that a flood of one learner's events stays cheap.
    select later.event_id, earlier.event_id as duplicate_of
    from candidate later
    cross join (select -1 as step union all select 0 union all select 1) steps
    join candidate earlier
      on earlier.learner_id = later.learner_id and earlier.verb_id = later.verb_id
     and earlier.activity_id = later.activity_id and earlier.day = later.day
     and earlier.slot = later.slot + steps.step and earlier.source_id < later.source_id
     and abs(epoch(earlier.event_at) - epoch(later.event_at)) <= 10
    qualify row_number() over (
        partition by later.event_id
        order by earlier.source_id, abs(epoch(earlier.event_at) - epoch(later.event_at)),
                 earlier.event_id) = 1
)
select told.event_id, told.family, told.verb_id, told.activity_id, told.learner_id,
       told.source_id, told.batch_id, told.registration, told.event_at, told.arrived_at, told.day,
       told.seconds, told.score_hundredths, told.progress_hundredths, told.is_success,
       told.is_completion, told.counts and near.event_id is null as is_counted,
       near.duplicate_of, told.part
from told left join near on near.event_id = told.event_id
