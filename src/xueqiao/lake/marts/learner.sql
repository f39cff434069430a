-- lake/marts/learner.sql: what is known of each learner, persons and unlinked agents alike
-- grain   one row for each learner_id
-- reads   bronze.person, stage.actor
-- units   sex: GB/T 2261.1; home_id: a place of any register; null: not known
-- clock   as it is at extraction
select 2 * person_id as learner_id, birth_year, sex, home_id, is_sample
from bronze.person
union all
select distinct learner_id, null, '0', null, false
from stage.actor where learner_id % 2 = 1
