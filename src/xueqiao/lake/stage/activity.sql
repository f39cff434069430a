-- lake/stage/activity.sql: the events under the names that participation reads
-- grain   one row for each statement_id
-- reads   stage.event
-- parts   month
-- units   is_counted: whether it counts as a learning activity (records/rules.py)
-- clock   day, part: calendar of Asia/Shanghai; event_at: UTC
select event_id as statement_id, learner_id, source_id, verb_id, activity_id, registration,
       event_at, day, is_counted, part
from stage.event
