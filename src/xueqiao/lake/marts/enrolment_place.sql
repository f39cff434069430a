-- lake/marts/enrolment_place.sql: where each closed enrolment counts in each register's tree
-- grain   one row for each (enrolment_id, register)
-- reads   enrolment, institution_place, register
-- units   place_id: where the institution sat that ran the class; null where it had no seat
-- clock   on the day the enrolment was closed
with seated as materialized (
    -- Materialised: joined by the days first, this is every enrolment times every seat.
    select enrolment_id, seat.register, seat.place_id,
           valid_from <= closed_day and coalesce(closed_day < valid_to, true) as holds
    from enrolment join institution_place seat using (institution_id)
    where closed_day is not null
)
select enrolment.enrolment_id, register.register, seated.place_id
from enrolment cross join register
left join (select * from seated where holds) seated
  on seated.enrolment_id = enrolment.enrolment_id and seated.register = register.register
where closed_day is not null
