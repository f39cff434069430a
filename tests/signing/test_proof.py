"""The W3C's own test vectors for eddsa-rdfc-2022, and what safe mode refuses.

Vectors: https://www.w3.org/TR/vc-di-eddsa/#representation-eddsa-rdfc-2022 (appendix B.1).
"""

import hashlib
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from xueqiao.kernel.signing import canonical, multibase, proof

PUBLIC = "z6MkrJVnaZkeFzdQyMZu1cgjg7k1pZZ6pvBQ7XJPt4swbTQ2"
SECRET = "z3u2en7t5LR2WtQH5PfFqMqwVHBeXouLzo6haApm8XHqvjxq"
METHOD = f"did:key:{PUBLIC}#{PUBLIC}"
CREATED = datetime(2023, 2, 24, 23, 36, 38, tzinfo=UTC)
EXAMPLES = "https://www.w3.org/ns/credentials/examples/v2"
DOCUMENT_HASH = "517744132ae165a5349155bef0bb0cf2258fff99dfe1dbd914b938d775a36017"
CONFIG_HASH = "bea7b7acfbad0126b135104024a5f1733e705108f42d59668b05c0c50004c6b0"
SIGNATURE = (
    "4d8e53c2d5b3f2a7891753eb16ca993325bdb0d3cfc5be1093d0a18426f5ef85"
    "78cadc0fd4b5f4dd0d1ce0aefd15ab120b7a894d0eb094ffda4e6553cd1ed50d"
)
PROOF_VALUE = (
    "z2YwC8z3ap7yx1nZYCg4L3j3ApHsF8kgPdSb5xoS1VR7vPG3F561B52hYnQF9iseabecm3ijx4K1FBTQsCZahKZme"
)
SECURITY, RDF = "https://w3id.org/security#", "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
INSTANT = "http://www.w3.org/2001/XMLSchema#dateTime"
CANONICAL_CONFIG = f"""\
_:c14n0 <http://purl.org/dc/terms/created> "2023-02-24T23:36:38Z"^^<{INSTANT}> .
_:c14n0 <{RDF}type> <{SECURITY}DataIntegrityProof> .
_:c14n0 <{SECURITY}cryptosuite> "eddsa-rdfc-2022"^^<{SECURITY}cryptosuiteString> .
_:c14n0 <{SECURITY}proofPurpose> <{SECURITY}assertionMethod> .
_:c14n0 <{SECURITY}verificationMethod> <{METHOD}> .
"""
DOCUMENT = {
    "@context": [canonical.CREDENTIALS, EXAMPLES],
    "id": "urn:uuid:58172aac-d8ba-11ed-83dd-0b3aef56cc33",
    "type": ["VerifiableCredential", "AlumniCredential"],
    "name": "Alumni Credential",
    "description": "A minimum viable example of an Alumni Credential.",
    "issuer": "https://vc.example/issuers/5678",
    "validFrom": "2023-01-01T00:00:00Z",
    "credentialSubject": {"id": "did:example:abcdefgh", "alumniOf": "The School of Examples"},
}
OPTIONS = {
    "type": "DataIntegrityProof",
    "cryptosuite": "eddsa-rdfc-2022",
    "created": "2023-02-24T23:36:38Z",
    "verificationMethod": METHOD,
    "proofPurpose": "assertionMethod",
}


@pytest.fixture(autouse=True)
def examples_context(monkeypatch):
    vocabulary = {"@context": {"@vocab": "https://www.w3.org/ns/credentials/examples#"}}
    monkeypatch.setitem(canonical.EXTRA, EXAMPLES, vocabulary)


@pytest.fixture
def key():
    return Ed25519PrivateKey.from_private_bytes(multibase.secret_bytes(SECRET))


def test_the_vector_of_the_specification_step_by_step(key):
    config = canonical.canonize({"@context": DOCUMENT["@context"], **OPTIONS})
    assert config == CANONICAL_CONFIG
    assert hashlib.sha256(config.encode()).hexdigest() == CONFIG_HASH
    assert hashlib.sha256(canonical.canonize(DOCUMENT).encode()).hexdigest() == DOCUMENT_HASH
    assert proof.hash_data(DOCUMENT, OPTIONS).hex() == CONFIG_HASH + DOCUMENT_HASH
    assert key.sign(bytes.fromhex(CONFIG_HASH + DOCUMENT_HASH)).hex() == SIGNATURE
    assert multibase.encode(bytes.fromhex(SIGNATURE)) == PROOF_VALUE
    assert multibase.public_multikey(key.public_key().public_bytes_raw()) == PUBLIC


