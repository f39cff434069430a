"""One test for each numbered requirement of xAPI that a server can fail, in each version.

``requirements.tsv`` lists the requirements: the numbers of ADL's list (XAPI-00001…), our words for
them, the versions they hold in, and why a server cannot fail one where that is so. What 2.0.0 adds
has names of our own (IEEE-…). ``docs/reference/xapi.md`` is generated from the list and the tests.
"""
