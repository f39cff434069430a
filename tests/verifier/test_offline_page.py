"""The offline page's program, run by Node: the same answers as ours, without us."""

import hashlib
import json
import shutil
import subprocess
from datetime import timedelta
from pathlib import Path

import pytest
from django.test import Client

from tests.creditbank import certified
from xueqiao.creditbank import credentials
from xueqiao.creditbank.credentials import offline, transcripts
from xueqiao.creditbank.models import Certificate, CreditLot

HERE = Path(__file__).parent
NODE = shutil.which("node")
NOW, LATER = certified.NOW, certified.LATER
pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(NODE is None, reason="Node.js is not installed"),
]


def codes(folder, *texts, now=LATER):
    """What the program says of each text, with the data of this moment."""
    data = folder / "data.json"
    data.write_text(json.dumps(offline.bundle(now=NOW)), "utf-8")
    names = []
    for place, text in enumerate(texts):
        names.append(folder / f"{place}.json")
        names[-1].write_text(text, "utf-8")
    done = subprocess.run(
        [NODE, str(HERE / "offline.mjs"), str(data), now.isoformat(), *map(str, names)],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_it_finds_what_ours_finds(tmp_path):
    one, two, three = certified.issued(3)
    credentials.revoke(key=two.key, reason="x", at=NOW)
    credentials.suspend(key=three.key, reason="x", at=NOW)
    document = json.loads(one.document)
    stranger = {**document, "issuer": {**document["issuer"], "id": "did:web:stranger.example"}}
    found = codes(
        tmp_path,
        one.document,
        two.document,
        three.document,
        one.document.replace('"creditsEarned":60', '"creditsEarned":61'),
        json.dumps({**document, "honours": "x"}),
        json.dumps(stranger),
        json.dumps({**document, "proof": document["proof"][:1]}),
        "hello",
        "{}",
    )
    assert found == [
        [], ["revoked"], ["suspended"], ["changed"], ["changed"], ["stranger"], ["no_proof"],
        ["not_json"], ["shape"],
    ]  # fmt: skip


def test_periods_and_forged_lists_and_signatures_of_the_future(tmp_path):
    [lot] = certified.lots(1)
    CreditLot.objects.filter(pk=lot.pk).update(valid_to="2026-01-01")
    credentials.request(lot_id=lot.pk, request_key="k", requested_at=NOW)
    credentials.sign_queued(limit=1, now=NOW)
    text = Certificate.objects.get().document
    assert codes(tmp_path, text) == [[]]
    assert codes(tmp_path, text, now=NOW + timedelta(days=400)) == [["expired"]]
    early = codes(tmp_path, text, now=NOW - timedelta(days=1))
    assert {"changed", "not_yet", "status_unknown"} <= set(early[0])
    other = json.loads(text)
    other["credentialStatus"]["statusListCredential"] += "0"
    assert "status_unknown" in codes(tmp_path, json.dumps(other))[0]


def test_a_transcript_is_checked_with_its_rows(tmp_path):
    one, _two = certified.issued(2)
    asked = transcripts.request(
        person=one.person, lot_ids=[one.lot_id], request_key="t", requested_at=NOW
    )
    credentials.sign_queued(limit=9, now=NOW)
    text = Certificate.objects.get(pk=asked.pk).document
    assert codes(tmp_path, text) == [[]]
    credentials.revoke(key=one.key, reason="x", at=NOW)
    assert codes(tmp_path, text) == [["row_fails"]]


def test_the_page_is_one_file_that_names_no_other():
    certified.issued()
    client = Client()
    page = client.get("/verify/offline.html")
    text = page.content.decode()
    assert 'filename="verify-offline.html"' in page["Content-Disposition"]
    for outside in ("src=", "<link", "@import", "fetch("):
        assert outside not in text
    assert text.count("<script>") == 2
    newer = client.get("/verify/offline.json").json()
    assert set(newer) == {"made", "issuers", "lists"}
    assert [each["id"] for each in newer["issuers"].values()] == list(newer["issuers"])


def test_its_arithmetic_is_that_of_the_standards():
    """SHA-2 against Python's, Ed25519 against the first vectors of RFC 8032, section 7.1."""
    vectors = [
        (
            "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
            ("e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bac"
             "c61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"),
        ),
        (
            "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
            ("92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e"
             "458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"),
        ),
    ]  # fmt: skip
    lengths = [0, 1, 55, 56, 64, 111, 112, 128, 300]
    program = """
        const m = require(process.argv[1]);
        const hex = (t) => Uint8Array.from(Buffer.from(t, "hex"));
        const [vectors, lengths] = JSON.parse(process.argv[2]);
        console.log(JSON.stringify([
          vectors.map(([k, t, s]) => m.signedBy(hex(k), hex(t), hex(s))),
          vectors.map(([k, t, s]) => m.signedBy(hex(k), hex(t + "00"), hex(s))),
          lengths.map((n) => [m.sha256, m.sha512].map(
            (f) => Buffer.from(f(new Uint8Array(n).fill(7))).toString("hex"))),
        ]));"""
    script = HERE.parents[1] / "src/xueqiao/web/static/web/offline-verify.js"
    done = subprocess.run(
        [NODE, "-e", program, str(script), json.dumps([vectors, lengths])],
        capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    signed, altered, hashes = json.loads(done.stdout)
    assert (signed, altered) == ([True, True], [False, False])
    assert hashes == [
        [hashlib.new(name, b"\7" * n).hexdigest() for name in ("sha256", "sha512")] for n in lengths
    ]
