-- lake/stage/voided.sql: statements that a later one declared void
-- grain   one row for each voided statement_id
-- reads   bronze.statement
-- units   none
-- clock   none
select distinct voids as statement_id
from bronze.statement where voids is not null
