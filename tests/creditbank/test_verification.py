import json
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from tests.creditbank import certified
from xueqiao.creditbank import credentials
from xueqiao.creditbank.credentials import exports, keys, publication
from xueqiao.creditbank.models import CreditLot, IssuerKey
from xueqiao.kernel.signing import multibase, proof

pytestmark = pytest.mark.django_db
NOW, LATER = certified.NOW, certified.LATER


def check(text, **more):
    return credentials.verify(text=text, now=more.pop("now", LATER), **more)


def outcomes(report):
    return [each.outcome.value for each in report.checks]


def changed(certificate, **members):
    return json.dumps({**json.loads(certificate.document), **members}, ensure_ascii=False)


def signed_again(document, key, method, at=NOW):
    """A document signed anew: what somebody with a key of his own would hand in."""
    body = {name: value for name, value in document.items() if name != "proof"}
    return json.dumps(proof.sign(document=body, key=key, method=method, created=at))


def test_a_certificate_of_ours_passes_every_check():
    [certificate] = certified.issued()
    report = check(certificate.document)
    assert outcomes(report) == ["passed"] * 8
    assert (report.holds, report.codes) == (True, [])
    assert report.status_age == timedelta(days=1)
    assert (report.claim.credits, report.claim.result) == ("60", "优秀 Distinction")
    assert report.claim.issuer_name == "示例开放大学"


def test_the_same_text_with_other_spaces_and_order_is_the_same_certificate():
    [certificate] = certified.issued()
    document = json.loads(certificate.document)
    turned = dict(reversed(document.items()))
    assert check(json.dumps(turned, indent=4)).holds
    assert check("\ufeff" + certificate.document).holds


def test_a_revoked_certificate_is_refused_as_revoked():
    [certificate] = certified.issued()
    credentials.revoke(key=certificate.key, reason="x", at=NOW)
    report = check(certificate.document)
    assert (report.codes, report.holds) == (["verify.revoked"], False)
    assert outcomes(report) == [*["passed"] * 6, "failed", "passed"]


def test_a_suspended_certificate_is_refused_as_suspended_until_it_is_reinstated():
    [certificate] = certified.issued()
    credentials.suspend(key=certificate.key, reason="异议", at=NOW)
    report = check(certificate.document)
    assert (report.codes, report.holds) == (["verify.suspended"], False)
    assert outcomes(report) == [*["passed"] * 7, "failed"]
    credentials.reinstate(key=certificate.key, reason="查清", at=NOW)
    assert check(certificate.document).holds


def test_a_certificate_of_before_suspensions_says_so_and_holds():
    [certificate] = certified.issued()
    document = json.loads(certificate.document)
    del document["credentialStatus"]["statusReference"]
    key = certificate.issuer_key
    report = check(signed_again(document, keys.private(key), key.method))
    assert (report.holds, report.checks[-1].outcome.value) == (True, "noted")


def test_a_list_of_revocations_does_not_pass_for_one_of_suspensions():
    [certificate] = certified.issued()
    document = json.loads(certificate.document)
    entry = document["credentialStatus"]
    key = certificate.issuer_key
    for address in (entry["statusListCredential"], "https://stranger.example/1.json"):
        document["credentialStatus"] = {**entry, "statusReference": address}
        text = signed_again(document, keys.private(key), key.method)
        assert check(text).codes == ["verify.suspension_unknown"], address


def test_one_false_proof_of_two_is_enough_to_refuse():
    [certificate] = certified.issued()
    for place in (0, 1):
        document = json.loads(certificate.document)
        document["proof"][place]["proofValue"] = document["proof"][1 - place]["proofValue"]
        assert check(json.dumps(document)).codes == ["verify.changed"]


def test_one_changed_character_is_refused_as_changed():
    [certificate] = certified.issued()
    report = check(certificate.document.replace('"creditsEarned":60', '"creditsEarned":90'))
    assert report.codes == ["verify.changed"]
    assert report.claim.credits == "90", "what it claims is shown beside the refusal"


def test_an_unknown_term_is_refused_and_named():
    [certificate] = certified.issued()
    report = check(changed(certificate, honours="summa cum laude"))
    assert report.codes == ["verify.unknown_term"]
    assert "honours" in report.checks[2].sentence
    assert outcomes(report)[3:5] == ["not made", "not made"]


def test_an_unknown_context_is_refused_and_named():
    [certificate] = certified.issued()
    contexts = [*json.loads(certificate.document)["@context"], "https://example.org/mine"]
    report = check(changed(certificate, **{"@context": contexts}))
    assert report.codes == ["verify.unknown_context", "verify.status_unknown"][:1]
    assert "https://example.org/mine" in report.checks[2].sentence


def test_a_strangers_certificate_is_refused():
    [certificate] = certified.issued()
    key = Ed25519PrivateKey.generate()
    document = json.loads(certificate.document)
    document["issuer"] = {**document["issuer"], "id": "did:web:stranger.example"}
    report = check(signed_again(document, key, "did:web:stranger.example#key-1"))
    assert report.codes == ["verify.stranger"]


def test_a_strangers_key_under_our_name_is_refused():
    [certificate] = certified.issued()
    stranger, ours = Ed25519PrivateKey.generate(), IssuerKey.objects.get()
    document = json.loads(certificate.document)
    report = check(signed_again(document, stranger, ours.method))
    assert report.codes == ["verify.changed"]
    name = multibase.public_multikey(stranger.public_key().public_bytes_raw())
    report = check(signed_again(document, stranger, f"did:key:{name}#{name}"))
    assert report.codes == ["verify.strangers_key"]


