"""The learning log: what happened, once, in order, for any number of readers.

Owns sources, batches, statements (xAPI), quarantine and the log that other apps append to in
their own transaction. Readers above pull with a stored cursor. Promises: received = accepted +
duplicate + quarantined for every batch; a batch sent twice changes nothing; nothing accepted is
lost.
"""
