"""Attachments and signed statements: Data 2.6, Communication 1.5 and 2.1.3."""

import base64
import datetime as dt

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509.oid import NameOID
from django.conf import settings

from tests.conformance import files
from tests.conformance.requirement import requirement
from tests.records.factories import statement

TEXT, OTHER = b"here is an essay\r\n--abc-12 of two lines", b"\x00\xff\r\n\r\nbinary"


def send(lrs, body, kind=files.KIND):
    return lrs.post("statements", body=body, kind=kind)


def refused(lrs, body, kind=files.KIND):
    answer = send(lrs, body, kind)
    assert answer.status_code == 400, answer.content
    assert lrs.listed() == []
    return answer.json()["code"]


def with_files(*data, **changes):
    return statement(attachments=[files.described(each) for each in data], **changes)


@requirement("XAPI-00127", "form data, plain text and no type at all are refused")
@pytest.mark.parametrize("kind", ["multipart/form-data; boundary=abc-123", "text/plain", ""])
def test_statements_come_as_json_or_as_a_message(lrs, kind):
    assert refused(lrs, files.message(statement()), kind) == "records.body_unfit"
    assert send(lrs, files.message(statement())).status_code == 200
    linked = statement(attachments=[files.described(TEXT, fileUrl="https://a.example/f")])
    assert send(lrs, files.message(linked)).status_code == 200
    assert lrs.store(linked | {"id": statement()["id"]})


@requirement("XAPI-00128", "a file that no statement announces")
def test_a_part_that_belongs_to_nothing_is_refused(lrs):
    body = files.message(with_files(TEXT), files.part(TEXT), files.part(OTHER))
    assert refused(lrs, body) == "records.attachment_unannounced"


@requirement("XAPI-00129", "a file that is announced and does not come, in both kinds of request")
def test_a_file_without_address_has_to_come(lrs):
    sent = with_files(TEXT, OTHER)
    assert refused(lrs, files.message(sent, files.part(TEXT))) == "records.attachment_missing"
    problem = lrs.refused(sent)
    assert (problem["code"], problem["pointer"]) == (
        "records.attachment_missing", "/attachments/0",
    )  # fmt: skip
    inner = {name: sent[name] for name in ("actor", "verb", "object", "attachments")}
    nested = statement(object={"objectType": "SubStatement", **inner})
    assert lrs.refused(nested)["pointer"] == "/object/attachments/0"


@requirement("XAPI-00130", "headers that follow without a boundary")
def test_each_part_follows_a_boundary(lrs):
    whole = files.message(with_files(TEXT), files.part(TEXT))
    body = whole.replace(b"\r\n--abc-123\r\nContent-Type: text", b"\r\nContent-Type: text")
    assert refused(lrs, body) in {"records.not_json", "records.message_unfit"}


@requirement("XAPI-00131", "no boundary in the header, another one, none at the start or the end")
def test_the_boundary_is_the_one_of_the_header(lrs):
    sent = with_files(TEXT)
    body = files.message(sent, files.part(TEXT))
    for kind in ("multipart/mixed", "multipart/mixed;", "multipart/mixed; boundary=xyz"):
        assert refused(lrs, body, kind) == "records.message_unfit"
    assert refused(lrs, body.removeprefix(b"--abc-123\r\n")) == "records.message_unfit"
    assert refused(lrs, body.replace(b"abc-123--", b"abc-123")) == "records.message_unfit"
    assert refused(lrs, files.message(sent, files.part(TEXT), end=False)) == "records.message_unfit"
    assert send(lrs, b"\r\n" + body).status_code == 200, "a line before the first one is allowed"


@requirement("XAPI-00132", "without a hash, with one of no attachment, with one that lies")
def test_the_hash_of_a_part_is_there_and_true(lrs):
    sent = with_files(TEXT)
    bare = files.part(TEXT, X_Experience_API_Hash=None)
    assert refused(lrs, files.message(sent, bare)) == "records.message_unfit"
    assert refused(lrs, files.message(sent, files.part(OTHER))) == "records.attachment_missing"
    liar = files.part(OTHER, X_Experience_API_Hash=files.sha2(TEXT))
    assert refused(lrs, files.message(sent, liar)) == "records.attachment_hash_wrong"
    odd = files.part(TEXT, X_Experience_API_Hash="abc")
    assert refused(lrs, files.message(sent, odd)) == "records.attachment_hash_wrong"


@requirement("XAPI-00133", "statements in two parts")
def test_all_statements_are_in_the_first_part(lrs):
    second = files.part(b"{}", Content_Type="application/json", X_Experience_API_Hash=None)
    body = files.message(with_files(TEXT), second, files.part(TEXT))
    assert refused(lrs, body) == "records.message_unfit"


@requirement("XAPI-00134", "a first part of text/plain, or of no type")
def test_the_first_part_is_json(lrs):
    for kind in ("text/plain", None):
        body = files.message(with_files(TEXT), files.part(TEXT), first=kind)
        assert refused(lrs, body) == "records.message_unfit"


@requirement("XAPI-00135", "base64, or nothing said")
def test_files_travel_as_they_are(lrs):
    for encoding in ("base64", None):
        odd = files.part(TEXT, Content_Transfer_Encoding=encoding)
        assert refused(lrs, files.message(with_files(TEXT), odd)) == "records.message_unfit"


