-- lake/marts/institution_reach.sql: in which places, and below which, each institution sits
-- grain   one row for each (register, place_id, institution_id, valid_from)
-- reads   institution_place, closure, place
-- units   level: of the place; 1 province … 5 village
-- clock   valid_from, valid_to (first day after): days on which institution and seat both hold
with above as materialized (
    -- Materialised: joined in another order this is every institution times every place.
    select closure.register, closure.ancestor_id, institution_id, kind, serves_elders, is_sample,
           valid_from, valid_to
    from institution_place seat
    join closure on closure.register = seat.register and closure.descendant_id = seat.place_id
)
select above.register, place.place_id, place.level, institution_id, above.kind, serves_elders,
       is_sample, valid_from, valid_to
from above
join place on place.register = above.register and place.place_id = above.ancestor_id
