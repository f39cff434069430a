import json
import re
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.creditbank import certified, factories
from tests.creditbank.seals.ledgers import NOW, post, sealed
from xueqiao.creditbank import seals
from xueqiao.creditbank.credentials import addresses
from xueqiao.creditbank.models import BankKey, LedgerSeal, SealCheck
from xueqiao.creditbank.seals import check_ledger_proof, keys
from xueqiao.creditbank.seals.findings import Finding
from xueqiao.people.models import Login

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _english(client, settings, tmp_path):
    settings.HOME = tmp_path
    client.cookies["language"] = "en"


def signing_in(client, person):
    login, _made = Login.objects.get_or_create(person=person, username=f"person-{person.pk}")
    client.force_login(login)
    client.cookies["language"] = "en"


def verdict(response):
    found = re.search(r'data-verdict="(\w+)"', response.content.decode())
    return found[1] if found else None


def test_before_the_first_seal_the_pages_say_so(client):
    assert client.get("/ledger/").status_code == 200
    for address in ("/ledger/checkpoint", "/.well-known/did.json", "/ledger/tile/0/000"):
        answer = client.get(address)
        assert (answer.status_code, answer.json()["code"]) == (404, "seals.not_published")
    assert client.get("/ledger/seals.json").json() == {"seals": [], "next": None}
    assert client.get("/ledger/seals/1/").status_code == 404


def test_roots_keys_tiles_and_proofs_are_public(client, tmp_path):
    post(300)
    first = sealed(now=NOW)
    post(10, first=300)
    second = sealed(now=NOW)
    key = keys.verifier_key(BankKey.objects.get())

    page = client.get("/ledger/").content.decode()
    assert key.replace("+", "&#x2B;") in page or key in page
    assert second.root[:16] in page
    found = client.get(f"/ledger/?q={first.root[:9]}").content.decode()
    assert (first.root[:16] in found, second.root[:16] in found) == (True, False)
    assert first.root in client.get("/ledger/seals/2/").content.decode()
    table = b"".join(client.get("/ledger/?download=csv")).decode()
    assert len(table.splitlines()) == 3

    assert client.get("/ledger/checkpoint").content.decode() == second.checkpoint
    listed = client.get("/ledger/seals.json").json()["seals"]
    assert [(row["size"], row["root"], row["previous_root"]) for row in listed] == [
        (300, first.root, None),
        (310, second.root, first.root),
    ]
    assert client.get("/ledger/seals.json?after=1").json()["seals"] == listed[1:]
    document = client.get("/.well-known/did.json").json()
    assert document["assertionMethod"] == [BankKey.objects.get().method]

    # A program of others builds the root from the tiles alone.
    full = client.get("/ledger/tile/0/000")
    assert (full.status_code, len(full.content)) == (200, 256 * 32)
    wide, narrow = (client.get(f"/ledger/tile/0/001.p/{width}").content for width in (54, 44))
    assert (len(wide), wide[: 44 * 32]) == (54 * 32, narrow)
    for missing in ("0/001", "0/001.p/55", "0/x001/000", "1/001.p/1", "0/1", "0/001.p/0", "9/000"):
        assert client.get(f"/ledger/tile/{missing}").status_code == 404, missing

    growth = client.get("/ledger/consistency.json?old=300&new=310")
    (tmp_path / "growth.json").write_bytes(growth.content)
    assert check_ledger_proof.main(str(tmp_path / "growth.json"), key) == 0
    assert client.get("/ledger/consistency.json?old=1&new=310").status_code == 404
    assert client.get("/ledger/consistency.json").status_code == 404
    path = client.get("/ledger/inclusion.json?index=3&size=310").json()["path"]
    assert len(path) == 9
    assert client.get("/ledger/inclusion.json?index=310&size=310").status_code == 404

    script = client.get("/ledger/check_ledger_proof.py")
    assert "attachment" in script["Content-Disposition"]
    (tmp_path / "downloaded.py").write_bytes(script.content)
    assert (tmp_path / "downloaded.py").read_bytes() == Path(
        check_ledger_proof.__file__
    ).read_bytes()


