"""Tables of records, by noun: sources, batches, statements, the log."""

from xueqiao.records.models.batches import Batch, Delivery, Quarantine
from xueqiao.records.models.log import LogEntry, Reader
from xueqiao.records.models.sources import (
    Allowance,
    KeyPair,
    Scope,
    Source,
    SourceChange,
    SourceHour,
    SourceRefusal,
)
from xueqiao.records.models.statements import (
    Activity,
    Actor,
    Statement,
    StatementActivity,
    StatementAgent,
    StatementAttachment,
    StatementReference,
    Verb,
)
from xueqiao.records.reasons import Reason
from xueqiao.records.roles import Role

__all__ = [
    "Activity",
    "Actor",
    "Allowance",
    "Batch",
    "Delivery",
    "KeyPair",
    "LogEntry",
    "Quarantine",
    "Reader",
    "Reason",
    "Role",
    "Scope",
    "Source",
    "SourceChange",
    "SourceHour",
    "SourceRefusal",
    "Statement",
    "StatementActivity",
    "StatementAgent",
    "StatementAttachment",
    "StatementReference",
    "Verb",
]
