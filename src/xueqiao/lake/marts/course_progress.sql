-- lake/marts/course_progress.sql: how far each learner came in each course, by month
-- grain   one row for each (learner_id, source_id, registration, month)
-- reads   stage.event
-- parts   month
-- units   registration: one learner's enrolment as the source names it; events, days, seconds: of the
--         month; progress_hundredths: the furthest of the month, 1/100 of the course, null where the
--         source does not say; is_completed: the source said so in the month. The state on a day is
--         the furthest over the months up to it
-- clock   first_day, last_day: calendar days in Asia/Shanghai; month is the first day
select learner_id, source_id, registration, date_trunc('month', min(day))::date as month,
       min(day) as first_day, max(day) as last_day, count(*) as events,
       -- A bit for each day of the month; a set of days for each group costs five times as much.
       bit_count(bit_or(1::bigint << extract(day from day)::integer))::bigint as days,
       coalesce(sum(seconds), 0)::bigint as seconds,
       max(progress_hundredths) as progress_hundredths,
       coalesce(bool_or(is_completion), false) as is_completed, part
from stage.event
where registration is not null and duplicate_of is null
group by learner_id, source_id, registration, part
