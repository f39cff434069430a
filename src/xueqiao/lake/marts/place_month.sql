-- lake/marts/place_month.sql: what the learners of each place did in each month
-- grain   one row for each (register, place_id, month)
-- reads   learner_month, stage.learner_as_of, anchor, register
-- parts   month
-- units   learners: distinct learners who lived in this very place when the month ended, so those of a
--         month add up over places and never over months; days: learners × days; activities,
--         attendances (人次), seconds: sums; place_id null: learners without a known home
-- clock   calendar months in Asia/Shanghai; month is the first day; a later move changes no month before
select register.register, anchor.anchor_id as place_id, did.month, count(*) as learners,
       sum(did.days)::bigint as days, sum(did.activities)::bigint as activities,
       sum(did.attendances)::bigint as attendances, sum(did.seconds)::bigint as seconds, did.part
from learner_month did
join stage.learner_as_of home
  on home.learner_id = did.learner_id and home.part = did.part
 and home.valid_to = (did.month + interval 1 month)::date
cross join register
left join anchor on anchor.place_id = home.home_id and anchor.register = register.register
group by register.register, anchor.anchor_id, did.month, did.part
