-- lake/marts/place_month.sql: what the learners of each place did in each month
-- grain   one row for each (register, place_id, month)
-- reads   learner_month, learner_place
-- parts   month
-- reopens learner_place by learner_id
-- units   learners: distinct learners whose home is this very place, so those of a month add up over
--         places and never over months; days: learners × days; activities, attendances (人次),
--         seconds: sums; place_id null: learners without a known home
-- clock   calendar months in Asia/Shanghai; month is the first day
select home.register, home.place_id, month, count(*) as learners, sum(days)::bigint as days,
       sum(activities)::bigint as activities, sum(attendances)::bigint as attendances,
       sum(seconds)::bigint as seconds, part
from learner_month join learner_place home using (learner_id)
group by home.register, home.place_id, month, part
