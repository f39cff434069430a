"""Outgoing HTTP against real small servers on loopback."""

from __future__ import annotations

import gzip
import ipaddress
import itertools
import socket
import ssl
import time
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from django.utils import translation

from tests.servers import Said, neighbour
from xueqiao.kernel import hosts, outbound


@pytest.fixture(autouse=True)
def _in_english():
    with translation.override("en"):
        yield


def closed_port():
    with socket.socket() as room:
        room.bind(("127.0.0.1", 0))
        return room.getsockname()[1]


def test_headers_query_and_body_arrive_and_the_answer_comes_back():
    with neighbour(lambda asked: Said(201, asked.body.upper(), {"X-One": "1"})) as other:
        answer = outbound.post(f"{other.url}/a?b=%20c", headers={"X-Two": "2"}, body=b"hello")
    (asked,) = other.asked
    assert (answer.status, answer.body, answer.headers["x-one"]) == (201, b"HELLO", "1")
    assert (asked.method, asked.path, asked.query) == ("POST", "/a", {"b": " c"})
    assert (asked.headers["x-two"], asked.headers["host"]) == ("2", other.url[len("http://") :])


def test_an_answer_that_was_not_asked_for_is_a_refusal_with_its_status():
    with (
        neighbour(lambda _asked: Said(403, b"key  expired")) as other,
        pytest.raises(outbound.Refused) as why,
    ):
        outbound.get(f"{other.url}/x?token=secret").expect(200)
    assert why.value.answered == 403
    assert str(why.value) == f"{other.url}/x answered 403: key expired"


def test_a_body_that_is_no_json_is_a_refusal():
    with (
        neighbour(lambda _asked: Said(200, b"<html>")) as other,
        pytest.raises(outbound.Refused),
    ):
        outbound.get(other.url).json()


def test_a_busy_server_is_asked_again_after_the_time_it_names():
    answers = iter([Said(429, headers={"Retry-After": "1"}), Said(503), Said(200, b"here")])
    with neighbour(lambda _asked: next(answers)) as other:
        begin = time.monotonic()
        answer = outbound.get(other.url)
        took = time.monotonic() - begin
    assert (answer.body, len(other.asked)) == (b"here", 3)
    assert took >= 1.5


def test_a_server_that_fails_at_every_try_is_unreachable():
    with neighbour(lambda _asked: Said(500)) as other:
        with pytest.raises(outbound.Unreachable, match="500 Internal Server Error"):
            outbound.get(other.url, tries=2)
        assert len(other.asked) == 2


def test_a_long_wait_is_left_to_the_schedule():
    with neighbour(lambda _asked: Said(429, headers={"Retry-After": "3600"})) as other:
        begin = time.monotonic()
        with pytest.raises(outbound.Unreachable) as why:
            outbound.get(other.url)
        assert time.monotonic() - begin < 5
    assert (why.value.retry_after_seconds, len(other.asked)) == (3600, 1)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("120", 120), ("Fri, 31 Dec 1999 23:59:59 GMT", 59), ("", 0), ("soon", 0), ("-5", 0),
        ("Fri, 31 Dec 1990 23:59:59 GMT", 0),
    ],
)  # fmt: skip
def test_retry_after_is_seconds_or_a_date(text, seconds):
    now = datetime(1999, 12, 31, 23, 59, 0, tzinfo=UTC).timestamp()
    assert outbound.retry_after_seconds(text, now) == seconds


def test_nobody_at_the_port_is_unreachable():
    with pytest.raises(outbound.Unreachable):
        outbound.get(f"http://127.0.0.1:{closed_port()}/", tries=2)


def test_a_name_that_nobody_knows_is_unreachable():
    with pytest.raises(outbound.Unreachable, match="its name is not known"):
        outbound.get("https://nobody.invalid/", tries=1)


def test_an_answer_over_the_cap_is_refused_however_it_is_packed():
    def answer(asked):
        if asked.path == "/plain":
            return Said(body=b"x" * 2001)
        if asked.path == "/endless":
            return Said(pieces=itertools.repeat(b"x" * 500))
        packed = gzip.compress(b"\0" * 50_000_000)
        return Said(body=packed, headers={"Content-Encoding": "gzip"})

    with neighbour(answer) as other:
        for path in ("/plain", "/endless", "/bomb"):
            with pytest.raises(outbound.TooLarge):
                outbound.get(other.url + path, most_bytes=2000)
        assert len(outbound.get(f"{other.url}/plain", most_bytes=2001).body) == 2001


def test_a_packed_answer_is_unpacked_and_one_cut_short_is_not_believed():
    whole = gzip.compress(b"text " * 1000)

    def answer(asked):
        body = whole if asked.path == "/whole" else whole[:-9]
        return Said(body=body, headers={"Content-Encoding": "gzip"})

    with neighbour(answer) as other:
        assert outbound.get(f"{other.url}/whole").body == b"text " * 1000
        with pytest.raises(outbound.Unreachable, match="ends too early"):
            outbound.get(f"{other.url}/cut", tries=1)


