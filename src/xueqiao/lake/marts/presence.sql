-- lake/marts/presence.sql: on which days each learner was there, by kind of presence
-- grain   one row for each (kind, learner_id, day)
-- reads   learner_day, stage.event, enrolment, completion, credit
-- parts   month
-- days    day
-- reopens enrolment by month of enrolled_day, completion by month of completed_day,
--         credit by month of obtained
-- units   kind: active (a counted activity), enrolled (a seat was given), completed (passed),
--         credited (credit was earned), or did: and a family of stage.event (did:video)
-- clock   calendar days in Asia/Shanghai
select 'active' as kind, learner_id, day, part
from learner_day where activities > 0
union all
select distinct 'did:' || family as kind, learner_id, day, part
from stage.event where duplicate_of is null
union all
select distinct 'enrolled' as kind, learner_id, enrolled_day as day,
       strftime(enrolled_day, '%Y-%m') as part
from enrolment where enrolled_day is not null
union all
select distinct 'completed' as kind, learner_id, completed_day as day,
       strftime(completed_day, '%Y-%m') as part
from completion
union all
select distinct 'credited' as kind, learner_id, obtained as day,
       strftime(obtained, '%Y-%m') as part
from credit
