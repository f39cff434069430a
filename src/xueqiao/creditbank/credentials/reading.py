"""Reading what somebody hands in as a certificate: strict JSON, the schema, and what it claims."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from jsonschema import Draft201909Validator
from jsonschema.exceptions import best_match

from xueqiao.kernel import signing
from xueqiao.kernel.signing import instants

if TYPE_CHECKING:
    from datetime import datetime

LARGEST = 1_000_000  # bytes; ours have about 3,000
SAFE_INTEGER = 2**53
SCHEMAS = Path(signing.__file__).parent / "schemas"
ACHIEVEMENT, ENDORSEMENT = "AchievementCredential", "EndorsementCredential"
TRANSCRIPT = "ClrCredential"
FILES = {
    ACHIEVEMENT: "ob_v3p0_achievementcredential_schema.json",
    ENDORSEMENT: "ob_v3p0_achievementcredential_schema.json",
    TRANSCRIPT: "clr_v2p0_clrcredential_schema.json",
}


class NotReadable(ValueError):  # noqa: N818 - the reason, not an error of the program
    """The text is not one JSON object that every reader would read alike."""


@dataclass(frozen=True)
class Claim:
    """What a credential says of itself, "" where it is silent; true only when the checks pass."""

    name: str
    issuer: str
    issuer_name: str
    achievement: str
    description: str
    credits: str
    level: str
    result: str
    obtained: datetime | None
    issued: datetime | None
    valid_until: datetime | None
    identifier: str
    comment: str = ""
    about: str = ""


def parse(text: str) -> dict[str, Any]:
    """The object in a JSON text.

    Refused beside bad JSON: names given twice, numbers that readers disagree on, characters that
    are none. A whole number written 60.0 is read as 60, as JavaScript does.

    Raises:
        NotReadable: with the reason in English.
    """
    if len(text.encode("utf-8", "surrogatepass")) > LARGEST:
        raise NotReadable("longer than a megabyte")
    try:
        found = json.loads(
            text.lstrip("\ufeff"),
            object_pairs_hook=_object,
            parse_float=_float,
            parse_int=_int,
            parse_constant=_no_constant,
        )
        json.dumps(found, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as why:
        raise NotReadable(str(why)) from why
    if not isinstance(found, dict):
        raise NotReadable("not an object")
    return found


def shape_fault(document: dict[str, Any]) -> tuple[str, str] | None:
    """Where the document departs from the schema of what it says it is; None when it does not.

    A transcript is one of CLR 2.0, an endorsement and everything else of Open Badges 3.0; what is
    embedded has the form of a certificate.

    Returns:
        JSON pointer, and the name of what is missing there ("" when it is there but does not fit).
    """
    fault = best_match(_validator(form(document)).iter_errors(document))
    if fault is not None:
        missing = ""
        if fault.validator == "required":
            missing = next(name for name in fault.validator_value if name not in fault.instance)
        return "/" + "/".join(map(str, fault.absolute_path)), missing
    for place, row in enumerate(embedded(document)):
        inner = shape_fault(row) if form(row) != TRANSCRIPT else ("", "")
        if inner:
            return f"/credentialSubject/verifiableCredential/{place}{inner[0]}", inner[1]
    return None


def form(document: dict[str, Any]) -> str:
    """Which of the forms a document says it has."""
    types = _list(document.get("type"))
    return next((name for name in (TRANSCRIPT, ENDORSEMENT) if name in types), ACHIEVEMENT)


def claim(document: dict[str, Any]) -> Claim:
    """What the document says, as far as it can be read; never fails."""
    subject = _dict(document.get("credentialSubject"))
    achievement = _dict(subject.get("achievement"))
    issuer = document.get("issuer")
    profile = _dict(issuer)
    identifiers = [_dict(entry) for entry in _list(subject.get("identifier"))]
    earned = subject.get("creditsEarned")
    return Claim(
        name=_text(document.get("name")),
        issuer=issuer if isinstance(issuer, str) else _text(profile.get("id")),
        issuer_name=_text(profile.get("name")),
        achievement=_text(achievement.get("name")),
        description=_text(achievement.get("description")),
        credits=f"{earned:g}" if isinstance(earned, int | float) else "",
        level=_text(_dict(next(iter(_list(achievement.get("alignment"))), None)).get("targetName")),
        result=_text(_dict(next(iter(_list(subject.get("result"))), None)).get("value")),
        obtained=instants.read(subject.get("activityEndDate")),
        issued=instants.read(document.get("validFrom")),
        valid_until=instants.read(document.get("validUntil")),
        comment=_text(subject.get("endorsementComment")),
        about=_text(subject.get("id")),
        identifier=next((_text(each.get("identityHash")) for each in identifiers), ""),
    )


def embedded(document: dict[str, Any]) -> list[dict[str, Any]]:
    """The credentials that a transcript carries, in order; empty for any other document."""
    subject = _dict(document.get("credentialSubject"))
    return [each for each in _list(subject.get("verifiableCredential")) if isinstance(each, dict)]


def identities(document: dict[str, Any], kind: str) -> list[tuple[str, str]]:
    """Hash and salt of each identity of a kind, such as ``ext:name``."""
    subject = _dict(document.get("credentialSubject"))
    entries = [_dict(entry) for entry in _list(subject.get("identifier"))]
    return [
        (_text(entry.get("identityHash")), _text(entry.get("salt")))
        for entry in entries
        if entry.get("identityType") == kind and entry.get("hashed") is True
    ]


@cache
def _validator(name: str) -> Draft201909Validator:
    schema = json.loads((SCHEMAS / FILES[name]).read_text("utf-8"))
    if name == ENDORSEMENT:
        schema = {"$ref": "#/$defs/EndorsementCredential", "$defs": schema["$defs"]}
    return Draft201909Validator(schema)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise NotReadable("a name is given twice in one object")
    return found


def _int(text: str) -> int:
    found = int(text) if len(text) < len(str(SAFE_INTEGER)) + 1 else SAFE_INTEGER + 1
    if abs(found) > SAFE_INTEGER:
        raise NotReadable(f"the number {text[:20]} is too long to be exact")
    return found


def _float(text: str) -> int | float:
    found = float(text)
    if found.is_integer() and abs(found) <= SAFE_INTEGER:
        return int(found)
    if abs(found) > SAFE_INTEGER:
        raise NotReadable(f"the number {text[:20]} is too long to be exact")
    return found


def _no_constant(text: str) -> None:
    raise NotReadable(f"{text} is not a number of JSON")


def _dict(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
