"""Tables of records, by noun: sources, batches, statements, the log."""

from xueqiao.records.models.batches import Batch, Delivery, HeldState, Quarantine, Repair
from xueqiao.records.models.documents import Document, DocumentKind
from xueqiao.records.models.erasure import (
    ErasedIdentifier,
    Erasure,
    ErasureTarget,
    LegalHold,
    RetentionPolicy,
    Tombstone,
)
from xueqiao.records.models.exporting import ExportJob, ExportPart, Reading
from xueqiao.records.models.log import LogEntry, Reader
from xueqiao.records.models.personas import Persona, PersonaMember, PersonaProposal, PersonaSheet
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
    "Document",
    "DocumentKind",
    "ErasedIdentifier",
    "Erasure",
    "ErasureTarget",
    "ExportJob",
    "ExportPart",
    "HeldState",
    "KeyPair",
    "LegalHold",
    "LogEntry",
    "Persona",
    "PersonaMember",
    "PersonaProposal",
    "PersonaSheet",
    "Quarantine",
    "Reader",
    "Reading",
    "Reason",
    "Repair",
    "RetentionPolicy",
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
    "Tombstone",
    "Verb",
]
