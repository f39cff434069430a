import io
import json
import re
import uuid

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from tests.creditbank import certified
from xueqiao.creditbank import credentials
from xueqiao.creditbank.credentials import addresses, statuslists
from xueqiao.kernel import clock
from xueqiao.kernel.signing import bitstring

pytestmark = pytest.mark.django_db


@pytest.fixture
def certificate():
    found = certified.issued()[0]
    # The pages go by the real clock, and lists that have grown old get a note.
    statuslists.refresh(now=clock.now())
    return found


@pytest.fixture(autouse=True)
def _english(client):
    client.cookies["language"] = "en"


def rows(response):
    """Each check of the page: code -> the word of its outcome."""
    text = response.content.decode()
    found = re.findall(r'<tr data-check="([\w.]+)">.*?class="badge (\w*)".*?</tr>', text, re.DOTALL)
    return dict(found)


def verdict(response):
    found = re.search(r'data-verdict="(\w+)"', response.content.decode())
    return found[1] if found else None


CHECKS = "readable shape vocabulary issuer proof period status suspension"
PASSED = {f"verify.{name}": "ok" for name in CHECKS.split()}


def upload(client, text, **more):
    file = SimpleUploadedFile("c.json", text.encode() if isinstance(text, str) else text)
    return client.post("/verify/", {"file": file, **more})


def test_the_page_opens_without_sign_in(client):
    response = client.get("/verify/")
    assert response.status_code == 200
    assert verdict(response) is None


def test_by_file_by_text_by_link_and_by_the_address_of_the_qr_code(client, certificate):
    answers = [
        upload(client, certificate.document),
        client.post("/verify/", {"text": certificate.document}),
        client.post("/verify/", {"link": addresses.certificate(certificate.key)}),
        client.post("/verify/", {"link": f"  {addresses.certificate(certificate.key)}.json "}),
        client.post("/verify/", {"link": f"/certificates/{certificate.key}/"}),
        client.post("/verify/", {"link": addresses.checking(certificate.key)}),
        client.get("/verify/", {"certificate": str(certificate.key)}),
    ]
    assert [(each.status_code, verdict(each)) for each in answers] == [(200, "holds")] * 7
    assert all(rows(each) == PASSED for each in answers)


def test_by_pdf_by_picture_and_by_a_photo_of_the_code(client, certificate):
    for form, media_type in (
        ("pdf", "application/pdf"),
        ("png", "image/png"),
        ("svg", "image/svg+xml"),
    ):
        paper = client.get(f"/certificates/{certificate.key}.{form}")
        assert (paper.status_code, paper["Content-Type"]) == (200, media_type)
        answer = upload(client, paper.content)
        assert (verdict(answer), rows(answer)) == ("holds", PASSED), form
    picture = Image.open(io.BytesIO(client.get(f"/certificates/{certificate.key}.png").content))
    photo = io.BytesIO()
    picture.convert("RGB").save(photo, "JPEG")
    assert verdict(upload(client, photo.getvalue())) == "holds"


def test_a_picture_or_pdf_without_a_certificate_gets_a_sentence(client):
    blank = io.BytesIO()
    Image.new("RGB", (90, 90), "white").save(blank, "PNG")
    for raw, sentence in (
        (blank.getvalue(), "Neither a certificate nor a QR code"),
        (b"%PDF-1.7", "No certificate is attached to this PDF"),
    ):
        answer = upload(client, raw)
        assert (answer.status_code, sentence in answer.content.decode()) == (422, True)


def test_a_suspended_and_an_expired_certificate_are_called_so(client):
    one, two = certified.issued(2)
    statuslists.refresh(now=clock.now())
    credentials.suspend(key=one.key, reason="有异议", at=clock.now())
    answer = upload(client, one.document)
    assert rows(answer)["verify.suspended"] == "bad"
    assert "The certificate is suspended for the time being" in answer.content.decode()
    page = client.get(f"/certificates/{one.key}/").content.decode()
    assert "有异议" in page
    assert 'data-state="suspended"' in page
    assert verdict(upload(client, two.document)) == "holds"


def test_what_it_says_is_shown_and_the_holder_compared(client, certificate):
    response = client.post("/verify/", {"text": certificate.document, "holder": "学员 1"})
    text = response.content.decode()
    assert rows(response)["verify.holder"] == "ok"
    for part in ("示例开放大学", "60", "优秀 Distinction", "signed"):
        assert part in text
    response = client.post("/verify/", {"text": certificate.document, "holder": "学员 2"})
    assert (verdict(response), rows(response)["verify.other_holder"]) == ("refused", "bad")


def test_revoked_is_shown_as_revoked_and_changed_as_changed(client, certificate):
    changed = certificate.document.replace('"creditsEarned":60', '"creditsEarned":61')
    response = upload(client, changed)
    assert verdict(response) == "refused"
    assert rows(response)["verify.changed"] == "bad"
    assert "changed after it was signed" in response.content.decode()
    credentials.revoke(key=certificate.key, reason="x", at=certified.LATER)
    response = upload(client, certificate.document)
    assert rows(response)["verify.revoked"] == "bad"
    assert "The certificate was revoked" in response.content.decode()


