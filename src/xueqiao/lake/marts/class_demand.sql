-- lake/marts/class_demand.sql: how many want a seat in each class, and how many have one
-- grain   one row for each offering_id
-- reads   bronze.offering, bronze.enrolment
-- units   seated: seats given and held; waiting: on the waiting list; left_again: gave a seat or a
--         place on the list back
-- clock   as it is at extraction; starts_on, ends_on: calendar days in Asia/Shanghai
select offering_id, any_value(offering.course_id) as course_id,
       any_value(offering.institution_id) as institution_id,
       any_value(offering.place_id) as place_id, any_value(offering.starts_on) as starts_on,
       any_value(offering.ends_on) as ends_on, bool_or(offering.is_sample) as is_sample,
       count(*) filter (where enrolment.state = 'active') as seated,
       count(*) filter (where enrolment.state = 'waiting') as waiting,
       count(*) filter (where enrolment.state = 'withdrawn') as left_again
from bronze.offering offering left join bronze.enrolment enrolment using (offering_id)
where offering.state = 'published'
group by offering_id
