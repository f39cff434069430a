"""The documents of activities and agents: the only module that writes them.

Two writers of one document are kept apart by its ETag; where the versions of the standard differ,
decision 54 says which one asks for what.
"""

from __future__ import annotations

import hashlib
import re
from typing import TYPE_CHECKING, NamedTuple

import msgspec
from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from xueqiao.kernel import errors
from xueqiao.records import names
from xueqiao.records.models import Activity, Actor, Document, DocumentKind, Source
from xueqiao.records.xapi import texts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from datetime import datetime
    from uuid import UUID

    from django.db.models import QuerySet

__all__ = [
    "JSON", "Changed", "Condition", "ConditionMissing", "DocumentKind", "NotMergeable", "Place",
    "Sent", "TooLarge", "TypeUnfit", "Unguarded", "delete", "delete_all", "forget", "is_json",
    "keys", "post", "put", "read",
]  # fmt: skip
JSON = "application/json"
_TAG = re.compile(r'(?:W/)?"([^"]*)"|([^\s,"]+)')
_CONTENT_TYPE = re.compile(r"[\x20-\x7e]{1,200}")


class Place(NamedTuple):
    """Where documents are: one kind, and what they hang on.

    Attributes:
        activity: its address; "" for an agent profile.
        agent: its identifier as ``agents.identifier`` writes it; "" for an activity profile.
        registration: of a state; None is the state outside of any registration.
        key: stateId or profileId; "" for all documents of the place.
    """

    kind: DocumentKind
    activity: str = ""
    agent: str = ""
    registration: UUID | None = None
    key: str = ""


class Sent(NamedTuple):
    """A document as it came."""

    content: bytes
    content_type: str


class Condition(NamedTuple):
    """What a writer knows of the document: the headers If-Match and If-None-Match, or None."""

    if_match: str | None = None
    if_none_match: str | None = None


class Changed(errors.Refusal):
    """The document is not the one that the writer knows: If-Match or If-None-Match do not hold."""

    code = "records.document_changed"
    status = 412


class Unguarded(errors.Refusal):
    """A document is held, and the writer did not say which one is to be replaced."""

    code = "records.document_unguarded"
    status = 409


class ConditionMissing(errors.Refusal):
    """A profile is sent without If-Match or If-None-Match, which 1.0.3 asks for."""

    code = "records.document_condition_missing"
    status = 400


class NotMergeable(errors.Refusal):
    """A document cannot be merged: one of the two is no JSON object."""

    code = "records.document_not_mergeable"
    status = 400


class TooLarge(errors.Refusal):
    """A document is larger than what is kept."""

    code = "records.document_too_large"
    status = 413


class TypeUnfit(errors.Refusal):
    """A content type is empty, longer than 200 characters, or has other characters than ASCII."""

    code = "records.document_type_unfit"
    status = 400


def read(place: Place) -> Document | None:
    """The document of a place, or None."""
    return _held(place).first()


def keys(place: Place, *, since: datetime | None = None) -> list[str]:
    """The ids of the documents of a place, in order; those of every registration if none is given.

    Args:
        since: only documents written after it.
    """
    rows = _under(place, since)
    return list(rows.order_by("key").values_list("key", flat=True).distinct())


def put(
    *, place: Place, sent: Sent, condition: Condition, version: str, source: Source, at: datetime
) -> Document:
    """Store a document, in place of the one that is held.

    Args:
        version: of the standard that the writer speaks; it decides what ``condition`` must say.

    Raises:
        Changed: the condition does not hold.
        Unguarded: one is held and there is no condition; not for a state in 1.0.3.
        ConditionMissing: none is held and there is no condition; only for a profile in 1.0.3.
        TooLarge, TypeUnfit, texts.NotJson: the document itself cannot be kept.
    """
    _fit(sent)

    def write(held: Document | None) -> Document:
        _check(held, condition)
        if condition == Condition():
            _say_which(place.kind, held, version)
        return _save(place, held, sent, source, at)

    return _alone(place, write)


def post(
    *, place: Place, sent: Sent, condition: Condition, source: Source, at: datetime
) -> Document:
    """Merge a JSON object into the one that is held, property by property; or store a new document.

    Raises:
        Changed: the condition does not hold.
        NotMergeable: one is held, and it or what was sent is no JSON object.
        TooLarge, TypeUnfit, texts.NotJson: the document itself cannot be kept.
    """
    _fit(sent)

    def write(held: Document | None) -> Document:
        _check(held, condition)
        return _save(place, held, _merged(held, sent) if held else sent, source, at)

    return _alone(place, write)


def delete(*, place: Place, condition: Condition) -> int:
    """Delete a document; how many there were, 0 or 1.

    Raises:
        Changed: the condition does not hold.
    """
    with transaction.atomic():
        held = _held(place).select_for_update().first()
        _check(held, condition)
        return held.delete()[0] if held else 0


