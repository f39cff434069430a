-- lake/stage/quarantine.sql: statements, or values of them, that silver does not believe, and why
-- grain   one row for each (log_id, reason)
-- reads   stage.reading
-- parts   month
-- days    event_at
-- units   is_left_out: no event was made of it; else the event stands without the value;
--         reason: as records names them (records/reasons.py); pointer: where in the statement
-- clock   event_at: UTC; part: calendar of Asia/Shanghai
select log_id, event_id, actor_id, source_id, batch_id, left_out as reason, true as is_left_out,
       case left_out when 'nobody' then '/actor' when 'not_json' then '' else '/timestamp' end
           as pointer,
       event_at, part
from stage.reading where left_out <> ''
union all
select log_id, event_id, actor_id, source_id, batch_id, 'duration_impossible', false,
       '/result/duration', event_at, part
from stage.reading where has_bad_duration and left_out = ''
union all
select log_id, event_id, actor_id, source_id, batch_id, 'score_impossible', false,
       '/result/score', event_at, part
from stage.reading where has_bad_score and left_out = ''
union all
select log_id, event_id, actor_id, source_id, batch_id, 'progress_impossible', false,
       '/result/extensions', event_at, part
from stage.reading where has_bad_progress and left_out = ''
union all
select log_id, event_id, actor_id, source_id, batch_id, 'text_damaged', false, '', event_at, part
from stage.reading where is_damaged and left_out = ''
