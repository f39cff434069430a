-- lake/marts/resource_use.sql: how each learning resource was used in each month
-- grain   one row for each (activity_id, month)
-- reads   stage.event
-- parts   month
-- units   uses: counted events; learners: distinct learners, not to be added up over months;
--         returned: learners who came on more than one day; completions: events that say it was
--         worked through to its end; seconds: as the sources say them
-- clock   calendar months in Asia/Shanghai; month is the first day
with learners as (
    select activity_id, learner_id, part, count(*) as uses,
           count(*) filter (where is_completion) as completions,
           coalesce(sum(seconds), 0)::bigint as seconds, min(day) as first_day, max(day) as last_day
    from stage.event where is_counted and activity_id is not null
    group by activity_id, learner_id, part
)
select activity_id, date_trunc('month', min(first_day))::date as month,
       sum(uses)::bigint as uses, count(*) as learners,
       count(*) filter (where first_day < last_day) as returned,
       sum(completions)::bigint as completions, sum(seconds)::bigint as seconds,
       min(first_day) as first_day, max(last_day) as last_day, part
from learners
group by activity_id, part
