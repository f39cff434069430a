-- lake/marts/institution_month.sql: what went on in the classes of each institution in each month
-- grain   one row for each (institution_id, month)
-- reads   enrolment, credit
-- parts   month
-- reopens enrolment by month of enrolled_day and closed_day, credit by month of obtained
-- units   enrolled: seats given; learners: distinct learners given one; closed: enrolments that ended
--         (passed, failed, given up), completed of them with pass or distinction;
--         credit_hundredths: 1/100 credit earned there
-- clock   calendar months in Asia/Shanghai; month is the first day
with facts as (
    select institution_id, enrolled_day as day, learner_id, 1 as enrolled, 0 as closed,
           0 as completed, 0 as credit_hundredths
    from enrolment where enrolled_day is not null
    union all
    select institution_id, closed_day, null::bigint, 0, 1, case when is_completed then 1 else 0 end, 0
    from enrolment where closed_day is not null
    union all
    select institution_id, obtained, null::bigint, 0, 0, 0, amount_hundredths
    from credit where institution_id is not null
)
select institution_id, date_trunc('month', day)::date as month, sum(enrolled)::bigint as enrolled,
       count(distinct learner_id) as learners, sum(closed)::bigint as closed,
       sum(completed)::bigint as completed, sum(credit_hundredths)::bigint as credit_hundredths,
       strftime(day, '%Y-%m') as part
from facts
group by institution_id, date_trunc('month', day)::date, strftime(day, '%Y-%m')
