"""Tables of the credit bank, one module for each noun."""

from xueqiao.creditbank.models.certificates import (
    Certificate,
    IssuerKey,
    StatusList,
)
from xueqiao.creditbank.models.claims import (
    ClaimedCertificate,
    WorkPeriod,
)
from xueqiao.creditbank.models.conversion import (
    Conversion,
    ConversionRule,
    ConversionStep,
    ConversionUse,
    CountingScope,
    CreditGroup,
    Programme,
    RuleVersion,
    TransferAgreement,
)
from xueqiao.creditbank.models.disputes import (
    Appeal,
    AppealRuling,
    Objection,
    ObjectionRuling,
    Revocation,
)
from xueqiao.creditbank.models.ledger import (
    Account,
    AccountKind,
    LedgerUnit,
    Phase,
    Transfer,
    TransferGroup,
)
from xueqiao.creditbank.models.lots import (
    CreditLot,
    Decision,
    LearningAccount,
    LotParent,
    Outcome,
    SourceKind,
)
from xueqiao.creditbank.models.notices import (
    Notice,
)
from xueqiao.creditbank.models.panels import (
    Body,
    ExpertSeat,
    InterestDeclaration,
    Panel,
    PanelMember,
    PanelVote,
    Team,
)
from xueqiao.creditbank.models.recognition import (
    Application,
    ApplicationItem,
    ApplicationStep,
    Assessment,
    Evidence,
)
from xueqiao.creditbank.models.reversal import (
    HeldLot,
    Hold,
    LotStep,
    Recount,
    Reversal,
    ReversalStep,
)
from xueqiao.creditbank.models.standards import (
    Level,
    QualificationFramework,
    RuleTable,
    Standard,
    StandardChange,
    Unit,
)

__all__ = [
    "Account",
    "AccountKind",
    "Appeal",
    "AppealRuling",
    "Application",
    "ApplicationItem",
    "ApplicationStep",
    "Assessment",
    "Body",
    "Certificate",
    "ClaimedCertificate",
    "Conversion",
    "ConversionRule",
    "ConversionStep",
    "ConversionUse",
    "CountingScope",
    "CreditGroup",
    "CreditLot",
    "Decision",
    "Evidence",
    "ExpertSeat",
    "HeldLot",
    "Hold",
    "InterestDeclaration",
    "IssuerKey",
    "LearningAccount",
    "LedgerUnit",
    "Level",
    "LotParent",
    "LotStep",
    "Notice",
    "Objection",
    "ObjectionRuling",
    "Outcome",
    "Panel",
    "PanelMember",
    "PanelVote",
    "Phase",
    "Programme",
    "QualificationFramework",
    "Recount",
    "Reversal",
    "ReversalStep",
    "Revocation",
    "RuleTable",
    "RuleVersion",
    "SourceKind",
    "Standard",
    "StandardChange",
    "StatusList",
    "Team",
    "Transfer",
    "TransferAgreement",
    "TransferGroup",
    "Unit",
    "WorkPeriod",
]
