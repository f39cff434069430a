-- lake/stage/voided.sql: events that a later statement declared void
-- grain   one row for each voided event_id
-- reads   bronze.statement, quality.held
-- units   none
-- clock   none
select distinct voids as event_id
from bronze.statement where voids is not null and batch_id not in (select batch_id from quality.held)
