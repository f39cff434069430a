"""Certificates are verified by software that is not ours, offline: @digitalbazaar/vc on Node."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.creditbank import certified
from xueqiao.creditbank import credentials
from xueqiao.creditbank.credentials import exports, transcripts
from xueqiao.creditbank.models import CreditLot

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "tests/verifier/verify.mjs"
NODE = shutil.which("node")
pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(NODE is None, reason="Node.js is not installed"),
    pytest.mark.skipif(
        not (ROOT / "node_modules/@digitalbazaar/vc").is_dir(),
        reason="the verifier is not installed; run: npm ci --ignore-scripts",
    ),
]


def verdicts(folder, *files):
    """What the stranger's verifier says of each file: file name -> (verified, reason)."""
    # A network that cannot be reached: whatever is not in the folder cannot be got.
    environment = {
        "PATH": "/usr/bin:/bin",
        "https_proxy": "http://127.0.0.1:9",
        "HOME": str(folder),
    }
    done = subprocess.run(
        [NODE, str(SCRIPT), str(folder), *map(str, files)],
        cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode in {0, 1}, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    found = {Path(line["file"]).name: (line["verified"], line["error"]) for line in lines}
    assert (done.returncode == 0) == all(verified for verified, _why in found.values())
    return found


def test_every_exported_certificate_verifies(tmp_path):
    found = certified.issued(3)
    counts = exports.export(folder=tmp_path, limit=10)
    assert counts == {"certificates": 3, "did": 1, "status": 2}
    assert verdicts(tmp_path) == {f"{each.key}.json": (True, "") for each in found}


def test_fractions_of_credits_are_signed_as_javascript_reads_them(tmp_path):
    certified.lots(1)
    for number, amount in enumerate((7, 150, 12_345_678, 100), start=2):
        certified.lots(1, first=number)
        lot = CreditLot.objects.order_by("-pk").first()
        # A copy with another amount: lots themselves never change theirs.
        account = lot.account
        account.pk, account.code = None, f"lot:fraction:{amount}"
        account.save()
        lot.pk, lot.amount_hundredths, lot.account = None, amount, account
        lot.save()
        credentials.request(lot_id=lot.pk, request_key=f"a{amount}", requested_at=certified.NOW)
    credentials.sign_queued(limit=9, now=certified.NOW)
    exports.export(folder=tmp_path, limit=10)
    found = verdicts(tmp_path)
    assert (len(found), set(found.values())) == (4, {(True, "")})


def test_one_changed_byte_fails(tmp_path):
    [certificate] = certified.issued()
    exports.export(folder=tmp_path, limit=10)
    name = f"{certificate.key}.json"
    text = (tmp_path / name).read_text("utf-8")
    altered = {
        "credits.json": text.replace('"creditsEarned":60', '"creditsEarned":61'),
        "holder.json": text.replace("sha256$", "sha257$", 1),
        "proof.json": text.replace('"proofValue":"z', '"proofValue":"y'),
        "term.json": text.replace('"name":', '"nome":', 1),
    }
    for file, content in altered.items():
        assert content != text
        (tmp_path / file).write_text(content, "utf-8")
    found = verdicts(tmp_path, *(tmp_path / file for file in altered))
    assert {file: verified for file, (verified, _why) in found.items()} == dict.fromkeys(
        altered, False
    )
    assert all(why for _verified, why in found.values())


def test_a_revoked_certificate_fails_and_its_neighbour_does_not(tmp_path):
    one, two = certified.issued(2)
    credentials.revoke(key=one.key, reason="x", at=certified.LATER)
    exports.export(folder=tmp_path, limit=10)
    found = verdicts(tmp_path)
    assert found[f"{two.key}.json"] == (True, "")
    verified, why = found[f"{one.key}.json"]
    assert not verified
    assert "revoked" in why


def test_a_suspended_certificate_fails_until_it_is_reinstated(tmp_path):
    [certificate] = certified.issued()
    name = f"{certificate.key}.json"
    credentials.suspend(key=certificate.key, reason="x", at=certified.LATER)
    exports.export(folder=tmp_path, limit=10)
    verified, why = verdicts(tmp_path)[name]
    assert not verified
    assert "suspended" in why
    credentials.reinstate(key=certificate.key, reason="x", at=certified.LATER)
    exports.export(folder=tmp_path, limit=10)
    assert verdicts(tmp_path)[name] == (True, "")


def test_a_tampered_status_list_fails(tmp_path):
    [certificate] = certified.issued()
    exports.export(folder=tmp_path, limit=10)
    path = tmp_path / f"status/{certificate.status_list_id}.json"
    path.write_text(path.read_text("utf-8").replace("2025-09-02", "2025-09-03", 1), "utf-8")
    assert [verified for verified, _why in verdicts(tmp_path).values()] == [False]


def test_a_transcript_verifies_and_one_changed_row_fails(tmp_path):
    certified.issued(2)
    holder = CreditLot.objects.first().person
    transcripts.request(
        person=holder,
        lot_ids=list(CreditLot.objects.filter(person=holder).values_list("pk", flat=True)),
        request_key="t",
        requested_at=certified.NOW,
    )
    credentials.sign_queued(limit=9, now=certified.NOW)
    exports.export(folder=tmp_path, limit=10)
    found = verdicts(tmp_path)
    assert set(found.values()) == {(True, "")}
    [whole] = [name for name in found if "ClrCredential" in (tmp_path / name).read_text("utf-8")]
    text = (tmp_path / whole).read_text("utf-8")
    (tmp_path / whole).write_text(text.replace('"creditsEarned":60', '"creditsEarned":61'), "utf-8")
    assert not verdicts(tmp_path)[whole][0]