def test_a_server_that_drips_is_given_up():
    def drip():
        for _piece in range(100):
            time.sleep(0.1)
            yield b"x"

    with neighbour(lambda _asked: Said(pieces=drip())) as other:
        begin = time.monotonic()
        with pytest.raises(outbound.Unreachable):
            outbound.get(other.url, within_seconds=0.5)
        assert time.monotonic() - begin < 3


def test_redirects_on_the_same_host_are_followed():
    def answer(asked):
        where = {"/": "/b?x=1", "/b": "c"}.get(asked.path)
        return Said(302, headers={"Location": where}) if where else Said(body=b"end")

    with neighbour(answer) as other:
        assert outbound.get(f"{other.url}/").url == f"{other.url}/c"
        with pytest.raises(outbound.NotAllowed):
            outbound.post(f"{other.url}/", body=b"x")


def test_redirects_elsewhere_are_not_followed(settings):
    with neighbour(lambda _asked: Said(body=b"secret")) as inside:
        for where in (inside.url, "http://169.254.169.254/latest/meta-data/", "file:///etc/passwd"):
            with (
                neighbour(lambda _asked, to=where: Said(302, headers={"Location": to})) as other,
                pytest.raises(outbound.NotAllowed),
            ):
                outbound.get(f"{other.url}/", headers={"Authorization": "Basic eDp5"})
        assert inside.asked == []


def test_a_circle_of_redirects_ends():
    with (
        neighbour(lambda _asked: Said(302, headers={"Location": "/"})) as other,
        pytest.raises(outbound.NotAllowed),
    ):
        outbound.get(f"{other.url}/")
    assert len(other.asked) == 6


@pytest.mark.parametrize(
    "url",
    [
        "https://127.0.0.1/", "https://[::1]/", "https://10.0.0.7/", "https://192.168.1.1/",
        "https://169.254.169.254/", "https://[::ffff:10.0.0.7]/", "https://[64:ff9b::a00:7]/",
        "https://[fe80::1]/", "https://0.0.0.0/", "https://224.0.0.1/", "https://100.64.0.1/",
        "https://localhost/", "https://[2002:7f00:1::]/",
        "http://example.org/", "ftp://example.org/", "https:///x", "//example.org", "",
        "https://user:secret@example.org/", "https://exa mple.org/", "https://example.org/\n",
        "https://" + "a" * 9000,
    ],
)  # fmt: skip
def test_what_is_not_called(url, settings):
    settings.OUTBOUND_ALLOW = []
    with pytest.raises(outbound.NotAllowed) as why:
        outbound.get(url, tries=1)
    assert "secret" not in str(why.value)


def test_a_listed_host_may_be_named_with_its_port(settings):
    with neighbour(lambda _asked: Said(body=b"here")) as other:
        settings.OUTBOUND_ALLOW = [other.url[len("http://") :]]
        assert outbound.get(other.url).body == b"here"
        settings.OUTBOUND_ALLOW = ["127.0.0.1:1"]
        with pytest.raises(outbound.NotAllowed):
            outbound.get(other.url)


def test_every_number_behind_a_name_has_to_be_public():
    assert hosts.is_public(ipaddress.ip_address("8.8.8.8"))
    assert hosts.is_public(ipaddress.ip_address("2606:4700::1111"))
    assert not hosts.is_public(ipaddress.ip_address("fd00::1"))


@pytest.fixture
def authority(tmp_path):
    """A certificate for the name ``localhost`` and nothing else, signed by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path / "both.pem"
    path.write_bytes(
        made.public_bytes(serialization.Encoding.PEM)
        + key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return path


def test_the_certificate_has_to_be_that_of_the_name_that_was_asked_for(
    authority, settings, monkeypatch
):
    """The connection goes to a number; the certificate is still asked for by name."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority)
    settings.OUTBOUND_ALLOW = ["127.0.0.1", "localhost"]
    with neighbour(lambda _asked: Said(body=b"here"), context=context) as other:
        port = other.server.server_port
        with pytest.raises(outbound.Unreachable, match="certificate"):
            outbound.get(f"https://localhost:{port}/", tries=1)
        monkeypatch.setenv("SSL_CERT_FILE", str(authority))
        outbound._trust.cache_clear()
        try:
            assert outbound.get(f"https://localhost:{port}/", tries=1).body == b"here"
            with pytest.raises(outbound.Unreachable):
                outbound.get(f"https://127.0.0.1:{port}/", tries=1)
        finally:
            monkeypatch.undo()
            outbound._trust.cache_clear()
    (asked,) = other.asked
    assert asked.headers["host"] == f"localhost:{port}"
