"""The moves of a recognition case, and what its evidence may be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

# From which state to which, and in which stage of the case. Nobody acts in two stages of one case;
# the stage "asking" is the applicant's side.
APPLICATION_MOVES: Final[Mapping[str, tuple[frozenset[str], str, str]]] = {
    "apply": (frozenset({""}), "draft", "asking"),
    "submit": (frozenset({"draft", "returned"}), "submitted", "asking"),
    "withdraw": (
        frozenset(
            {"draft", "returned", "submitted", "accepted", "assessing", "proposed", "public_notice"}
        ),
        "withdrawn",
        "asking",
    ),
    "accept": (frozenset({"submitted"}), "accepted", "screening"),
    "return_for_more": (frozenset({"submitted"}), "returned", "screening"),
    "assess": (frozenset({"accepted"}), "assessing", "assessing"),
    "propose": (frozenset({"assessing"}), "proposed", "assessing"),
    "publish": (frozenset({"assessing"}), "public_notice", "assessing"),
    "approve": (frozenset({"proposed", "public_notice"}), "approved", "deciding"),
    "post": (frozenset({"approved"}), "posted", "deciding"),
    "reject": (frozenset({"proposed", "public_notice"}), "rejected", "deciding"),
}  # fmt: skip
CLOSED_STATES: Final = frozenset({"posted", "rejected", "withdrawn"})
EVIDENCE_TYPES: Final = frozenset({"application/pdf", "image/jpeg", "image/png", "text/plain"})
EVIDENCE_BYTES: Final = 10 * 1024 * 1024
PASSED: Final = frozenset({"pass", "distinction"})


def may_move(verb: str, state: str) -> bool:
    """Whether an application in this state takes the verb."""
    return state in APPLICATION_MOVES[verb][0]


def passes_two_steps(stage: str, earlier: Collection[str]) -> bool:
    """Whether somebody who acted in the earlier stages would act in another one now."""
    return any(before != stage for before in earlier)
