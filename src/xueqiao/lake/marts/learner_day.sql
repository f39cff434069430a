-- lake/marts/learner_day.sql: what each learner did on each day
-- grain   one row for each (learner_id, day)
-- reads   stage.event
-- parts   month
-- days    day
-- units   activities: counted events; attendances: classes, or platforms outside classes (人次);
--         seconds: what the counted events say they took, 0 where none says it
-- clock   calendar days in Asia/Shanghai
with attended as (
    select learner_id, day, source_id, registration, part, count(*) as activities,
           coalesce(sum(seconds), 0)::bigint as seconds
    from stage.event where is_counted
    group by learner_id, day, source_id, registration, part
)
select learner_id, day, sum(activities)::bigint as activities, count(*) as attendances,
       sum(seconds)::bigint as seconds, part
from attended
group by learner_id, day, part
