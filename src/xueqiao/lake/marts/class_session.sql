-- lake/marts/class_session.sql: meetings of classes, on the spot or online, and who came
-- grain   one row for each (source_id, activity_id, day)
-- reads   stage.event
-- parts   month
-- days    day
-- units   learners: distinct learners who came; seconds: the sum of how long they stayed, as the
--         source says it
-- clock   calendar days in Asia/Shanghai
select source_id, activity_id, day, count(distinct learner_id) as learners,
       coalesce(sum(seconds), 0)::bigint as seconds, part
from stage.event
where family = 'offline' and activity_id is not null and duplicate_of is null
group by source_id, activity_id, day, part