@requirement("XAPI-00167", "one statement and a list, each file once, byte for byte")
def test_files_come_back_as_they_came(lrs):
    first, second = with_files(TEXT, OTHER), with_files(TEXT)
    body = files.message([first, second], files.part(TEXT), files.part(OTHER))
    assert send(lrs, body).status_code == 200
    plain = statement()
    lrs.store(plain)
    held = {files.sha2(TEXT): TEXT, files.sha2(OTHER): OTHER}

    found, got = files.read(
        lrs.get("statements", {"statementId": first["id"], "attachments": "true"})
    )
    assert (found["id"], found["attachments"], got) == (first["id"], first["attachments"], held)
    found, got = files.read(lrs.get("statements", {"attachments": "true", "limit": "10"}))
    assert {each["id"] for each in found["statements"]} == {
        first["id"], second["id"], plain["id"],
    }  # fmt: skip
    assert got == held
    found, got = files.read(
        lrs.get("statements", {"statementId": plain["id"], "attachments": "true"})
    )
    assert (found["id"], got) == (plain["id"], {})
    stored = settings.HOME / "attachments" / files.sha2(TEXT)[:2] / files.sha2(TEXT)
    assert stored.read_bytes() == TEXT


@requirement("XAPI-00161", "false, and not asked for")
def test_without_being_asked_no_file_comes(lrs):
    sent = with_files(TEXT)
    send(lrs, files.message(sent, files.part(TEXT)))
    for asked in ({}, {"attachments": "false"}):
        answer = lrs.get("statements", {"statementId": sent["id"], **asked})
        assert answer.headers["Content-Type"] == "application/json"
        assert TEXT not in answer.content
    assert lrs.get("statements", {"attachments": "yes"}).status_code == 400


def test_put_takes_files_and_each_kind_of_sha2(lrs):
    import hashlib  # noqa: PLC0415 - here only

    for name in ("sha224", "sha256", "sha384", "sha512"):
        digest = hashlib.new(name, TEXT).hexdigest()
        sent = statement(attachments=[files.described(TEXT, sha2=digest.upper())])
        body = files.message(sent, files.part(TEXT, X_Experience_API_Hash=digest))
        answer = lrs.put("statements", {"statementId": sent["id"]}, body, kind=files.KIND)
        assert answer.status_code == 204, answer.content
        found = lrs.get("statements", {"statementId": sent["id"], "attachments": "true"})
        assert files.read(found)[1] == {digest: TEXT}
        head = lrs.send("HEAD", "statements", {"statementId": sent["id"], "attachments": "true"})
        assert (head.status_code, head.content) == (200, b"")


def sign(sent, **options):
    """A statement with its signature, as a message."""
    seal = files.signed(options.pop("payload", sent), options.pop("algorithm", "RS256"),
                        **options.pop("header", {}))  # fmt: skip
    described = files.signature(seal, **options)
    whole = sent | {"attachments": [*sent.get("attachments", []), described]}
    return files.message(whole, files.part(seal, Content_Type=described["contentType"]))


@requirement("XAPI-00115", "another content type, no file, no signature in the file")
def test_a_signature_is_an_attachment_of_its_own_kind(lrs):
    sent = statement()
    assert refused(lrs, sign(sent, contentType="text/plain")) == "records.signature_wrong"
    linked = files.signature(b"x", fileUrl="https://a.example/signature")
    assert lrs.refused(sent | {"attachments": [linked]})["pointer"] == "/attachments/0"
    for damaged in (b"x", b"a.b", b"a.b.c.d", b"!!.!!.!!", b"e30.e30."):
        body = files.message(
            sent | {"attachments": [files.signature(damaged)]}, files.part(damaged)
        )
        assert refused(lrs, body) == "records.signature_wrong"


@requirement("XAPI-00116", "damaged JSON, no statement, another statement, another id")
def test_what_is_signed_is_the_statement(lrs):
    sent = statement()
    broken = str(sent).encode()
    other = sent | {"verb": {"id": "https://school.example/other"}}
    for payload in (broken, {"id": 1}, [], other, statement()):
        assert refused(lrs, sign(sent, payload=payload)) == "records.signature_wrong"
    reordered = dict(reversed(sent.items()))
    assert send(lrs, sign(sent, payload=reordered)).status_code == 200


@requirement("XAPI-00117", "HS256 and none are refused, RS256, RS384 and RS512 taken")
def test_the_algorithm_is_one_of_three(lrs):
    for algorithm in ("HS256", "none", "ES256"):
        assert refused(lrs, sign(statement(), algorithm=algorithm)) == "records.signature_wrong"
    for algorithm in ("RS256", "RS384", "RS512"):
        assert send(lrs, sign(statement(), algorithm=algorithm)).status_code == 200


def certificate(key):
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "school")])
    start = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(
        key.public_key()).serial_number(7).not_valid_before(start).not_valid_after(
        start + dt.timedelta(days=3650)).sign(key, hashes.SHA256())  # fmt: skip
    return base64.b64encode(made.public_bytes(serialization.Encoding.DER)).decode()


@requirement("XAPI-00117", "with a certificate the signature itself is checked")
def test_a_certificate_verifies_the_signature(lrs):
    other = files.rsa.generate_private_key(public_exponent=65537, key_size=2048)
    good, bad = certificate(files.key()), certificate(other)
    assert refused(lrs, sign(statement(), header={"x5c": [bad]})) == "records.signature_wrong"
    for damaged in ([], ["AAAA"], "x", [1], None):
        sent = sign(statement(), header={"x5c": damaged})
        assert refused(lrs, sent) == "records.signature_wrong"
    assert send(lrs, sign(statement(), header={"x5c": [good]})).status_code == 200
