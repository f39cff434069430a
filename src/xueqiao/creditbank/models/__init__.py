"""Tables of the credit bank, one module for each noun."""

from xueqiao.creditbank.models.certificates import Certificate, IssuerKey, StatusList
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
from xueqiao.creditbank.models.recognition import (
    Application,
    ApplicationItem,
    ApplicationStep,
    Assessment,
    Evidence,
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
    "Application",
    "ApplicationItem",
    "ApplicationStep",
    "Assessment",
    "Certificate",
    "Conversion",
    "ConversionRule",
    "ConversionStep",
    "ConversionUse",
    "CountingScope",
    "CreditGroup",
    "CreditLot",
    "Decision",
    "Evidence",
    "IssuerKey",
    "LearningAccount",
    "LedgerUnit",
    "Level",
    "LotParent",
    "Outcome",
    "Phase",
    "Programme",
    "QualificationFramework",
    "RuleTable",
    "RuleVersion",
    "SourceKind",
    "Standard",
    "StandardChange",
    "StatusList",
    "Transfer",
    "TransferAgreement",
    "TransferGroup",
    "Unit",
]
