"""Refusals: the part of the interface that says no.

A refusal names what is wrong, with the values, and what to do next. One handler turns it into a
problem document (HTTP), a message beside the field (page) or exit status 2 (command).
"""

from __future__ import annotations

from typing import ClassVar

REGISTRY: dict[str, type[Refusal]] = {}


class Refusal(Exception):  # noqa: N818 - a refusal is an answer, not an error of the program
    """Base of every refusal. Each subclass is defined beside the verb that raises it.

    Attributes:
        code: stable, dotted, such as ``ledger.overdrawn``; listed in docs/reference/errors.md.
        status: the HTTP status of the answer; 409 unless the subclass says otherwise.
        pointer: JSON pointer, field name or cell of what was refused, or "".
    """

    code: ClassVar[str] = ""
    status: ClassVar[int] = 409

    def __init_subclass__(cls, **extra: object) -> None:
        super().__init_subclass__(**extra)
        if cls.code:
            REGISTRY[cls.code] = cls

    def __init__(self, text: str, *, pointer: str = "") -> None:
        super().__init__(text)
        self.text = text
        self.pointer = pointer

    def __str__(self) -> str:
        return self.text
