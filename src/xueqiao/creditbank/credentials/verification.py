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

from xueqiao.creditbank.credentials import document as wording
from xueqiao.creditbank.credentials import reading
from xueqiao.creditbank.credentials.publication import OwnSite, Publication
from xueqiao.kernel import clock
from xueqiao.kernel.signing import bitstring, canonical, did, instants, proof

STATUS_GROWS_OLD = timedelta(days=7)


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
    """The whole answer. ``claim`` is None when the text could not be read at all."""

    checks: list[Check]
    claim: reading.Claim | None
    status_age: timedelta | None

    @property
    def holds(self) -> bool:
        """Whether every check was made and none failed."""
        bad = {Outcome.FAILED, Outcome.NOT_MADE}
        return not any(check.outcome in bad for check in self.checks)

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
        checks.append(self.status() if shaped and self.did_document else _not_made("status"))
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
            if not _proof_holds(self.found, each, self.did_document, self.now):
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
            text = _("It is valid only from {day}.").format(
                day=clock.local_date(begins).isoformat()
            )
            return _check("period", Outcome.FAILED, text, "not_yet")
        if ends is not None and ends <= self.now:
            text = _("It expired on {day}.").format(day=clock.local_date(ends).isoformat())
            return _check("period", Outcome.FAILED, text, "expired")
        text = _("It is valid today.") if ends else _("It is valid and does not expire.")
        return _check("period", Outcome.PASSED, text)

    def status(self) -> Check:
        entry = self.found.get("credentialStatus")
        listed = self._bits(entry) if isinstance(entry, dict) else None
        if listed is None:
            text = _("Whether it was revoked cannot be told: its status list is not held here.")
            return _check("status", Outcome.FAILED, text, "status_unknown")
        bits, signed_at = listed
        self.status_age = max(self.now - signed_at, timedelta(0))
        try:
            revoked = bitstring.is_raised(bits, int(str(entry.get("statusListIndex"))))  # type: ignore[union-attr]
        except ValueError:
            text = _("Its number in the status list does not exist.")
            return _check("status", Outcome.FAILED, text, "status_unknown")
        if revoked:
            return _check("status", Outcome.FAILED, _("The issuer has revoked it."), "revoked")
        if self.status_age > STATUS_GROWS_OLD:
            text = _(
                "Not revoked when last published, {days} days ago. Check again with a new list."
            )
            return _check(
                "status", Outcome.NOTED, text.format(days=self.status_age.days), "status_old"
            )
        return _check("status", Outcome.PASSED, _("The issuer has not revoked it."))

    def _bits(self, entry: dict[str, Any]) -> tuple[bytes, datetime] | None:
        """The bits of the list that the entry names, and when it was signed; None if unsound."""
        address = entry.get("statusListCredential")
        kind, purpose = entry.get("type"), entry.get("statusPurpose")
        if not isinstance(address, str) or kind != "BitstringStatusListEntry":
            return None
        found = self.publication.status_list(address)
        if found is None or self.did_document is None:
            return None
        subject = found.get("credentialSubject", {})
        signed_at = instants.read(found.get("validFrom"))
        sound = (
            found.get("id") == address
            and found.get("issuer") == self.claim.issuer
            and subject.get("type") == "BitstringStatusList"
            and subject.get("statusPurpose") == purpose == "revocation"
            and bool(proof.proofs(found))
            and all(
                _proof_holds(found, p, self.did_document, self.now) for p in proof.proofs(found)
            )
        )
        if not sound or signed_at is None:
            return None
        try:
            return bitstring.decode(str(subject.get("encodedList"))), signed_at
        except ValueError:
            return None

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


def _proof_holds(
    found: dict[str, Any], each: dict[str, Any], did_document: dict[str, Any], now: datetime
) -> bool:
    """Whether a proof was made with the issuer's key over exactly this text, and not later."""
    if not isinstance(each, dict) or each.get("proofPurpose") != proof.PURPOSE:
        return False
    key = did.multikey(did_document, str(each.get("verificationMethod")))
    created = instants.read(each.get("created"))
    if key is None or created is None or created > now:
        return False
    try:
        return proof.holds(document=found, proof=each, public_multikey=key)
    except canonical.NotCanonical:
        return False
