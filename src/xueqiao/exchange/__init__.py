"""Exchange with others who keep credit: the superior bank, schools, enterprises.

Owns partners, the messages that report what was recognised, the daily reconciliation and its
breaks. Promises: what the ledger posted is reported, however often the worker is killed; a message
sent twice changes nothing there; a difference between the two banks is found the next day, named,
and stays open until both say the same.
"""
