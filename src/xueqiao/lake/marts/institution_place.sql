-- lake/marts/institution_place.sql: where each institution sits in each register's tree
-- grain   one row for each (institution_id, register, valid_from)
-- reads   bronze.institution, bronze.seat
-- units   none
-- clock   valid_from, valid_to (first day after): days on which institution and seat both hold
select institution_id, seat.register, seat.place_id, institution.kind, institution.serves_elders,
       institution.is_sample, greatest(seat.valid_from, institution.valid_from) as valid_from,
       least(seat.valid_to, institution.valid_to) as valid_to
from bronze.seat seat join bronze.institution institution using (institution_id)
