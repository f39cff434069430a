-- lake/marts/place.sql: the places that each register lists at its cut-off
-- grain   one row for each (register, place_id)
-- reads   bronze.listing, register
-- units   level: 1 province … 5 village
-- clock   as the register is on its as_of day
select listing.register, place_id, code, name, level, parent_id
from bronze.listing listing join register using (register)
where valid_from <= as_of and coalesce(as_of < valid_to, true)
