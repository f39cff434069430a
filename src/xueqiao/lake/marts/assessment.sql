-- lake/marts/assessment.sql: what each learner did about each task or test, by month
-- grain   one row for each (learner_id, source_id, activity_id, month)
-- reads   stage.event
-- parts   month
-- units   events: answers, hand-ins and marks; marks: those with a score; best_hundredths,
--         worst_hundredths: 1/100 of the full score, null without a mark; is_passed: the source said
--         so, null where it says nothing; seconds: as the source says them
-- clock   calendar months in Asia/Shanghai; month is the first day
select learner_id, source_id, activity_id, date_trunc('month', day)::date as month,
       count(*) as events, count(score_hundredths) as marks,
       max(score_hundredths) as best_hundredths, min(score_hundredths) as worst_hundredths,
       bool_or(is_success) as is_passed, coalesce(sum(seconds), 0)::bigint as seconds, part
from stage.event
where family = 'assessment' and activity_id is not null and duplicate_of is null
group by learner_id, source_id, activity_id, date_trunc('month', day)::date, part
