-- lake/marts/register.sql: the official lists of places
-- grain   one row for each register
-- reads   bronze.register
-- units   none
-- clock   as_of: the cut-off day, on which the trees of the marts are taken
select register, as_of, deepest_level from bronze.register
