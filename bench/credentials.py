"""Certificates: signing, checking, a status list. Bars: 40 signatures/s a core, 300 ms, 2 s.

Signing is counted by the time the core worked, so that a busy machine gives the same figure.
"""

from __future__ import annotations

import io
import json
import time
import uuid
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.test import Client
from PIL import Image

from xueqiao.creditbank import completions, credentials, standards
from xueqiao.creditbank.credentials import offline, transcripts
from xueqiao.creditbank.credentials.paper import sheets
from xueqiao.creditbank.models import Certificate, CreditLot, StatusList
from xueqiao.kernel import clock
from xueqiao.kernel.signing import bitstring, multibase, proof
from xueqiao.network.models import Institution
from xueqiao.people.models import Person
from xueqiao.records import log

if TYPE_CHECKING:
    from collections.abc import Callable

    from xueqiao.records.models import LogEntry

COUNT = 500
CHECKS = 50


def prepare() -> None:
    call_command("migrate", verbosity=0)
    standards.load()
    now = clock.now()
    Institution.objects.create(
        code="BENCH-1", name="示例", kind="open_university", valid_from="2000-01-01", is_sample=True
    )
    people = Person.objects.bulk_create(
        Person(key=uuid.uuid4(), name=f"学员 {n}", opened_at=now) for n in range(COUNT)
    )
    at = datetime(2014, 6, 30, tzinfo=UTC)
    log.append_many([completed(person.pk, at) for person in people])
    completions.follow(now=now)


def completed(person_id: int, at: datetime) -> LogEntry:
    payload = {
        "enrolment_id": person_id, "person_id": person_id, "offering_code": "OULAD-AAA-2013J",
        "module_code": "AAA", "presentation": "2013J", "institution_code": "BENCH-1",
        "result": "pass", "studied_credits_hundredths": 6000, "completed_at": at.isoformat(),
    }  # fmt: skip
    key = f"enrolment:{person_id}"
    return log.entry(kind="hall.completed", key=key, event_at=at, payload=payload)


def run() -> list[dict]:
    prepare()
    asked, signed = cpu_of(ask), cpu_of(sign)
    document = json.loads(Certificate.objects.first().document)
    core = "/s of one core"
    return [
        {"what": "certificates asked for", "value": COUNT / asked, "unit": core},
        {"what": "signed and stored", "value": COUNT / signed, "unit": core, "limit": "≥ 40"},
        {
            "what": "both proofs alone",
            "value": 1 / one_proof(document),
            "unit": core,
            "limit": "≥ 40",
        },
        {
            "what": "verify page, a text posted",
            "value": page() * 1000,
            "unit": "ms",
            "limit": "300",
        },
        {
            "what": "status list of 131,072 signed",
            "value": status_list(),
            "unit": "s",
            "limit": "2",
        },
        *papers(),
    ]


def ask() -> None:
    credentials.request_first_of_each_learner(limit=COUNT, requested_at=clock.now())


def sign() -> None:
    assert credentials.sign_queued(limit=COUNT, now=clock.now()).signed == COUNT


def one_proof(document: dict) -> float:
    key, body = Ed25519PrivateKey.generate(), {k: v for k, v in document.items() if k != "proof"}
    name = multibase.public_multikey(key.public_key().public_bytes_raw())

    def many() -> None:
        for _ in range(CHECKS):
            proof.sign_twice(
                document=body, key=key, method=f"did:key:{name}#{name}", created=clock.now()
            )

    return cpu_of(many) / CHECKS


def page() -> float:
    client = Client(headers={"host": "localhost"})
    texts = list(Certificate.objects.values_list("document", flat=True)[:CHECKS])

    def many() -> None:
        for text in texts:
            assert b'data-verdict="holds"' in client.post("/verify/", {"text": text}).content

    return seconds_of(many) / CHECKS


def papers() -> list[dict]:
    """Drawing a certificate, and checking it again from what was drawn."""
    rows = list(Certificate.objects.select_related("person", "institution")[: CHECKS // 5])
    sheets.pdf(rows[0])  # reads the fonts, once for each process
    client = Client(headers={"host": "localhost"})
    pictures = [sheets.png(row) for row in rows]
    photos = [photo(each) for each in pictures]

    def check(files: list[bytes]) -> None:
        for each in files:
            given = {"file": SimpleUploadedFile("f", each)}
            assert b'data-verdict="holds"' in client.post("/verify/", given).content

    drawn = seconds_of(lambda: [sheets.pdf(row) for row in rows]) / len(rows)
    papers_ = [sheets.pdf(row) for row in rows]
    found = []
    for what, files in (("PDF", papers_), ("baked PNG", pictures), ("photo of the code", photos)):
        spent = seconds_of(partial(check, files)) / len(files)
        found.append({"what": f"verify page, a {what}", "value": spent * 1000, "unit": "ms"})
    return [
        {"what": "PDF/A-3 drawn", "value": drawn * 1000, "unit": "ms"},
        *({**each, "limit": "300"} for each in found),
        {"what": "transcript of 10 rows signed", "value": transcript(), "unit": "ms"},
        {
            "what": "data of the offline page",
            "value": seconds_of(lambda: offline.bundle(now=clock.now())) * 1000,
            "unit": "ms",
        },
    ]


def photo(picture: bytes) -> bytes:
    """The picture as a phone would hand it in: no credential in it, only the code."""
    out = io.BytesIO()
    Image.open(io.BytesIO(picture)).convert("RGB").rotate(4, expand=True).save(out, "JPEG")
    return out.getvalue()


def transcript() -> float:
    """Milliseconds of the core for a record of ten rows of one learner, its rows signed before."""
    person = Person.objects.last()
    at = datetime(2014, 6, 30, tzinfo=UTC)
    entries = []
    for n in range(10):
        entry = completed(person.pk, at)
        entry.key = f"enrolment:{person.pk}:{n}"
        entry.payload["enrolment_id"] = 10**6 + n
        entries.append(entry)
    log.append_many(entries)
    completions.follow(now=clock.now())
    lots = list(CreditLot.objects.filter(person=person).order_by("-pk")[:10])
    for lot in lots:
        credentials.request(lot_id=lot.pk, request_key=f"lot:{lot.pk}", requested_at=clock.now())
    credentials.sign_queued(limit=50, now=clock.now())
    transcripts.request(
        person=person,
        lot_ids=[lot.pk for lot in lots],
        request_key="bench",
        requested_at=clock.now(),
    )
    return cpu_of(lambda: credentials.sign_queued(limit=1, now=clock.now())) * 1000


def status_list() -> float:
    """Half of all bits raised at random is the least compressible list there is."""
    room = StatusList.objects.first()
    start = time.perf_counter()
    bitstring.encode(range(0, room.length, 3), room.length)
    last = Certificate.objects.filter(state=Certificate.State.ISSUED).last()
    credentials.revoke(key=last.key, reason="bench", at=clock.now())
    return time.perf_counter() - start


def seconds_of(work: Callable[[], None]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def cpu_of(work: Callable[[], None]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start