def test_a_proof_is_checked_by_file_and_by_text(client):
    ids = post(3)
    sealed(now=NOW)
    made = json.dumps(seals.of_transfers(transfer_ids=ids))
    by_text = client.post("/ledger/check/", {"text": made})
    file = SimpleUploadedFile("p.json", made.encode())
    by_file = client.post("/ledger/check/", {"file": file})
    assert [verdict(each) for each in (by_text, by_file)] == ["holds", "holds"]
    changed = made.replace('"amount_hundredths": 2', '"amount_hundredths": 3')
    assert verdict(client.post("/ledger/check/", {"text": changed})) == "refused"
    assert verdict(client.post("/ledger/check/", {"text": "nothing"})) == "refused"
    assert client.post("/ledger/check/", {}).status_code == 422
    part = client.post("/ledger/check/", {"text": made}, headers={"hx-request": "true"})
    assert "<html" not in part.content.decode()
    assert verdict(client.get("/ledger/check/")) is None


def test_a_learner_takes_the_proof_of_the_own_credit_away(client, tmp_path):
    certificate = certified.issued()[0]
    learner, lot = certificate.person, certificate.lot
    signing_in(client, learner)
    address = f"/account/lots/{lot.pk}/ledger-proof"
    assert "seals.not_sealed_yet" in client.get(f"{address}.json").content.decode()
    assert client.get(f"{address}/").status_code == 200
    sealed(now=NOW)
    page = client.get(f"{address}/").content.decode()
    assert LedgerSeal.objects.get().root in page
    assert f"{address}.json" in page
    assert f"{address}/" in client.get("/account/").content.decode()
    key = keys.verifier_key(BankKey.objects.get())
    for number, found in enumerate(
        (f"{address}.json", f"/certificates/{certificate.key}/ledger-proof.json")
    ):
        (tmp_path / f"{number}.json").write_bytes(client.get(found).content)
        assert check_ledger_proof.main(str(tmp_path / f"{number}.json"), key) == 0
    # The signed certificate itself says where its proof lies.
    named = [each["id"] for each in json.loads(certificate.document)["evidence"]]
    assert addresses.ledger_proof(certificate.key) in named
    assert client.get(named[-1]).json()["lot"]["account"] == lot.account_id
    signing_in(client, factories.person("别人"))
    assert client.get(f"{address}/").status_code == 404
    assert client.get(f"{address}.json").status_code == 404
    client.logout()
    assert client.get(f"{address}/").status_code == 302


def test_who_sees_the_ledger_is_told_what_a_check_found(client):
    place = factories.places().province
    officer = factories.provincial(place)
    signing_in(client, officer)
    assert client.get("/console/ledger/seals/").status_code == 200
    ids = post(3)
    sealed(now=NOW)
    seals.check(now=NOW)
    assert "/console/ledger/seals/" not in client.get("/console/").content.decode()
    finding = Finding("transfer_changed", transfer_id=ids[1], index=1, seal=1)
    gone = Finding("transfer_missing", transfer_id=10**9, index=2, seal=1)
    made = SealCheck.objects.create(
        seal=LedgerSeal.objects.get(), began_at=NOW, ended_at=NOW, transfers=3, found=2,
        findings=[finding.stored(), gone.stored()],
    )  # fmt: skip
    assert f"/console/ledger/seals/{made.pk}/" in client.get("/console/").content.decode()
    listed = client.get("/console/ledger/seals/?found=1").content.decode()
    assert f"/console/ledger/seals/{made.pk}/" in listed
    page = client.get(f"/console/ledger/seals/{made.pk}/").content.decode()
    assert re.findall(r'data-code="(\w+)"', page) == ["transfer_changed", "transfer_missing"]
    assert page.count("/console/ledger/vouchers/") == 1
    assert "2 " in client.get("/ledger/").content.decode()
    client.logout()
    assert client.get(f"/console/ledger/seals/{made.pk}/").status_code == 302


@pytest.mark.parametrize("count", [1, 3])
def test_the_list_of_seals_asks_as_much_for_one_as_for_three(client, count):
    for number in range(count):
        post(2, first=2 * number)
        sealed(now=NOW)
    with CaptureQueriesContext(connection) as asked:
        assert client.get("/ledger/").status_code == 200
    assert len(asked) == 5
