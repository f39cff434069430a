-- lake/marts/account.sql: lifelong learning accounts
-- grain   one row for each learner_id
-- reads   bronze.person
-- units   none
-- clock   opened_day: calendar day in Asia/Shanghai
select 2 * person_id as learner_id, (opened_at at time zone 'Asia/Shanghai')::date as opened_day
from bronze.person
