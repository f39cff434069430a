"""Reading a certificate's bit in published status lists, as anybody can who holds the lists."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from xueqiao.creditbank.credentials.statuslists import REVOCATION, SUSPENSION
from xueqiao.kernel.signing import bitstring, canonical, did, instants, proof

if TYPE_CHECKING:
    from xueqiao.creditbank.credentials.publication import Publication


@dataclass(frozen=True)
class Bit:
    """What a list says of a certificate, and how long ago it was signed."""

    raised: bool
    age: timedelta


@dataclass(frozen=True)
class Lists:
    """The status lists of one issuer, as they are published."""

    publication: Publication
    issuer: str
    did_document: dict[str, Any]
    now: datetime

    def revocation(self, entry: dict[str, Any]) -> Bit | None:
        """The bit that the status entry of a certificate names; None when it cannot be told."""
        if entry.get("type") != "BitstringStatusListEntry":
            return None
        if entry.get("statusPurpose") != REVOCATION:
            return None
        return self._bit(entry.get("statusListCredential"), REVOCATION, entry)

    def suspension(self, entry: dict[str, Any]) -> Bit | None:
        """The same bit in the list of suspensions, to which the entry refers."""
        return self._bit(entry.get("statusReference"), SUSPENSION, entry)

    def _bit(self, address: object, purpose: str, entry: dict[str, Any]) -> Bit | None:
        found = self.publication.status_list(address) if isinstance(address, str) else None
        signed_at = instants.read(found.get("validFrom")) if found else None
        if found is None or signed_at is None or not self._is_sound(found, address, purpose):
            return None
        encoded = str(found["credentialSubject"].get("encodedList"))
        try:
            raised = bitstring.is_raised(
                bitstring.decode(encoded), int(str(entry.get("statusListIndex")))
            )
        except ValueError:
            return None
        return Bit(raised, max(self.now - signed_at, timedelta(0)))

    def _is_sound(self, found: dict[str, Any], address: object, purpose: str) -> bool:
        """Whether it is the issuer's own list, of this purpose, at this address, and signed."""
        subject = found.get("credentialSubject")
        signed = proof.proofs(found)
        return (
            found.get("id") == address
            and found.get("issuer") == self.issuer
            and isinstance(subject, dict)
            and subject.get("type") == "BitstringStatusList"
            and subject.get("statusPurpose") == purpose
            and bool(signed)
            and all(proof_holds(found, each, self.did_document, self.now) for each in signed)
        )


def proof_holds(
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