def test_another_institutions_key_is_a_strangers_key():
    one, _two = certified.issued(2)
    other = IssuerKey.objects.create(
        institution=one.institution, did="did:web:other", method="did:web:other#key-1",
        public_multikey="z", file_name="x", valid_from=NOW, valid_to=NOW,
    )  # fmt: skip
    document = json.loads(one.document)
    key = keys.private(one.issuer_key)
    assert check(signed_again(document, key, other.method)).codes == ["verify.strangers_key"]


def test_a_certificate_without_proof_is_refused():
    [certificate] = certified.issued()
    document = {k: v for k, v in json.loads(certificate.document).items() if k != "proof"}
    for bare in (document, {**document, "proof": []}):
        assert check(json.dumps(bare)).codes == ["verify.no_proof"]


def test_before_and_after_its_period_it_is_refused():
    [lot] = certified.lots(1)
    CreditLot.objects.filter(pk=lot.pk).update(valid_to="2026-01-01")
    certificate = credentials.request(lot_id=lot.pk, request_key="k", requested_at=NOW)
    credentials.sign_queued(limit=1, now=NOW)
    certificate.refresh_from_db()
    early = check(certificate.document, now=NOW - timedelta(seconds=1))
    assert "verify.not_yet" in early.codes
    assert check(certificate.document, now=LATER).holds
    assert "verify.expired" in check(certificate.document, now=NOW + timedelta(days=400)).codes


def test_an_old_list_is_accepted_with_its_age():
    [certificate] = certified.issued()
    report = check(certificate.document, now=NOW + timedelta(days=9))
    assert report.holds
    noted = report.checks[-2]
    assert (noted.code, noted.outcome.value) == ("verify.status_old", "noted")
    assert "9" in noted.sentence


def test_a_certificate_that_points_to_another_list_is_refused():
    [certificate] = certified.issued()
    document = json.loads(certificate.document)
    key = certificate.issuer_key
    entry = document["credentialStatus"]
    for change in (
        {"statusListCredential": entry["statusListCredential"] + "0"},
        {"statusListCredential": "http://127.0.0.1:8000/status/٣.json"},
        {"statusListIndex": "999999999"},
        {"statusListIndex": "first"},
        {"type": "StatusList2021Entry"},
        {"statusPurpose": "suspension"},
    ):
        document["credentialStatus"] = {**entry, **change}
        try:
            text = signed_again(document, keys.private(key), key.method)
        except ValueError:
            continue
        assert check(text).codes[0] == "verify.status_unknown", change


def test_without_a_status_list_nothing_is_vouched_for(tmp_path):
    """The published list of a stranger, or one that was tampered with, is as good as none."""
    [certificate] = certified.issued()
    exports.export(folder=tmp_path, limit=9)
    folder = publication.Folder(tmp_path)
    assert check(certificate.document, publication=folder).holds
    path = tmp_path / f"status/{certificate.status_list_id}.json"
    room = json.loads(path.read_text("utf-8"))
    room["validFrom"] = "2036-01-01T00:00:00Z"
    path.write_text(json.dumps(room), "utf-8")
    assert check(certificate.document, publication=folder).codes == ["verify.status_unknown"]


@pytest.mark.parametrize(
    "text",
    ["", "hello", "[]", "null", "{", '{"a": NaN}', '{"a": 1, "a": 2}', '{"a": "\\ud800"}',
     '{"a": 12345678901234567890}', "[" * 200_000, '{"a":' * 100_000],
)  # fmt: skip
def test_what_is_no_certificate_gets_one_sentence(text):
    report = check(text)
    assert outcomes(report) == ["failed", *["not made"] * 7]
    assert report.codes == ["verify.not_json"]


@pytest.mark.parametrize("text", ["{}", '{"@context": 1}', '{"proof": [1]}', '{"type": {}}'])
def test_other_json_is_refused_by_its_shape(text):
    report = check(text)
    assert report.codes == ["verify.shape"]
    assert not report.holds


def test_the_holder_is_known_by_name_only_to_who_knows_the_name():
    [certificate] = certified.issued()
    right = check(certificate.document, holder=" 学员 1 ")
    assert (right.checks[-1].code, right.holds) == ("verify.holder", True)
    wrong = check(certificate.document, holder="学员 2")
    assert (wrong.codes, wrong.holds) == (["verify.other_holder"], False)


def test_any_single_changed_byte_is_refused():
    """Law: whichever byte is replaced by whichever other, the certificate is refused."""
    [certificate] = certified.issued()
    original = certificate.document.encode()

    @settings(max_examples=250, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.integers(0, len(original) - 1), st.integers(0, 255))
    def one_byte(position, byte):
        assume(original[position] != byte)
        altered = bytearray(original)
        altered[position] = byte
        assert not check(altered.decode("utf-8", "replace")).holds, altered

    one_byte()


def test_any_other_json_is_answered_and_never_an_error():
    [certificate] = certified.issued()
    original = json.loads(certificate.document)
    leaves = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9)
    values = st.recursive(
        leaves,
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(["id", "type", "@id", "@type", "@value", "x"]), inner)
        ),
        max_leaves=8,
    )

    @settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.sampled_from(sorted(original)), values)
    def one_member(name, value):
        assume(value != original[name])
        report = check(json.dumps({**original, name: value}))
        assert not report.holds

    one_member()
