"""Bearer tokens: signed by a provider of our own, whose keys come from a file or over HTTP."""

from __future__ import annotations

import json
import threading
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from tests.records import factories as f
from xueqiao.kernel import clock
from xueqiao.records import tokens

pytestmark = pytest.mark.django_db
PATH = "/xapi/statements"
KEYS = {
    "RS256": rsa.generate_private_key(public_exponent=65537, key_size=2048),
    "ES256": ec.generate_private_key(ec.SECP256R1()),
}
WRITERS = {"RS256": jwt.algorithms.RSAAlgorithm, "ES256": jwt.algorithms.ECAlgorithm}
ISSUER, AUDIENCE = "https://id.school.example", "xueqiao"


def jwks(keys=None):
    made = []
    for algorithm, private in (keys or KEYS).items():
        public = WRITERS[algorithm].to_jwk(private.public_key(), as_dict=True)
        made.append({**public, "kid": algorithm, "use": "sig", "alg": algorithm})
    return json.dumps({"keys": made}).encode()


@pytest.fixture
def provider(settings, tmp_path):
    """The provider's keys in a file."""
    tokens._known.clear()
    tokens._sources.clear()
    path = tmp_path / "jwks.json"
    path.write_bytes(jwks())
    settings.OIDC_ISSUER, settings.OIDC_AUDIENCE = ISSUER, AUDIENCE
    settings.OIDC_JWKS = str(path)
    f.source()
    yield path
    tokens._known.clear()


def token(algorithm="ES256", key=None, headers=None, **changes):
    now = clock.now().timestamp()
    claims = {
        "iss": ISSUER, "aud": AUDIENCE, "sub": "job-1", "iat": now, "exp": now + 300,
        "client_id": "school", "scope": "openid all",
    } | changes  # fmt: skip
    return jwt.encode(
        {name: value for name, value in claims.items() if value is not None},
        key or KEYS[algorithm], algorithm, headers={"kid": algorithm} | (headers or {}),
    )  # fmt: skip


def get(client, given):
    headers = {"Authorization": f"Bearer {given}", "X-Experience-API-Version": "1.0.3"}
    return client.get(PATH, headers=headers)


@pytest.mark.parametrize("algorithm", sorted(KEYS))
def test_a_token_of_the_provider_opens_its_source(client, provider, algorithm):
    headers = {"Authorization": f"Bearer {token(algorithm)}", "X-Experience-API-Version": "1.0.3"}
    sent = f.statement()
    assert f.post(client, sent, headers).status_code == 200
    found = client.get(PATH, {"statementId": sent["id"]}, headers=headers).json()
    assert found["authority"]["account"]["name"] == "school"


def at(**ago):
    return clock.now().timestamp() - timedelta(**ago).total_seconds()


UNFIT = {
    "expired": lambda: token(exp=at(seconds=61)),
    "without an end": lambda: token(exp=None),
    "an end that is no number": lambda: token(exp="soon"),
    "not yet": lambda: token(nbf=at(seconds=-90)),
    "made in the future": lambda: token(iat=at(seconds=-90)),
    "for another service": lambda: token(aud="mail"),
    "of another provider": lambda: token(iss="https://elsewhere.example"),
    "for no source": lambda: token(client_id="nobody"),
    "of a source that is no text": lambda: token(client_id=["school"]),
    "without a source": lambda: token(client_id=None),
    "signed by a stranger": lambda: token(key=ec.generate_private_key(ec.SECP256R1())),
    "by a key that is not there": lambda: token(headers={"kid": "other"}),
    "one algorithm for another": lambda: token("RS256", headers={"kid": "ES256"}),
    "unsigned": lambda: jwt.encode(
        {"iss": ISSUER, "aud": AUDIENCE, "exp": at(hours=-1), "client_id": "school"}, None, "none",
        headers={"kid": "ES256"},
    ),
    "signed with the public key as a shared secret": lambda: jwt.encode(
        {"iss": ISSUER, "aud": AUDIENCE, "exp": at(hours=-1), "client_id": "school"},
        "x" * 64, "HS256", headers={"kid": "RS256"},
    ),
    "cut": lambda: token()[:-4],
    "nothing": lambda: "",
    "no token": lambda: "abc",
    "too long": lambda: token(padding="x" * 20_000),
}  # fmt: skip


