"""Tables of the credit bank, one module for each noun."""

from xueqiao.creditbank.models.agreements import (
    AgreementSignature,
    AgreementStep,
    Side,
    TransferAgreement,
)
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
<<<<<<< HEAD
from xueqiao.creditbank.models.seals import (
    BankKey,
    KeyEnd,
    LedgerSeal,
    SealCheck,
    SealReader,
    SealTile,
=======
from xueqiao.creditbank.models.rulebook import (
    Consultation,
    ConsultationComment,
    ConsultationReply,
    MeasureProposal,
    RuleSignature,
    RuleStep,
    Simulation,
    SimulationRow,
>>>>>>> f9cc3d0 (Keep what was signed, and the steps of a rule before it is published)
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
    "AgreementSignature",
    "AgreementStep",
    "Appeal",
    "AppealRuling",
    "Application",
    "ApplicationItem",
    "ApplicationStep",
    "Assessment",
    "BankKey",
    "Body",
    "Certificate",
    "ClaimedCertificate",
    "Consultation",
    "ConsultationComment",
    "ConsultationReply",
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
    "KeyEnd",
    "LearningAccount",
    "LedgerSeal",
    "LedgerUnit",
    "Level",
    "LotParent",
    "LotStep",
    "MeasureProposal",
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
    "RuleSignature",
    "RuleStep",
    "RuleTable",
    "RuleVersion",
<<<<<<< HEAD
    "SealCheck",
    "SealReader",
    "SealTile",
=======
    "Side",
    "Simulation",
    "SimulationRow",
>>>>>>> f9cc3d0 (Keep what was signed, and the steps of a rule before it is published)
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
