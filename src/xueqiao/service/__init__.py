"""Service points of the credit bank: where people are helped, and all that is done there for them.

Owns the nodes 管理中心 → 分中心 → 认证点 with hours and staff, appointments and queue tickets,
counter sessions with consent and identity check, the opening of accounts by roster, exports of
everything a learner has, merges of two accounts of one person, the banks and alliances that share
one ledger, and the log of honours. Promises: no hour is sold twice; nothing is done for a person
without their consent on paper; no identity number is kept in clear; nobody joins two accounts
alone, and what was joined can be parted.
"""
