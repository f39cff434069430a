-- lake/marts/budget.sql: approved fiscal budgets for lifelong education, those in force
-- grain   one row for each (place_id, year, line)
-- reads   bronze.budget
-- units   fen: 1/100 yuan
-- clock   fiscal year = calendar year
select place_id, year, line, fen, is_sample
from bronze.budget