def test_the_signed_document_of_the_specification(key):
    signed = proof.sign(document=DOCUMENT, key=key, method=METHOD, created=CREATED)
    assert signed == {**DOCUMENT, "proof": [{**OPTIONS, "proofValue": PROOF_VALUE}]}
    assert proof.holds(document=signed, proof=signed["proof"][0], public_multikey=PUBLIC)


def test_an_earlier_proof_is_kept_and_not_covered(key):
    once = proof.sign(document=DOCUMENT, key=key, method=METHOD, created=CREATED)
    twice = proof.sign(document=once, key=key, method=METHOD, created=CREATED)
    assert twice["proof"] == once["proof"] * 2
    assert all(proof.holds(document=twice, proof=p, public_multikey=PUBLIC) for p in twice["proof"])


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("name", "Alumni credential"),
        ("validFrom", "2023-01-01T00:00:01Z"),
        ("credentialSubject", {"id": "did:example:abcdefgi", "alumniOf": "The School of Examples"}),
    ],
)
def test_a_change_breaks_the_proof(key, member, value):
    signed = proof.sign(document=DOCUMENT, key=key, method=METHOD, created=CREATED)
    changed = {**signed, member: value}
    assert not proof.holds(document=changed, proof=signed["proof"][0], public_multikey=PUBLIC)


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("created", "2023-02-24T23:36:39Z"),
        ("proofPurpose", "authentication"),
        ("cryptosuite", "eddsa-jcs-2022"),
        ("type", "Ed25519Signature2020"),
        ("verificationMethod", "did:key:zOther#zOther"),
        ("proofValue", PROOF_VALUE[:-1] + "f"),
        ("proofValue", "m" + PROOF_VALUE[1:]),
        ("proofValue", ""),
    ],
)
def test_a_change_of_the_proof_itself_breaks_it(key, member, value):
    signed = proof.sign(document=DOCUMENT, key=key, method=METHOD, created=CREATED)
    changed = {**signed["proof"][0], member: value}
    assert not proof.holds(document=signed, proof=changed, public_multikey=PUBLIC)


def plain(**more):
    """A credential without the example vocabulary, so that nothing is defined by accident."""
    return {
        "@context": [canonical.CREDENTIALS],
        "type": ["VerifiableCredential"],
        "issuer": "did:web:example.org",
        "credentialSubject": {"id": "did:example:1"},
        **more,
    }


@pytest.mark.parametrize(
    "more",
    [
        {"grade": "A"},
        {"credentialSubject": {"id": "did:example:1", "grade": "A"}},
        {"type": ["VerifiableCredential", "GradeCredential"]},
        {"evidence": [{"type": "Nothing"}]},
        {"credentialSubject": {"id": "relative"}},
        {"credentialSubject": {"id": "did:example:1", "name": None}},
    ],
)
def test_what_would_be_dropped_in_silence_is_refused(more):
    with pytest.raises(canonical.UnknownTerm):
        canonical.canonize(plain(**more))


@pytest.mark.parametrize(
    "more",
    [
        {"@context": [canonical.CREDENTIALS, "https://example.org/mine"]},
        {"@context": [canonical.CREDENTIALS, {"grade": "https://example.org/grade"}]},
        {"@context": "https://example.org/mine"},
        {"@context": None},
        {"credentialSubject": {"@context": {"grade": "https://example.org/grade"}, "grade": "A"}},
    ],
)
def test_a_context_that_is_not_ours_is_refused(more):
    with pytest.raises(canonical.UnknownContext):
        canonical.canonize(plain(**more))


def test_a_document_nested_without_end_is_refused():
    nested = "end"
    for _level in range(100):
        nested = {"relatedResource": nested}
    with pytest.raises(canonical.NotCanonical):
        canonical.canonize(plain(credentialSubject=nested))


def test_a_document_of_parts_that_look_alike_is_given_up_and_not_tried_for_ever():
    """Twelve nameless parts that all point to each other have 12! orders."""
    names = [f"_:b{number}" for number in range(12)]
    term = "https://purl.imsglobal.org/spec/vc/ob/vocab.html#related"
    graph = [
        {
            "id": name,
            "type": "https://example.org/Part",
            term: [{"id": n} for n in names if n != name],
        }
        for name in names
    ]
    poisoned = {
        "@context": ["https://www.w3.org/ns/credentials/v2"],
        "id": "urn:uuid:00000000-0000-4000-8000-000000000000",
        "type": "VerifiableCredential",
        "https://example.org/parts": graph,
    }
    with pytest.raises(canonical.NotCanonical, match="alike"):
        canonical.canonize(poisoned)
