-- lake/stage/activity.sql: what learners did, each statement once, without what was voided
-- grain   one row for each statement_id
-- reads   bronze.statement, stage.actor, stage.voided, stage.uncounted_verb
-- parts   month
-- reopens stage.actor by actor_id, stage.voided by statement_id
-- units   is_counted: whether it counts as a learning activity
-- clock   day, part: calendar of Asia/Shanghai; event_at: UTC
with once as (
    select * from bronze.statement
    qualify row_number() over (partition by statement_id order by xid, id) = 1
)
select statement_id, actor_id, learner_id, source, once.verb, activity, registration, event_at,
       (event_at at time zone 'Asia/Shanghai')::date as day,
       uncounted.verb is null as is_counted, part
from once
join stage.actor using (actor_id)
left join stage.uncounted_verb uncounted on uncounted.verb = once.verb
where voids is null and statement_id not in (select statement_id from stage.voided)
