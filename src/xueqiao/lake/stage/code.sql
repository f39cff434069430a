-- lake/stage/code.sql: every code that the lake knows, with the days on which it holds
-- grain   one row for each (scheme, code, valid_from)
-- reads   bronze.code, bronze.listing, bronze.institution
-- units   scheme: GB/T 2261.1 (sex), age_class, event_family (codes/codes.csv); place.mca, place.nbs:
--         codes of GB/T 2260 and below as a register lists them; institution: codes of institutions
-- clock   valid_from, valid_to (first day after): calendar days; null: no such day is known
select scheme, code, name_zh, name_en, valid_from, valid_to
from bronze.code
union all
select 'place.' || register, code, max(name), cast(null as varchar), valid_from, max(valid_to)
from bronze.listing
group by register, code, valid_from
union all
select 'institution', code, cast(null as varchar), cast(null as varchar), valid_from, valid_to
from bronze.institution