@pytest.mark.parametrize(
    ("given", "status", "sentence"),
    [
        ({}, 422, "Choose a file, or paste a link"),
        ({"text": "  "}, 422, "Choose a file, or paste a link"),
        ({"text": "my certificate"}, 200, "This is not a certificate file"),
        ({"text": "{}"}, 200, "It is not built like an Open Badges 3.0 certificate"),
        ({"link": "https://stranger.example/c/1"}, 422, "other sites are never asked"),
        ({"link": "http://127.0.0.1:8000/certificates/1"}, 422, "other sites are never asked"),
        ({"link": f"/certificates/{uuid.UUID(int=7)}"}, 404, "There is no signed certificate"),
    ],
)
def test_bad_input_gets_a_sentence_and_keeps_what_was_typed(client, given, status, sentence):
    response = client.post("/verify/", {**given, "holder": "李四"})
    text = response.content.decode()
    assert response.status_code == status
    assert sentence in text
    assert 'value="李四"' in text
    for value in given.values():
        assert value.strip() in text


@pytest.mark.parametrize("raw", [b"", b"\xff\xfe\x00", b"PNG\r\n", b"x" * 1_000_002])
def test_a_file_that_is_no_certificate_gets_a_sentence(client, raw):
    response = upload(client, raw)
    text = response.content.decode()
    assert "not a certificate file" in text or "Choose a file" in text


def test_htmx_gets_the_answer_alone(client, certificate):
    response = client.post(
        "/verify/", {"text": certificate.document}, headers={"hx-request": "true"}
    )
    assert verdict(response) == "holds"
    assert "<html" not in response.content.decode()


def test_in_chinese_no_english_sentence_is_left(client, certificate):
    client.cookies["language"] = "zh-hans"
    credentials.revoke(key=certificate.key, reason="示例", at=certified.LATER)
    pages = (
        client.get("/verify/"),
        client.get(f"/verify/?certificate={certificate.key}"),
        client.post("/verify/", {"text": "{}"}),
        client.get(f"/certificates/{certificate.key}/"),
    )
    for page in pages:
        main = re.search(r"<main.*</main>", page.content.decode(), re.DOTALL)[0]
        english = r'<svg.*?</svg>|<span[^>]*lang="en".*?</span>'
        words = re.sub(english + r"|<[^>]*>|(did:web|sha256|http)\S+", " ", main, flags=re.DOTALL)
        assert not re.search(r"[a-z]{3,} [a-z]{2,} [a-z]{2,}", words)


def test_checking_costs_few_queries(client, certificate, django_assert_max_num_queries):
    with django_assert_max_num_queries(12):
        upload(client, certificate.document)
    with django_assert_max_num_queries(12):
        client.get(f"/certificates/{certificate.key}/")


def test_no_other_host_is_ever_asked(client, certificate, monkeypatch):
    def refuse(*_args, **_kwargs):
        raise AssertionError("the network was touched")

    monkeypatch.setattr("socket.create_connection", refuse)
    monkeypatch.setattr("socket.getaddrinfo", refuse)
    document = {
        **json.loads(certificate.document),
        "@context": ["https://stranger.example/context"],
    }
    assert verdict(client.post("/verify/", {"text": json.dumps(document)})) == "refused"
    document = json.loads(certificate.document)
    document["credentialStatus"]["statusListCredential"] = "https://stranger.example/status/1.json"
    assert verdict(client.post("/verify/", {"text": json.dumps(document)})) == "refused"


def test_the_certificate_page_shows_the_certificate_with_its_qr_code(client, certificate):
    text = client.get(f"/certificates/{certificate.key}/").content.decode()
    for part in (
        "学员 1",
        "示例开放大学",
        "<svg",
        str(certificate.key),
        addresses.checking(certificate.key),
    ):
        assert part in text
    credentials.revoke(key=certificate.key, reason="证据不实", at=certified.LATER)
    text = client.get(f"/certificates/{certificate.key}/").content.decode()
    assert "证据不实" in text
    assert 'data-state="revoked"' in text


def test_a_waiting_certificate_says_so_and_an_unknown_one_is_not_found(client):
    [waiting] = certified.queued(1)
    assert "waits to be signed" in client.get(f"/certificates/{waiting.key}/").content.decode()
    assert client.get(f"/certificates/{waiting.key}.json").status_code == 404
    assert client.get(f"/certificates/{uuid.UUID(int=7)}/").status_code == 404


def test_what_issuers_publish_is_served_as_it_was_signed(client, certificate):
    document = json.loads(certificate.document)
    answer = client.get(f"/certificates/{certificate.key}.json")
    assert (answer.content.decode(), answer["Content-Type"]) == (
        certificate.document,
        "application/vc",
    )
    published = client.get("/did/SAMPLE-3209-open/did.json")
    assert published["Access-Control-Allow-Origin"] == "*"
    assert published.json()["id"] == document["issuer"]["id"]
    room = client.get(
        addresses.status_list(certificate.status_list_id).removeprefix("http://127.0.0.1:8000")
    )
    bits = bitstring.decode(json.loads(room.content)["credentialSubject"]["encodedList"])
    assert not bitstring.is_raised(bits, certificate.status_index)


def test_after_a_revocation_the_public_list_shows_it(client, certificate):
    """Law I15."""
    credentials.revoke(key=certificate.key, reason="x", at=certified.LATER)
    room = client.get(f"/status/{certificate.status_list_id}.json")
    bits = bitstring.decode(json.loads(room.content)["credentialSubject"]["encodedList"])
    assert bitstring.is_raised(bits, certificate.status_index)
    assert room["Cache-Control"] == "no-cache"


@pytest.mark.parametrize(
    "address",
    ["/did/nobody/did.json", "/status/999.json", f"/certificates/{uuid.UUID(int=7)}.json"],
)
def test_what_is_not_published_is_a_problem_document(client, address):
    answer = client.get(address)
    assert (answer.status_code, answer.json()["code"]) == (404, "credentials.not_published")