@pytest.mark.parametrize("name", UNFIT)
def test_what_is_no_token_for_here_is_a_401_that_says_how(client, provider, name):
    answer = get(client, UNFIT[name]())
    assert answer.status_code == 401, answer.content
    basic, bearer = answer.headers["WWW-Authenticate"].split(", Bearer ")
    assert basic.startswith('Basic realm="xapi"')
    assert ('error="invalid_token"' in bearer) == (name != "nothing")


def test_a_clock_that_is_a_minute_off_is_forgiven(client, provider):
    assert get(client, token(exp=at(seconds=55))).status_code == 200
    assert get(client, token(nbf=at(seconds=-55))).status_code == 200


def test_scopes_come_from_the_claim_in_the_providers_words(client, provider, settings):
    settings.OIDC_SCOPES = {"lrs.read": "statements/read", "admin": "unknown"}
    settings.OIDC_SCOPE_CLAIM = "xapi.scopes"
    assert get(client, token(xapi={"scopes": ["lrs.read"]})).status_code == 200
    for given in ({"scopes": ["admin", 7]}, {"scopes": "statements/write"}, {}, "all", None):
        answer = get(client, token(xapi=given))
        assert answer.status_code == 403, given
        assert 'error="insufficient_scope"' in answer.headers["WWW-Authenticate"]


def test_without_a_provider_no_token_is_looked_at(client, settings):
    assert settings.OIDC_ISSUER == ""
    answer = get(client, token())
    assert answer.status_code == 401
    assert "Bearer" not in answer.headers["WWW-Authenticate"]


def test_keys_that_cannot_be_read_are_a_503_and_no_401(client, provider):
    provider.write_bytes(b"{")
    assert get(client, token()).status_code == 503


def test_a_new_key_of_the_provider_is_found_and_an_old_one_is_believed_while_it_is_away(provider):
    now = clock.now()
    old, new = token("ES256"), token("RS256", exp=at(days=-3))
    provider.write_bytes(jwks({"ES256": KEYS["ES256"]}))
    assert tokens.read(old, at=now).subject == "job-1"
    with pytest.raises(tokens.TokenUnfit):
        tokens.read(new, at=now)

    provider.write_bytes(jwks({"RS256": KEYS["RS256"]}))
    with pytest.raises(tokens.TokenUnfit):
        tokens.read(new, at=now + timedelta(seconds=5))
    assert tokens.read(new, at=now + timedelta(seconds=31)).subject == "job-1"
    with pytest.raises(tokens.TokenUnfit):
        tokens.read(old, at=now + timedelta(seconds=62))

    provider.unlink()
    assert tokens.read(new, at=now + timedelta(hours=23)).subject == "job-1"
    with pytest.raises(tokens.KeysUnknown):
        tokens.read(new, at=now + timedelta(hours=25))


@pytest.fixture
def discovery():
    """A provider that is really asked over HTTP; ``asked`` are the paths."""
    asked = []

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            where = f"http://127.0.0.1:{self.server.server_port}"
            known = {
                "/realm/.well-known/openid-configuration": json.dumps(
                    {"issuer": f"{where}/realm", "jwks_uri": f"{where}/keys"}
                ).encode(),
                "/keys": jwks(),
            }
            body = known.get(self.path)
            self.send_response(200 if body else 404)
            self.send_header("Content-Type", "application/json")
            self.end_headers()
            self.wfile.write(body or b"")

        def log_message(self, *words):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/realm", asked
    server.shutdown()
    thread.join()
    server.server_close()


def test_the_keys_are_found_where_the_provider_says_and_asked_for_once(
    client, provider, settings, discovery
):
    issuer, asked = discovery
    settings.OIDC_ISSUER, settings.OIDC_JWKS = issuer, ""
    settings.OUTBOUND_ALLOW = ["127.0.0.1"]
    for _ in range(3):
        assert get(client, token(iss=issuer)).status_code == 200
    assert asked == ["/realm/.well-known/openid-configuration", "/keys"]
