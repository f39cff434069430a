-- lake/stage/learner_as_of.sql: what each learner was when the events of a month happened
-- grain   one row for each (learner_id, part, valid_from)
-- reads   stage.event, stage.person
-- parts   month
-- reopens stage.person by learner_id
-- units   age: years reached in the calendar year; age_class: child minor adult elder (codes/codes.csv),
--         null: not known; home_id, sex: as stage.person, '0' and null for agents nobody linked
-- clock   valid_from, valid_to (first day after): the days of the month, in Asia/Shanghai, on which it
--         was so; join events of the part by learner_id and day
with seen as (
    select distinct learner_id, part from stage.event
), months as (
    select learner_id, part, cast(substr(part, 1, 7) || '-01' as date) as first_day,
           (cast(substr(part, 1, 7) || '-01' as date) + interval 1 month)::date as next_day,
           cast(substr(part, 1, 4) as integer) as year
    from seen
), resident as (
    -- An end that is always there: a join on what coalesce says would compare every two rows.
    select learner_id, sex, birth_year, home_id, valid_from,
           coalesce(valid_to, date '9999-12-31') as until
    from stage.person
), known as (
    select months.learner_id, months.part, coalesce(person.sex, '0') as sex, person.birth_year,
           months.year - person.birth_year as age, person.home_id,
           greatest(coalesce(person.valid_from, months.first_day), months.first_day) as valid_from,
           least(coalesce(person.until, months.next_day), months.next_day) as valid_to
    from months left join resident person
      on person.learner_id = months.learner_id and person.valid_from < months.next_day
     and months.first_day < person.until
)
select learner_id, valid_from, valid_to, sex, birth_year,
       case when age >= 0 then age end as age,
       case when age >= 60 then 'elder' when age >= 18 then 'adult' when age >= 14 then 'minor'
            when age >= 0 then 'child' end as age_class,
       home_id, part
from known
