-- lake/marts/completion.sql: completions with pass or distinction
-- grain   one row for each enrolment_id
-- reads   enrolment, bronze.completion
-- units   studied_credits_hundredths: 1/100 credit
-- clock   completed_day: calendar day in Asia/Shanghai
select enrolment_id, learner_id, offering_id, institution_id, closed_day as completed_day,
       enrolment.result, studied_credits_hundredths
from enrolment join bronze.completion using (enrolment_id)
where is_completed
