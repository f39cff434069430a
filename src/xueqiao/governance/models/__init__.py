"""The tables of governance, a module for each noun."""

from xueqiao.governance.models.access import AccessGrant, LakeReading, Leaving, Purpose
from xueqiao.governance.models.alarm import DataAlarm, DataAlarmKind
from xueqiao.governance.models.builds import BuildRequest
from xueqiao.governance.models.classification import Classification
from xueqiao.governance.models.contract import DataContract
from xueqiao.governance.models.custody import Custody
from xueqiao.governance.models.edition import DataEdition, EditionFile, Shape
from xueqiao.governance.models.erasing import LakeErasure
from xueqiao.governance.models.extract import ResearchExtract, ResearchExtractFile
from xueqiao.governance.models.hold import HoldDecision
from xueqiao.governance.models.opened import Frequency, Licence, OpenDataset, OpenStep
from xueqiao.governance.models.retention import LakeHold, LakeRetention, LakeTerm
from xueqiao.governance.models.sharing import (
    SharedDataset,
    SharedUse,
    SharingAgreement,
    SharingSignature,
    SharingStep,
)
from xueqiao.governance.models.workbench import LakeExport, LakeExportPart, QueryRun, SavedQuery

__all__ = [
    "AccessGrant",
    "BuildRequest",
    "Classification",
    "Custody",
    "DataAlarm",
    "DataAlarmKind",
    "DataContract",
    "DataEdition",
    "EditionFile",
    "Frequency",
    "HoldDecision",
    "LakeErasure",
    "LakeExport",
    "LakeExportPart",
    "LakeHold",
    "LakeReading",
    "LakeRetention",
    "LakeTerm",
    "Leaving",
    "Licence",
    "OpenDataset",
    "OpenStep",
    "Purpose",
    "QueryRun",
    "ResearchExtract",
    "ResearchExtractFile",
    "SavedQuery",
    "Shape",
    "SharedDataset",
    "SharedUse",
    "SharingAgreement",
    "SharingSignature",
    "SharingStep",
]
