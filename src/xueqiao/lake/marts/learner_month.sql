-- lake/marts/learner_month.sql: what each learner did in each month
-- grain   one row for each (learner_id, month)
-- reads   learner_day
-- parts   month
-- units   days: days with an activity; activities, attendances, seconds: sums of the days
-- clock   calendar months in Asia/Shanghai; month is the first day
select learner_id, date_trunc('month', min(day))::date as month, count(*) as days,
       sum(activities)::bigint as activities, sum(attendances)::bigint as attendances,
       sum(seconds)::bigint as seconds, part
from learner_day
group by learner_id, part
