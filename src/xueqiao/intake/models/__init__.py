"""Tables of intake, by noun: connections and contracts, runs, alarms."""

from xueqiao.intake.models.alarms import Alarm, AlarmKind
from xueqiao.intake.models.connections import Connection, Contract
from xueqiao.intake.models.rosters import RosterPackage, RosterRow
from xueqiao.intake.models.runs import Run, RunState

__all__ = [
    "Alarm",
    "AlarmKind",
    "Connection",
    "Contract",
    "RosterPackage",
    "RosterRow",
    "Run",
    "RunState",
]
