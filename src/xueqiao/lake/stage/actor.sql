-- lake/stage/actor.sql: which learner each agent of the statements is
-- grain   one row for each actor_id
-- reads   bronze.actor
-- units   learner_id: even = twice the person, odd = twice the actor plus one, for who is not linked
-- clock   none
select actor_id, coalesce(2 * person_id, 2 * actor_id + 1) as learner_id
from bronze.actor
