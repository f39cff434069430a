-- lake/marts/learner_place.sql: where each learner counts in each register's tree
-- grain   one row for each (learner_id, register)
-- reads   learner, register, anchor
-- units   place_id: null for a learner without a known home, who counts in no place
-- clock   as it is at extraction
select learner_id, register.register, anchor.anchor_id as place_id
from learner cross join register
left join anchor on anchor.place_id = learner.home_id and anchor.register = register.register