def delete_all(*, place: Place, since: datetime | None = None) -> int:
    """Delete the documents of a place, as ``keys`` lists them; how many there were."""
    return _under(place, since).delete()[0]


def forget(*, actor_ids: Iterable[int]) -> int:
    """Delete every document about these actors; how many there were."""
    return Document.objects.filter(actor__in=list(actor_ids)).delete()[0]


def _held(place: Place) -> QuerySet[Document]:
    """The rows of one key: none or one."""
    return _at(place).filter(registration=place.registration, key=place.key)


def _under(place: Place, since: datetime | None) -> QuerySet[Document]:
    rows = _at(place)
    if place.registration is not None:
        rows = rows.filter(registration=place.registration)
    return rows if since is None else rows.filter(updated_at__gt=since)


def _at(place: Place) -> QuerySet[Document]:
    rows = Document.objects.filter(kind=place.kind)
    if place.activity:
        rows = rows.filter(activity=_number(Activity, "iri", place.activity))
    if place.agent:
        rows = rows.filter(actor=_number(Actor, "ifi", place.agent))
    return rows


def _number(model: type[Activity | Actor], name: str, value: str) -> int:
    """The number of an activity or actor, or one that no row has."""
    return model.objects.filter(**{name: value}).values_list("pk", flat=True).first() or 0


def _alone(place: Place, write: Callable[[Document | None], Document]) -> Document:
    """Let one writer at a time decide about the document of a place."""
    try:
        with transaction.atomic():
            return write(_held(place).select_for_update().first())
    except IntegrityError:
        # Two wrote the first document at the same time; whoever comes second now finds it.
        with transaction.atomic():
            return write(_held(place).select_for_update().first())


def _save(
    place: Place, held: Document | None, sent: Sent, source: Source, at: datetime
) -> Document:
    _small(sent.content)
    row = held or Document(
        kind=place.kind,
        activity_id=names.activities([place.activity]).get(place.activity),
        actor_id=names.actors([place.agent], at).get(place.agent),
        registration=place.registration,
        key=place.key,
    )
    row.content, row.content_type = sent.content, sent.content_type
    row.etag = hashlib.sha1(sent.content, usedforsecurity=False).hexdigest()
    row.updated_at, row.source = at, source
    row.save()
    return row


def _fit(sent: Sent) -> None:
    if not _CONTENT_TYPE.fullmatch(sent.content_type):
        raise TypeUnfit(_("The content type has 1 to 200 characters of ASCII."))
    _small(sent.content)
    if is_json(sent.content_type):
        texts.decode(sent.content)


def _small(content: bytes) -> None:
    most = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    if len(content) > most:
        raise TooLarge(_("A document has at most {most} MB.").format(most=most >> 20))


def is_json(content_type: str) -> bool:
    """Whether a content type is application/json, with or without a charset."""
    return content_type.partition(";")[0].strip().lower() == JSON


def _check(held: Document | None, condition: Condition) -> None:
    wanted, unwanted = condition
    if wanted is not None and (held is None or not _names(wanted, held)):
        raise Changed(_("The document is not the one that If-Match names. Read it again."))
    if unwanted is not None and held is not None and _names(unwanted, held):
        raise Changed(_("The document that If-None-Match rules out is held. Read it again."))


def _names(header: str, held: Document) -> bool:
    # Compared weakly: whoever compresses an answer on its way makes its tag a weak one.
    tags = [quoted or bare for quoted, bare in _TAG.findall(header)]
    return header.strip() == "*" or held.etag in tags


def _say_which(kind: DocumentKind, held: Document | None, version: str) -> None:
    """Refuse a PUT without a condition where the version asks for one."""
    if kind == DocumentKind.STATE and version < "2":
        return
    if held is not None:
        text = _("A document is held here. Read it, and send its ETag as If-Match to replace it.")
        raise Unguarded(text)
    if version < "2":
        text = _("Send If-None-Match: * for a new document, or If-Match to replace one.")
        raise ConditionMissing(text)


def _merged(held: Document, sent: Sent) -> Sent:
    """Both as one: properties of ``sent`` win; values stay as they were written."""
    if not is_json(held.content_type) or not is_json(sent.content_type):
        raise NotMergeable(_("Only application/json can be merged. Send the document by PUT."))
    parts: dict[str, msgspec.Raw] = {}
    for content in (bytes(held.content), sent.content):
        try:
            parts |= msgspec.json.decode(content, type=dict[str, msgspec.Raw])
        except msgspec.DecodeError as why:
            raise NotMergeable(_("Only JSON objects can be merged; one of both is none.")) from why
    return Sent(msgspec.json.encode(parts), held.content_type)
