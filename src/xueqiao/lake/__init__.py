"""The lake: rows copied out of everything below it, cleaned, and summed up for those above.

Three floors of Delta tables under ``settings.LAKE``: ``bronze`` holds what was extracted, ``stage``
the same facts once each with one learner key and one calendar, ``marts`` what indicators read.
Promises: a position and the rows up to it are one commit, so nothing is lost or doubled; a table is
replaced whole or not at all; a build does only what its inputs changed, and ends the same whatever
it was interrupted by.
"""
