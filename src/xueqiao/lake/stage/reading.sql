-- lake/stage/reading.sql: what the text of each statement says, in the units of the lake
-- grain   one row for each log_id, the number of the statement in the log
-- reads   bronze.statement, quality.held
-- parts   month
-- days    day
-- reopens quality.held by batch_id
-- units   seconds; score_hundredths, progress_hundredths: 1/100 of the whole, score from -100 to 100;
--         left_out: why it is no event, as records names the reasons, '' when it is one;
--         has_bad_…: a value that was said and cannot be used; is_damaged: letters were lost
-- clock   event_at, stored_at: UTC; day, part: calendar of Asia/Shanghai
with said as (
    select id as log_id, statement_id as event_id, actor_id, verb_id, activity_id, registration,
           event_at, stored_at, source_id, batch_id, voids, part,
           coalesce(json_valid(text), false) as is_readable,
           case when json_valid(text) then json_extract(text, '$.result') end as result,
           -- The sign that stands for a letter which could not be read, itself or escaped.
           coalesce(contains(text, '�') or contains(text, '\ufffd') or contains(text, '\uFFFD'),
                    false) as is_damaged
    from bronze.statement
    where batch_id not in (select batch_id from quality.held)
), named as (
    select *, replace(json_extract_string(result, '$.duration'), ',', '.') as duration,
           json_extract_string(result, '$.score.scaled') as scaled_text,
           json_extract_string(result, '$.score.raw') as raw_text,
           coalesce(try_cast(json_extract_string(result, '$.score.min') as double), 0) as least_raw,
           try_cast(json_extract_string(result, '$.score.max') as double) as most_raw,
           json_extract_string(result, '$.extensions."https://w3id.org/xapi/video/extensions/progress"') as video_text,
           json_extract_string(result, '$.extensions."https://w3id.org/xapi/cmi5/result/extensions/progress"') as unit_text,
           json_extract_string(result, '$.success') as success,
           json_extract_string(result, '$.completion') as completion
    from said
), measured as (
    select *,
           -- Years and months are no number of seconds, and an act is no longer than a day.
           case when regexp_matches(duration, '^P(?:[0-9]+(?:[.][0-9]+)?[WD])*(?:T(?:[0-9]+(?:[.][0-9]+)?[HMS])+)?$')
                and regexp_matches(duration, '[0-9]')
           then coalesce(try_cast(regexp_extract(duration, '([0-9.]+)W', 1) as double), 0) * 604800
              + coalesce(try_cast(regexp_extract(duration, '([0-9.]+)D', 1) as double), 0) * 86400
              + coalesce(try_cast(regexp_extract(duration, '([0-9.]+)H', 1) as double), 0) * 3600
              + coalesce(try_cast(regexp_extract(duration, '([0-9.]+)M', 1) as double), 0) * 60
              + coalesce(try_cast(regexp_extract(duration, '([0-9.]+)S', 1) as double), 0)
           end as length,
           case when scaled_text is not null then try_cast(scaled_text as double)
                when most_raw > least_raw
                then (try_cast(raw_text as double) - least_raw) / (most_raw - least_raw)
           end as share,
           coalesce(try_cast(video_text as double), try_cast(unit_text as double) / 100) as progress,
           (event_at at time zone 'Asia/Shanghai')::date as day
    from named
)
select log_id, event_id, actor_id, verb_id, activity_id, registration, event_at, stored_at, day,
       source_id, batch_id, voids,
       case when length <= 86400 then floor(length + 0.5)::bigint end as seconds,
       case when abs(share) <= 1 then floor(share * 100 + 0.5)::int end as score_hundredths,
       case when progress between 0 and 1 then floor(progress * 100 + 0.5)::int
       end as progress_hundredths,
       case success when 'true' then true when 'false' then false end as is_success,
       case completion when 'true' then true when 'false' then false end as is_completion,
       case when not is_readable then 'not_json'
            when actor_id is null then 'nobody'
            when event_at > stored_at + interval 1 day then 'time_future'
            when year(event_at) < 1990 then 'time_impossible'
            else '' end as left_out,
       duration is not null and coalesce(length > 86400, true) as has_bad_duration,
       coalesce(scaled_text, case when most_raw > least_raw then raw_text end) is not null
           and coalesce(abs(share) > 1, true) as has_bad_score,
       coalesce(video_text, unit_text) is not null
           and coalesce(progress not between 0 and 1, true) as has_bad_progress,
       is_damaged, part
from measured
