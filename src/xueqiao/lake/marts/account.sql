-- lake/marts/account.sql: lifelong learning accounts of the credit bank
-- grain   one row for each learner_id
-- reads   bronze.account
-- units   none
-- clock   opened_day: calendar day in Asia/Shanghai
select learner_id, (opened_at at time zone 'Asia/Shanghai')::date as opened_day
from bronze.account
