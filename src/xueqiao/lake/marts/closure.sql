-- lake/marts/closure.sql: every place above every place, itself included, in each register's tree
-- grain   one row for each (register, descendant_id, ancestor_id)
-- reads   bronze.closure, register
-- units   is_carried: the descendant has ended and its ground lies in the ancestor
-- clock   as the register is on its as_of day
select closure.register, descendant_id, ancestor_id, min(depth) as depth,
       bool_and(carried) as is_carried
from bronze.closure closure join register using (register)
where valid_from <= as_of and coalesce(as_of < valid_to, true)
group by closure.register, descendant_id, ancestor_id
