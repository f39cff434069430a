"""Tables of records, by noun: sources, batches, statements, the log."""

from xueqiao.records.models.batches import Batch, Delivery, Quarantine
from xueqiao.records.models.log import LogEntry, Reader
from xueqiao.records.models.sources import KeyPair, Scope, Source
from xueqiao.records.models.statements import Activity, Actor, Statement, StatementAgent, Verb
from xueqiao.records.reasons import Reason

__all__ = [
    "Activity",
    "Actor",
    "Batch",
    "Delivery",
    "KeyPair",
    "LogEntry",
    "Quarantine",
    "Reader",
    "Reason",
    "Scope",
    "Source",
    "Statement",
    "StatementAgent",
    "Verb",
]
