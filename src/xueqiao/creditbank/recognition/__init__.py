"""Recognition of prior learning: an application and every move of it, each by somebody else.

Moves and stages stand in ``rules.recognition.MOVES``. Each verb locks the application, refuses what
the rights, the state or the separation of duties forbid, and writes one audit row. A move that its
actor repeats changes nothing. The verbs are re-exported here: ``recognition.apply(...)``.
"""

from xueqiao.creditbank.recognition.appeals import (
    AppealTooLate,
    NothingChanged,
    NothingToAppeal,
    appeal,
    change,
    take_up,
    uphold,
)
from xueqiao.creditbank.recognition.applying import (
    Claim,
    NoHome,
    NotYet,
    RequestReused,
    apply,
    drop_claim,
    submit,
    withdraw,
)
from xueqiao.creditbank.recognition.assessing import (
    AssessedAlready,
    MethodIncomplete,
    ScoreTooLow,
    assess,
    propose,
)
from xueqiao.creditbank.recognition.certificates import (
    CertificateExpired,
    CertificateIncomplete,
    CertificateKnown,
    add_certificate,
    drop_certificate,
)
from xueqiao.creditbank.recognition.conflicts import ConflictOfInterest, Undeclared, declare
from xueqiao.creditbank.recognition.deciding import (
    NothingProposed,
    NoticeRunning,
    decide,
    reject,
    send_back,
)
from xueqiao.creditbank.recognition.held import UnitHeld
from xueqiao.creditbank.recognition.lapsing import lapse_due
from xueqiao.creditbank.recognition.objections import (
    NoticeOver,
    ObjectionIncomplete,
    ObjectionsOpen,
    ObjectionUpheld,
    object_to,
    rule_on,
)
from xueqiao.creditbank.recognition.panels import (
    NotAMember,
    PanelIncomplete,
    PanelMissing,
    SeatImpossible,
    VotedAlready,
    VoteLost,
    VotesMissing,
    convene,
    end_seat,
    seat,
    vote,
)
from xueqiao.creditbank.recognition.refusals import AmountTooHigh, NothingAsked, ReasonMissing
from xueqiao.creditbank.recognition.revoking import (
    NoRevocation,
    NoSuchGround,
    SecondPerson,
    ask_revocation,
    keep,
    revoke,
)
from xueqiao.creditbank.recognition.screening import (
    NotWaiting,
    Taken,
    accept,
    release,
    return_for_more,
    screen,
    take,
)
from xueqiao.creditbank.recognition.work import NoTable, PeriodImpossible, add_work, drop_work

__all__ = [
    "AmountTooHigh",
    "AppealTooLate",
    "AssessedAlready",
    "CertificateExpired",
    "CertificateIncomplete",
    "CertificateKnown",
    "Claim",
    "ConflictOfInterest",
    "MethodIncomplete",
    "NoHome",
    "NoRevocation",
    "NoSuchGround",
    "NoTable",
    "NotAMember",
    "NotWaiting",
    "NotYet",
    "NothingAsked",
    "NothingChanged",
    "NothingProposed",
    "NothingToAppeal",
    "NoticeOver",
    "NoticeRunning",
    "ObjectionIncomplete",
    "ObjectionUpheld",
    "ObjectionsOpen",
    "PanelIncomplete",
    "PanelMissing",
    "PeriodImpossible",
    "ReasonMissing",
    "RequestReused",
    "ScoreTooLow",
    "SeatImpossible",
    "SecondPerson",
    "Taken",
    "Undeclared",
    "UnitHeld",
    "VoteLost",
    "VotedAlready",
    "VotesMissing",
    "accept",
    "add_certificate",
    "add_work",
    "appeal",
    "apply",
    "ask_revocation",
    "assess",
    "change",
    "convene",
    "decide",
    "declare",
    "drop_certificate",
    "drop_claim",
    "drop_work",
    "end_seat",
    "keep",
    "lapse_due",
    "object_to",
    "propose",
    "reject",
    "release",
    "return_for_more",
    "revoke",
    "rule_on",
    "screen",
    "seat",
    "send_back",
    "submit",
    "take",
    "take_up",
    "uphold",
    "vote",
    "withdraw",
]
