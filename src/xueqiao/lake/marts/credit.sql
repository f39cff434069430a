-- lake/marts/credit.sql: credit lots as they were posted
-- grain   one row for each lot_id
-- reads   bronze.lot
-- units   amount_hundredths: 1/100 credit
-- clock   obtained: calendar day on which it was earned
select id as lot_id, learner_id, institution_id, source_kind, obtained, amount_hundredths
from bronze.lot
