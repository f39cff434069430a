-- lake/marts/population.sql: residents at a census, at the lowest place they are published for
-- grain   one row for each (register, place_id, census)
-- reads   bronze.population, anchor
-- units   residents, residents_15 and residents_60 (that age and over): persons; each person is in
--         one row of a register, so the residents of a place are the sum over it and all below it
-- clock   the census year
select anchor.register, anchor.anchor_id as place_id, census,
       sum(residents)::bigint as residents,
       coalesce(sum(residents) filter (age_from >= 15), 0)::bigint as residents_15,
       coalesce(sum(residents) filter (age_from >= 60), 0)::bigint as residents_60
from bronze.population join anchor using (place_id)
group by all
