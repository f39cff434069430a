-- lake/marts/learner_day.sql: what each learner did on each day
-- grain   one row for each (learner_id, day)
-- reads   stage.activity
-- parts   month
-- units   activities: counted statements; attendances: classes, or platforms outside classes (人次)
-- clock   calendar days in Asia/Shanghai
select learner_id, day, count(*) as activities,
       count(distinct (source_id, registration)) as attendances, part
from stage.activity where is_counted
group by learner_id, day, part
