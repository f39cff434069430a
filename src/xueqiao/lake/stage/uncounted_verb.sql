-- lake/stage/uncounted_verb.sql: verbs that are no learning: administration, and sign-ins
-- grain   one row for each verb
-- reads   nothing
-- units   none
-- clock   none
select verb
from (values
    ('http://adlnet.gov/expapi/verbs/registered'),
    ('http://adlnet.gov/expapi/verbs/voided'),
    ('http://id.tincanapi.com/verb/unregistered'),
    ('https://w3id.org/xapi/adl/verbs/logged-in'),
    ('https://w3id.org/xapi/adl/verbs/logged-out')
) uncounted (verb)
