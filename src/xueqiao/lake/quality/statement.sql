-- lake/quality/statement.sql: what can be wrong with a statement; asked once, when it arrives
-- grain   one row for each statement that arrived
-- reads   arrived, bronze.verb, bronze.actor, bronze.batch, source_terms, agreed_verb
-- units   a column for each rule of rules.py: true: kept; false: broken; null: it does not ask
-- clock   day: when the platform received it, calendar of Asia/Shanghai
select arrived.id, arrived.statement_id, arrived.source_id, arrived.batch_id, arrived.event_at,
       arrived.stored_at, verb.iri as verb,
       (arrived.stored_at at time zone 'Asia/Shanghai')::date as day,
       length(arrived.statement_id) = 36 as identifier_formed,
       case when source_terms.has_verbs then agreed_verb.verb_id is not null end as verb_agreed,
       arrived.activity_id is not null as activity_given,
       arrived.actor_id is not null as actor_given,
       arrived.event_at <= arrived.stored_at
           + coalesce(source_terms.future_seconds, 300) * interval 1 second as not_in_future,
       arrived.event_at >= timestamptz '2000-01-01 00:00:00+00' as not_before_2000,
       strpos(arrived.text, chr(65533)) = 0 as text_sound,
       verb.verb_id is not null as verb_known,
       case when arrived.actor_id is not null then actor.actor_id is not null end as actor_known,
       case when actor.actor_id is not null then actor.learner_id is not null end as person_matched,
       batch.batch_id is not null as batch_known,
       arrived.stored_at <= arrived.event_at + interval 1 day as received_in_a_day,
       arrived.arrived_at <= arrived.stored_at + interval 1 day as copied_in_a_day,
       coalesce(arrived.text like '{%}', false) as text_readable
from arrived
left join bronze.verb verb on verb.verb_id = arrived.verb_id
left join bronze.actor actor on actor.actor_id = arrived.actor_id
left join bronze.batch batch
  on batch.batch_id = arrived.batch_id and batch.source_id = arrived.source_id
left join source_terms on source_terms.source_id = arrived.source_id
left join agreed_verb
  on agreed_verb.source_id = arrived.source_id and agreed_verb.verb_id = arrived.verb_id
