-- lake/marts/enrolment.sql: enrolments in classes and how they ended
-- grain   one row for each enrolment_id
-- reads   bronze.enrolment, bronze.offering, bronze.completion
-- units   result: distinction pass fail withdrawn; null while it is open
-- clock   enrolled_day, closed_day: calendar days in Asia/Shanghai
select enrolment_id, learner_id, offering_id, institution_id, offering.is_sample,
       (enrolled_at at time zone 'Asia/Shanghai')::date as enrolled_day,
       (completed_at at time zone 'Asia/Shanghai')::date as closed_day, result,
       coalesce(result in ('pass', 'distinction'), false) as is_completed
from bronze.enrolment
join bronze.offering offering using (offering_id)
left join bronze.completion using (enrolment_id)
