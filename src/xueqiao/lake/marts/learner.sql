-- lake/marts/learner.sql: what is known of each learner, persons and unlinked agents alike
-- grain   one row for each learner_id
-- reads   bronze.person, bronze.actor
-- units   learner_id: even for persons, odd for agents whom nobody linked; sex: GB/T 2261.1;
--         home_id: a place of any register; null: not known
-- clock   as it is at extraction
select learner_id, birth_year, sex, home_id, is_sample
from bronze.person
union all
select distinct learner_id, null, '0', null, false
from bronze.actor where learner_id % 2 = 1
