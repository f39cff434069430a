"""What a kind of connection is: its settings, and how it fetches portion by portion.

A kind only fetches and maps. When it runs, how far it has come, what is stored and what is counted
is the business of ``running``, in the same way for every kind. All kinds stand in ``connectors``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from xueqiao.kernel import hosts

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise

    from xueqiao.records.attachments import Part
    from xueqiao.records.checking import Incoming, Refused

SettingKind = Literal["text", "url", "secret", "number", "choice", "mapping"]


class File(NamedTuple):
    """The file that a portion is a part of, written down as a delivery of its source.

    Attributes:
        name: for people.
        digest: SHA-256, hex, of all that the result depends on: bytes and version of the mapping.
        is_last: whether this portion ends the file.
    """

    name: str
    digest: str
    is_last: bool


class Portion(NamedTuple):
    """What is stored in one transaction, together with how far the connection has then come.

    Attributes:
        key: what makes the portion one for its source, at most 140 characters; a portion with the
            same key and the same texts adds nothing.
        items: in the order of arrival; may be empty, which only moves the watermark.
        watermark: what ``pull`` needs to go on behind this portion; JSON.
        file: the file that it comes from, if it comes from one.
        parts: files that came with the statements, by hash; None: they are not looked at.
        also: what a kind keeps beside statements, written in the same transaction.
    """

    key: str
    items: list[Incoming | Refused]
    watermark: dict[str, Any]
    file: File | None = None
    also: Callable[[], None] | None = None
    parts: Mapping[str, Part] | None = None


class Setting(NamedTuple):
    """One value that a connection of a kind has to be told.

    Attributes:
        kind: ``secret`` is kept sealed and never shown again; ``mapping`` is the contract by which
            rows become statements: ``pull`` gets its JSON with its ``id`` (``tables.mapping``)
        choices: value and label, for ``choice``.
        help: one sentence, with an example.
    """

    name: str
    label: str | StrPromise
    kind: SettingKind = "text"
    required: bool = True
    choices: tuple[tuple[str, Any], ...] = ()
    help: str | StrPromise = ""


# Gets the settings with secrets opened and the watermark ({} at first). Beside the settings of its
# kind the config has ``source``, the code of the source, and ``connection``, a number. It may raise
# any ``errors.Refusal``: the run then ends with that sentence and is tried again later. What stands
# behind a ``yield`` runs after that portion is committed. A run that ends early closes it.
Pull = Callable[[Mapping[str, Any], dict[str, Any]], Iterator[Portion]]


def calls(*names: str) -> Callable[[Mapping[str, Any]], None]:
    """A check of the settings that are addresses which this platform calls.

    Raises:
        hosts.NotAllowed: one may not be called, as far as it can be told without a look-up.
    """

    def check(config: Mapping[str, Any]) -> None:
        for name in names:
            try:
                hosts.check(str(config.get(name) or _NOWHERE))
            except hosts.NotAllowed as why:
                why.pointer = name
                raise

    return check


# Stands for a setting that was left empty.
_NOWHERE = "https://nowhere.example"


@dataclass(frozen=True)
class Kind:
    """A way in which learning records come from a platform.

    Attributes:
        pull: fetches; None where the platform sends by itself.
        help: what it is for, one sentence.
        check: refuses settings that can never be run, without calling anybody: the pointer of the
            refusal is the name of a setting.
    """

    code: str
    label: str | StrPromise
    settings: tuple[Setting, ...]
    pull: Pull | None
    help: str | StrPromise = ""
    check: Callable[[Mapping[str, Any]], None] | None = None

    @property
    def secrets(self) -> frozenset[str]:
        """The names of the settings that are kept sealed."""
        return frozenset(each.name for each in self.settings if each.kind == "secret")

    @property
    def mapping(self) -> str:
        """The name of the setting that is a contract, or ""."""
        return next((each.name for each in self.settings if each.kind == "mapping"), "")
