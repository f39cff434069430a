"""All that the bank holds about one learner, as tables and files: for the learner to take along."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple

from django.core.files.storage import default_storage

from xueqiao.creditbank import holders
from xueqiao.creditbank.models import (
    Application,
    ApplicationStep,
    Certificate,
    Conversion,
    CreditLot,
    Decision,
    Evidence,
    LearningAccount,
    Outcome,
    Transfer,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from django.db.models import QuerySet

    from xueqiao.people.models import Person


class Table(NamedTuple):
    """Rows under a name; amounts in 1/100 credit, as the columns' names say."""

    name: str
    columns: tuple[str, ...]
    rows: Iterable[tuple[Any, ...]]


class File(NamedTuple):
    """A file under a path within the export."""

    path: str
    content: bytes


_ACCOUNTS = ("number", "status", "verified", "verified_at", "opened_at")
_LOTS = (
    "id", "title_zh", "title_en", "field", "level__number", "amount_hundredths", "source_kind",
    "obtained", "valid_to", "state", "hops", "institution__name", "account__code",
)  # fmt: skip
_OUTCOMES = (
    "kind", "issuer", "number", "title_zh", "title_en", "result", "obtained", "valid_to", "source",
)  # fmt: skip
_DECISIONS = (
    "key", "unit__code", "approved", "amount_hundredths", "reasons", "rule__code", "decided_at",
)  # fmt: skip
_TRANSFERS = (
    "key", "debit__code", "credit__code", "amount_hundredths", "code", "phase", "event_at",
    "posted_at", "leaf_hash",
)  # fmt: skip
_APPLICATIONS = (
    "id", "title", "statement", "obtained", "employer", "state", "state_since", "created_at",
)  # fmt: skip
_STEPS = ("application_id", "number", "verb", "from_state", "to_state", "note", "at")
_EVIDENCE = ("application_id", "title", "media_type", "size_bytes", "sha256", "added_at")
_CONVERSIONS = (
    "id", "version__rule__code", "version__number", "granted_hundredths", "state", "asked_at",
)  # fmt: skip
_CERTIFICATES = (
    "key", "state", "institution__name", "lot__title_zh", "issued_at", "valid_until", "revoked_at",
    "revoke_reason",
)  # fmt: skip


def tables(person: Person) -> Iterator[Table]:
    """One table for each kind of thing, empty ones too; accounts merged into this one included."""
    whose = {"person_id__in": holders.persons(person.pk)}
    applications = Application.objects.filter(applicant_id__in=holders.persons(person.pk))
    yield _table("learning_accounts", LearningAccount.objects.filter(**whose), _ACCOUNTS)
    yield _table("lots", CreditLot.objects.filter(**whose), _LOTS)
    yield _table("outcomes", Outcome.objects.filter(**whose), _OUTCOMES)
    yield _table("decisions", Decision.objects.filter(**whose), _DECISIONS)
    yield _table("transfers", _transfers(person), _TRANSFERS)
    yield _table("applications", applications, _APPLICATIONS)
    steps = ApplicationStep.objects.filter(application__in=applications)
    yield _table("application_steps", steps, _STEPS)
    yield _table("evidence", Evidence.objects.filter(application__in=applications), _EVIDENCE)
    yield _table("conversions", Conversion.objects.filter(**whose), _CONVERSIONS)
    yield _table("certificates", Certificate.objects.own(person), _CERTIFICATES)


def files(person: Person) -> Iterator[File]:
    """The signed certificates as they were signed, and the evidence that was handed in."""
    signed = Certificate.objects.own(person).signed().order_by("pk")
    for key, document in signed.values_list("key", "document").iterator(chunk_size=200):
        # The exact text; it is checked that it is JSON, so that nobody is given half a document.
        json.loads(document)
        yield File(f"certificates/{key}.json", document.encode())
    applications = Application.objects.filter(applicant_id__in=holders.persons(person.pk))
    kept = Evidence.objects.filter(application__in=applications).order_by("pk")
    endings = {"application/pdf": "pdf", "image/jpeg": "jpg", "image/png": "png"}
    for each in kept.iterator(chunk_size=200):
        if default_storage.exists(each.stored_as):
            with default_storage.open(each.stored_as) as stored:
                ending = endings.get(each.media_type, "txt")
                yield File(
                    f"evidence/{each.application_id}/{each.sha256[:16]}.{ending}", stored.read()
                )


def _transfers(person: Person) -> QuerySet[Transfer]:
    # Two look-ups by index: one with an OR of both sides would read the whole ledger.
    debits = Transfer.objects.filter(debit__person_id=person.pk).values("pk")
    credits_ = Transfer.objects.filter(credit__person_id=person.pk).values("pk")
    return Transfer.objects.filter(pk__in=debits.union(credits_))


def _table(name: str, rows: QuerySet[Any], columns: tuple[str, ...]) -> Table:
    found = rows.order_by("pk").values_list(*columns).iterator(chunk_size=2000)
    return Table(name, tuple(each.replace("__", "_") for each in columns), found)
