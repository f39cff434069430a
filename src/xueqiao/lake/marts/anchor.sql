-- lake/marts/anchor.sql: where a place of any register counts in each register's tree
-- grain   one row for each (register, place_id)
-- reads   closure, register
-- units   anchor_id: the place itself where the register knows it, else the nearest place above it
--         in another register's tree that this one knows; a village of the statistical register
--         counts in its town of the civil-affairs one, or in its county when that town is a zone
-- clock   as the registers are on their as_of days
with known as (
    select distinct register, descendant_id as place_id from closure
), reach as (
    select known.register, up.descendant_id as place_id, known.place_id as anchor_id,
           min(up.depth) as depth
    from closure up join known on known.place_id = up.ancestor_id
    group by all
)
select register, place_id, anchor_id
from reach
qualify row_number() over (partition by register, place_id order by depth, anchor_id) = 1
