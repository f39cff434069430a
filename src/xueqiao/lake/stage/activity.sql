-- lake/stage/activity.sql: what learners did, each statement once, without what was voided
-- grain   one row for each statement_id
-- reads   bronze.statement, bronze.actor, bronze.verb, stage.voided
-- parts   month
-- reopens bronze.actor by actor_id, bronze.verb by verb_id, stage.voided by statement_id
-- units   is_counted: whether it counts as a learning activity (records/rules.py)
-- clock   day, part: calendar of Asia/Shanghai; event_at: UTC
with once as (
    select * from bronze.statement
    qualify row_number() over (partition by statement_id order by xid, id) = 1
)
select statement_id, learner_id, source_id, once.verb_id, activity_id, registration, event_at,
       (event_at at time zone 'Asia/Shanghai')::date as day, counts as is_counted, part
from once
join bronze.actor using (actor_id)
join bronze.verb verb on verb.verb_id = once.verb_id
where voids is null and statement_id not in (select statement_id from stage.voided)
