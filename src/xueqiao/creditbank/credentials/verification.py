"""Checking a certificate that anybody hands in: one row for each check, each with its own sentence.

Nothing is looked up over the network. A check that cannot be made because an earlier one failed is
shown as not made, never as passed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from xueqiao.creditbank.credentials import document as wording
from xueqiao.creditbank.credentials import reading, standing
from xueqiao.creditbank.credentials.publication import OwnSite, Publication, Remembered
from xueqiao.kernel import clock
from xueqiao.kernel.signing import canonical, did, proof

STATUS_GROWS_OLD = timedelta(days=7)


class Outcome(Enum):
    """What came of one check."""

    PASSED = "passed"
    NOTED = "noted"  # passed, with something to know
    FAILED = "failed"
    NOT_MADE = "not made"


# What is checked costs time, and anybody may ask for it.
MOST_PROOFS, MOST_ROWS = 4, 60
FAILING = {Outcome.FAILED, Outcome.NOT_MADE}


@dataclass(frozen=True)
class Check:
    """One row: ``code`` is stable, ``title`` and ``sentence`` are for people."""

    code: str
    title: str
    outcome: Outcome
    sentence: str


@dataclass(frozen=True)
class Report:
    """The whole answer. ``claim`` is None when the text could not be read at all."""

    checks: list[Check]
    claim: reading.Claim | None
    status_age: timedelta | None

    @property
    def holds(self) -> bool:
        """Whether every check was made and none failed."""
        return not any(check.outcome in FAILING for check in self.checks)

    @property
    def status_hours(self) -> int:
        """Age of the status list in whole hours; 0 when it is not known."""
        return int(self.status_age / timedelta(hours=1)) if self.status_age else 0

    @property
    def codes(self) -> list[str]:
        """The codes of the checks that failed."""
        return [check.code for check in self.checks if check.outcome is Outcome.FAILED]


def verify(
    *, text: str, now: datetime, publication: Publication | None = None, holder: str = ""
) -> Report:
    """Check a certificate.

    Args:
        text: the credential as JSON.
        now: aware; periods are judged by it.
        publication: where DID documents and status lists are read; this site's own by default.
        holder: a name; when given, it is compared with the hashed name in the certificate.
    """
    try:
        found = reading.parse(text)
    except reading.NotReadable:
        return Report([_unreadable(), *map(_not_made, list(TITLES)[1:])], None, None)
    return _Checking(found, now, publication or OwnSite(), holder).report()


# In the order in which they are made and shown.
TITLES = {
    "readable": lambda: _("Readable"),
    "shape": lambda: _("Form of a certificate"),
    "vocabulary": lambda: _("Known words only"),
    "issuer": lambda: _("Issuer known"),
    "proof": lambda: _("Unchanged since signed"),
    "period": lambda: _("Within its period"),
    "status": lambda: _("Not revoked"),
    "suspension": lambda: _("Not suspended"),
}


def _check(name: str, outcome: Outcome, sentence: str, code: str = "") -> Check:
    return Check(f"verify.{code or name}", TITLES[name](), outcome, sentence)


def _unreadable() -> Check:
    sentence = _(
        "This is not a certificate file. Choose the file that ends in .json, or copy the whole "
        "text from the first { to the last }."
    )
    return _check("readable", Outcome.FAILED, sentence, "not_json")


def _not_made(name: str) -> Check:
    return _check(name, Outcome.NOT_MADE, _("Not checked, because an earlier check failed."))


class _Checking:
    """One certificate on its way through the checks."""

    def __init__(
        self, found: dict[str, Any], now: datetime, publication: Publication, holder: str
    ) -> None:
        self.found, self.now, self.publication, self.holder = found, now, publication, holder
        self.claim = reading.claim(found)
        self.did_document: dict[str, Any] | None = None
        self.status_age: timedelta | None = None

    def report(self) -> Report:
        checks = [_check("readable", Outcome.PASSED, _("The text can be read."))]
        for step in (self.shape, self.vocabulary, self.issuer, self.proof):
            broken = checks[-1].outcome in {Outcome.FAILED, Outcome.NOT_MADE}
            checks.append(_not_made(step.__name__) if broken else step())
        # Period and status are worth knowing even of a certificate that was changed.
        shaped = checks[1].outcome is Outcome.PASSED
        checks.append(self.period() if shaped else _not_made("period"))
        for step in (self.status, self.suspension):
            ready = shaped and self.did_document is not None
            checks.append(step() if ready else _not_made(step.__name__))
        rows = reading.embedded(self.found)
        if rows and shaped:
            checks.append(self.rows(rows))
        if self.holder.strip():
            checks.append(self.same_holder())
        return Report(checks, self.claim, self.status_age)

    def shape(self) -> Check:
        fault = reading.shape_fault(self.found)
        if fault is None:
            text = _("It is built like an Open Badges 3.0 certificate.")
            return _check("shape", Outcome.PASSED, text)
        where, missing = fault
        text = (
            _(
                "It is not built like an Open Badges 3.0 certificate: “{name}” is missing "
                "at {where}."
            )
            if missing
            else _("It is not built like an Open Badges 3.0 certificate: look at {where}.")
        )
        return _check("shape", Outcome.FAILED, text.format(name=missing, where=where))

    def vocabulary(self) -> Check:
        try:
            canonical.canonize({k: v for k, v in self.found.items() if k != "proof"})
        except canonical.UnknownContext as why:
            text = _(
                "It uses a vocabulary that we do not know: {name}. What it says may mean anything."
            )
            return _check(
                "vocabulary", Outcome.FAILED, text.format(name=why.name), "unknown_context"
            )
        except canonical.UnknownTerm as why:
            text = _(
                "It contains “{term}”, which its vocabulary does not define and no signature "
                "covers."
            )
            return _check("vocabulary", Outcome.FAILED, text.format(term=why.term), "unknown_term")
        except canonical.NotCanonical:
            text = _("Its text cannot be brought into the form that is signed.")
            return _check("vocabulary", Outcome.FAILED, text, "not_canonical")
        return _check(
            "vocabulary", Outcome.PASSED, _("Every word in it is defined and was signed.")
        )

    def issuer(self) -> Check:
        self.did_document = self.publication.did_document(self.claim.issuer)
        if self.did_document is None:
            text = _("The issuer {issuer} is not an institution of this credit bank.")
            return _check(
                "issuer", Outcome.FAILED, text.format(issuer=self.claim.issuer), "stranger"
            )
        found = proof.proofs(self.found)
        if not found:
            return _check("issuer", Outcome.FAILED, _("It is not signed."), "no_proof")
        if len(found) > MOST_PROOFS:
            text = _("It has more than {n} signatures; nobody needs so many.")
            return _check("issuer", Outcome.FAILED, text.format(n=MOST_PROOFS), "many_proofs")
        for each in found:
            method = each.get("verificationMethod") if isinstance(each, dict) else None
            if not isinstance(method, str) or did.multikey(self.did_document, method) is None:
                text = _("It is signed with a key that does not belong to {issuer}.")
                named = text.format(issuer=self.claim.issuer_name or self.claim.issuer)
                return _check("issuer", Outcome.FAILED, named, "strangers_key")
        text = _("{issuer} issues certificates here, and the key is its own.")
        return _check("issuer", Outcome.PASSED, text.format(issuer=self.claim.issuer_name))

    def proof(self) -> Check:
        assert self.did_document is not None
        for each in proof.proofs(self.found):
            if not standing.proof_holds(self.found, each, self.did_document, self.now):
                text = _(
                    "Something in it was changed after it was signed. Ask the holder for the "
                    "original."
                )
                return _check("proof", Outcome.FAILED, text, "changed")
        return _check(
            "proof", Outcome.PASSED, _("Not a character was changed since it was signed.")
        )

    def period(self) -> Check:
        begins, ends = self.claim.issued, self.claim.valid_until
        if begins is None or (ends is None and "validUntil" in self.found):
            return _check("period", Outcome.FAILED, _("Its dates cannot be read."), "no_period")
        if begins > self.now:
            day = clock.written(clock.local_date(begins))
            text = _("It is valid only from {day}.").format(day=day)
            return _check("period", Outcome.FAILED, text, "not_yet")
        if ends is not None and ends <= self.now:
            day = clock.written(clock.local_date(ends))
            text = _("It expired on {day}.").format(day=day)
            return _check("period", Outcome.FAILED, text, "expired")
        text = _("It is valid today.") if ends else _("It is valid and does not expire.")
        return _check("period", Outcome.PASSED, text)

    def status(self) -> Check:
        bit = self.lists().revocation(self.entry())
        if bit is None:
            text = _("Whether it was revoked cannot be told: its status list is not held here.")
            return _check("status", Outcome.FAILED, text, "status_unknown")
        self.status_age = bit.age
        if bit.raised:
            return _check("status", Outcome.FAILED, _("The issuer has revoked it."), "revoked")
        if bit.age > STATUS_GROWS_OLD:
            text = _(
                "Not revoked when last published, {days} days ago. Check again with a new list."
            )
            return _check("status", Outcome.NOTED, text.format(days=bit.age.days), "status_old")
        return _check("status", Outcome.PASSED, _("The issuer has not revoked it."))

    def suspension(self) -> Check:
        if "statusReference" not in self.entry():
            text = _("It names no list of suspensions, so it cannot be suspended.")
            return _check("suspension", Outcome.NOTED, text)
        bit = self.lists().suspension(self.entry())
        if bit is None:
            text = _("Whether it is suspended cannot be told: that list is not held here.")
            return _check("suspension", Outcome.FAILED, text, "suspension_unknown")
        if bit.raised:
            text = _(
                "The issuer has suspended it for the time being: what it rests on is disputed. Ask "
                "again later."
            )
            return _check("suspension", Outcome.FAILED, text, "suspended")
        return _check("suspension", Outcome.PASSED, _("The issuer has not suspended it."))

    def rows(self, rows: list[dict[str, Any]]) -> Check:
        """Whether each certificate in a transcript passes by itself; its source may be gone."""
        title = _("Each row")
        if len(rows) > MOST_ROWS:
            text = _("It has more than {n} rows; divide it.").format(n=MOST_ROWS)
            return Check("verify.many_rows", title, Outcome.FAILED, text)
        shared = Remembered(self.publication)
        for place, row in enumerate(rows, start=1):
            report = _Checking(row, self.now, shared, "").report()
            failed = [each.sentence for each in report.checks if each.outcome in FAILING]
            if failed:
                text = _("Row {n}, “{name}”: {why}").format(
                    n=place, name=report.claim.achievement if report.claim else "", why=failed[0]
                )
                return Check("verify.row_fails", title, Outcome.FAILED, text)
        text = ngettext(
            "The certificate in it passes every check by itself.",
            "Each of the {n} certificates in it passes every check by itself.",
            len(rows),
        )
        return Check("verify.rows", title, Outcome.PASSED, text.format(n=len(rows)))

    def entry(self) -> dict[str, Any]:
        """What the certificate says of its status; empty where that cannot be read."""
        found = self.found.get("credentialStatus")
        return found if isinstance(found, dict) else {}

    def lists(self) -> standing.Lists:
        assert self.did_document is not None
        return standing.Lists(self.publication, self.claim.issuer, self.did_document, self.now)

    def same_holder(self) -> Check:
        """Whether the hashed name in the certificate is the name that was typed."""
        name = self.holder.strip()
        hashed = reading.identities(self.found, wording.NAME_IDENTITY)
        if any(wording.identity_hash(name, salt) == value for value, salt in hashed):
            text = _("The certificate is for {name}.").format(name=name)
            return Check("verify.holder", _("Holder"), Outcome.PASSED, text)
        text = _("The certificate is not for {name}. Check how the name is written.").format(
            name=name
        )
        return Check("verify.other_holder", _("Holder"), Outcome.FAILED, text)
