"""Checking a ledger proof that anybody hands in: one row for each check, with its own sentence.

The same arithmetic as in ``check_ledger_proof.py``, and what only this site can add: whether the
seal is one that was published, and whether the newest one still begins with it.
"""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from enum import Enum
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from xueqiao.creditbank.models import BankKey, KeyEnd, LedgerSeal
from xueqiao.creditbank.seals import keys, leaves, proofs, sealing, tiles
from xueqiao.kernel import merkle
from xueqiao.kernel.signing import notes, sealers

LARGEST = 2 * 1024 * 1024
MOST = 500


class Outcome(Enum):
    """What came of one check."""

    PASSED = "passed"
    NOTED = "noted"  # passed, with something to know
    FAILED = "failed"
    NOT_MADE = "not made"


@dataclass(frozen=True)
class Check:
    """One row: ``code`` is stable, ``title`` and ``sentence`` are for people."""

    code: str
    title: str
    outcome: Outcome
    sentence: str


@dataclass(frozen=True)
class Report:
    """The whole answer; ``transfers`` are the sealed facts, shown once they hold."""

    checks: list[Check]
    transfers: list[dict[str, Any]]
    seal: LedgerSeal | None = None

    @property
    def holds(self) -> bool:
        """Whether every check was made and none failed."""
        bad = {Outcome.FAILED, Outcome.NOT_MADE}
        return not any(check.outcome in bad for check in self.checks)


TITLES = {
    "readable": lambda: _("Readable"),
    "signed": lambda: _("Signed by the bank"),
    "published": lambda: _("Published seal"),
    "included": lambda: _("Movements under the root"),
    "kept": lambda: _("Kept by the newest seal"),
}


class _Broken(ValueError):  # noqa: N818 - ends the reading
    pass


def check(*, text: str) -> Report:
    """Check the text of a ledger proof. Nothing is looked up but this site's own seals and keys."""
    try:
        read = _read(text)
    except _Broken:
        sentence = _(
            "This is not a ledger proof. Choose the file that you downloaded beside the credit; "
            "its name ends in .json."
        )
        rest = [_not_made(name) for name in list(TITLES)[1:]]
        return Report([_row("readable", Outcome.FAILED, sentence), *rest], [])
    checks = [_row("readable", Outcome.PASSED, _("The text can be read."))]
    seal = LedgerSeal.objects.filter(size=read.note.size).first()
    for step in (_signed, _published, _included, _kept):
        broken = checks[-1].outcome in {Outcome.FAILED, Outcome.NOT_MADE}
        checks.append(_not_made(step.__name__[1:]) if broken else step(read, seal))
    return Report(checks, [each.facts for each in read.entries], seal)


@dataclass(frozen=True)
class _Entry:
    facts: dict[str, Any]
    index: int
    path: list[bytes]


@dataclass(frozen=True)
class _Proof:
    note: notes.Checkpoint
    entries: list[_Entry]
    earlier: tuple[notes.Checkpoint, list[bytes]] | None


def _read(text: str) -> _Proof:
    try:
        found = json.loads(text) if len(text) <= LARGEST else None
        if not isinstance(found, dict) or found["format"] != proofs.FORMAT:
            raise _Broken
        entries = [_entry(each) for each in found["transfers"][:MOST]]
        older = found.get("earlier")
        earlier = (notes.read(older["checkpoint"]), _hashes(older["proof"])) if older else None
        return _Proof(notes.read(found["checkpoint"]), entries, earlier)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as why:
        raise _Broken from why


def _entry(each: dict[str, Any]) -> _Entry:
    facts, index = each["transfer"], each["index"]
    plain = all(value is None or type(value) in {str, int} for value in facts.values())
    if type(index) is not int or not plain:
        raise _Broken
    leaves.data(facts)  # what has no canonical form ends here
    return _Entry(facts, index, _hashes(each["path"]))


def _hashes(texts: list[str]) -> list[bytes]:
    try:
        return [base64.b64decode(each, validate=True) for each in texts]
    except binascii.Error as why:
        raise _Broken from why


def _signed(read: _Proof, _seal: LedgerSeal | None) -> Check:
    good = [key for key in keys.published() if _has_signed(key, read.note)]
    if any(key.ended == KeyEnd.IN_USE for key in good):
        return _row("signed", Outcome.PASSED, _("A key that the bank uses has signed this root."))
    if any(key.ended != KeyEnd.STOLEN for key in good):
        return _row(
            "signed", Outcome.NOTED, _("An earlier key of the bank, since replaced, has signed it.")
        )
    if good:
        sentence = _(
            "The key that signed this fell into wrong hands and counts no more. Download the proof "
            "again; it is then under a newer seal."
        )
        return _row("signed", Outcome.FAILED, sentence)
    sentence = _("No key of this bank has signed this root. Do not trust the proof.")
    return _row("signed", Outcome.FAILED, sentence)


def _has_signed(key: BankKey, note: notes.Checkpoint) -> bool:
    return sealers.is_installed(key.algorithm) and note.is_signed_by(key.name, key.public_multikey)


def _published(read: _Proof, seal: LedgerSeal | None) -> Check:
    if seal is None or bytes.fromhex(seal.root) != read.note.root:
        sentence = _(
            "The bank has published no seal with this size and root, though its key signed one. "
            "Tell the operator: two ledgers may have been shown."
        )
        return _row("published", Outcome.FAILED, sentence)
    text = _("It is seal {number}, over {size} movements.")
    return _row("published", Outcome.PASSED, text.format(number=seal.number, size=f"{seal.size:,}"))


def _included(read: _Proof, _seal: LedgerSeal | None) -> Check:
    size, root = read.note.size, read.note.root
    for each in read.entries:
        if merkle.root_with(leaves.leaf(each.facts), each.index, size, each.path) != root:
            text = _(
                "Movement {key} does not lead to the signed root: it was changed after it was "
                "sealed, or never sealed."
            )
            return _row("included", Outcome.FAILED, text.format(key=each.facts.get("key")))
    count = len(read.entries)
    text = ngettext(
        "{n} movement leads to the signed root.", "{n} movements lead to the signed root.", count
    )
    return _row("included", Outcome.PASSED, text.format(n=count))


def _kept(read: _Proof, seal: LedgerSeal | None) -> Check:
    newest, tree = sealing.latest(), tiles.Tree()
    assert seal
    assert newest
    grown = tree.consistency(seal.size, newest.size)
    holds = merkle.is_consistent(
        seal.size, newest.size, read.note.root, bytes.fromhex(newest.root), grown
    )
    if holds and read.earlier:
        older, proof = read.earlier
        holds = merkle.is_consistent(older.size, seal.size, older.root, read.note.root, proof)
    if not holds:
        sentence = _("The newest seal does not begin with this one. Tell the operator at once.")
        return _row("kept", Outcome.FAILED, sentence)
    text = _("Seal {number}, the newest, begins with it: nothing before was changed.")
    return _row("kept", Outcome.PASSED, text.format(number=newest.number))


def _row(name: str, outcome: Outcome, sentence: str) -> Check:
    return Check(f"proof.{name}", TITLES[name](), outcome, sentence)


def _not_made(name: str) -> Check:
    return _row(name, Outcome.NOT_MADE, _("Not checked, because an earlier check failed."))
