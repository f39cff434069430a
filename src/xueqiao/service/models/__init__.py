"""Tables of service points, one module for each noun."""

from xueqiao.service.models.banks import Bank, BankMember, BankOffer, Honour
from xueqiao.service.models.counter import CounterSession, IdentityCheck, SessionAct
from xueqiao.service.models.holdings import AccountMerge, Takeout
from xueqiao.service.models.nodes import (
    NodeClosed,
    NodeHours,
    NodeKind,
    NodeService,
    NodeStaff,
    ServiceKind,
    ServiceNode,
)
from xueqiao.service.models.openings import OpeningLine, OpeningSheet
from xueqiao.service.models.visits import Appointment, QueueDay, Slot, Ticket

__all__ = [
    "AccountMerge",
    "Appointment",
    "Bank",
    "BankMember",
    "BankOffer",
    "CounterSession",
    "Honour",
    "IdentityCheck",
    "NodeClosed",
    "NodeHours",
    "NodeKind",
    "NodeService",
    "NodeStaff",
    "OpeningLine",
    "OpeningSheet",
    "QueueDay",
    "ServiceKind",
    "ServiceNode",
    "SessionAct",
    "Slot",
    "Takeout",
    "Ticket",
]
