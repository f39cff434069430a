"""Another learning record store, asked by its standard interface: pages, voided statements, files.

Source: xAPI 1.0.3 part 3 (2.1.3 GET statements, 1.5 content types, 3.1 authentication) and the same
sections of IEEE 9274.1.1; RFC 6749 4.4 (client credentials).
"""

from __future__ import annotations

import base64
import re
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlencode, urljoin, urlsplit

import msgspec
from django.utils.translation import gettext as _

from xueqiao.kernel import errors, outbound
from xueqiao.records import attachments

if TYPE_CHECKING:
    from collections.abc import Mapping

MOST_BYTES = 64 * 1024 * 1024
_BOUNDARY = re.compile(r'boundary="?([^";,]{1,70})"?', re.IGNORECASE)
_UNAUTHORIZED = 401
_GONE = frozenset({400, 404, 410})


class AnswerUnfit(errors.Refusal):
    """The other store's answer is not one of the standard."""

    code = "intake.answer_unfit"
    status = 502


class MoreElsewhere(errors.Refusal):
    """The link to the next page leads to another host, which would get the key."""

    code = "intake.more_elsewhere"
    status = 502


class MoreGone(errors.Refusal):
    """The link to the next page is no longer valid."""

    code = "intake.more_gone"
    status = 502


Files = dict[str, attachments.Part]


class Page(NamedTuple):
    """One page of an answer.

    Attributes:
        texts: each statement exactly as the other store wrote it.
        more: address of the next page, or "".
        through: ``X-Experience-API-Consistent-Through``, or "".
        files: attachments by their hash; None where the answer cannot bring any.
    """

    texts: list[str]
    more: str
    through: str
    files: Files | None


class _Listed(msgspec.Struct):
    statements: list[msgspec.Raw]
    more: str | None = ""


class RemoteLrs:
    """A store with the key to it.

    Args:
        config: ``endpoint``, ``version``, ``authentication`` (basic, oidc, bearer), ``key``,
            ``secret``, ``token_url``, ``scope``, ``attachments`` (yes, no).
    """

    def __init__(self, config: Mapping[str, Any]) -> None:
        self._config = config
        self._endpoint = f"{str(config['endpoint']).rstrip('/')}/"
        self._token = ""

    def first(self, *, since: str, limit: int) -> Page:
        """The first page of what was stored after an instant, oldest first.

        Args:
            since: ISO 8601, or "" for everything.
        """
        words = {"ascending": "true", "limit": str(limit)} | ({"since": since} if since else {})
        if self._config.get("attachments", "yes") == "yes":
            words["attachments"] = "true"
        return self.at(f"{self._endpoint}statements?{urlencode(words)}")

    def at(self, url: str) -> Page:
        """The page of an address that an earlier page named.

        Raises:
            MoreElsewhere: it belongs to another host.
            MoreGone: the other store no longer knows it.
        """
        here, there = urlsplit(self._endpoint), urlsplit(url)
        if (there.scheme, there.netloc) != (here.scheme, here.netloc):
            text = _("The link to the next page leads to {host}; only {own} is asked.")
            raise MoreElsewhere(text.format(host=there.netloc[:80], own=here.netloc))
        answer = self._get(url)
        if answer.status in _GONE:
            text = _("{own} no longer knows the next page ({status}).")
            raise MoreGone(text.format(own=here.netloc, status=answer.status))
        answer.expect(200)
        body, files = _parts(answer)
        try:
            found = msgspec.json.decode(body, type=_Listed)
            texts = [bytes(each).decode() for each in found.statements]
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as why:
            text = _("{own} did not answer with a list of statements: {why}.")
            raise AnswerUnfit(text.format(own=here.netloc, why=why)) from why
        more = urljoin(self._endpoint, found.more) if found.more else ""
        through = answer.headers.get("x-experience-api-consistent-through", "")
        return Page(texts, more, through, files)

    def voided(self, statement_id: str) -> tuple[str, Files | None] | None:
        """A voided statement and its files; None where the other store does not hold it."""
        words = {"voidedStatementId": statement_id}
        if self._config.get("attachments", "yes") == "yes":
            words["attachments"] = "true"
        answer = self._get(f"{self._endpoint}statements?{urlencode(words)}")
        if answer.status in _GONE:
            return None
        body, files = _parts(answer.expect(200))
        try:
            return body.decode(), files
        except UnicodeDecodeError as why:
            text = _("A statement of {own} is not UTF-8.").format(own=self._endpoint)
            raise AnswerUnfit(text) from why

    def _get(self, url: str) -> outbound.Answer:
        answer = outbound.get(url, headers=self._headers(), most_bytes=MOST_BYTES)
        if answer.status == _UNAUTHORIZED and self._token:
            # A token may end between two pages.
            self._token = ""
            answer = outbound.get(url, headers=self._headers(), most_bytes=MOST_BYTES)
        return answer

    def _headers(self) -> dict[str, str]:
        version = str(self._config.get("version") or "1.0.3")
        return {"X-Experience-API-Version": version, "Authorization": self._authorization()}

    def _authorization(self) -> str:
        kind, secret = self._config.get("authentication", "basic"), self._config.get("secret", "")
        if kind == "bearer":
            return f"Bearer {secret}"
        if kind == "oidc":
            self._token = self._token or self._new_token()
            return f"Bearer {self._token}"
        return _basic(str(self._config.get("key", "")), str(secret))

    def _new_token(self) -> str:
        form = {"grant_type": "client_credentials", "scope": str(self._config.get("scope") or "")}
        body = urlencode({name: text for name, text in form.items() if text}).encode()
        key, secret = str(self._config.get("key", "")), str(self._config.get("secret", ""))
        answer = outbound.post(
            str(self._config.get("token_url", "")),
            headers={
                "Content-Type": "application/x-www-form-urlencoded",
                "Accept": "application/json",
                "Authorization": _basic(key, secret),
            },
            body=body,
        )
        found = answer.expect(200).json()
        token = found.get("access_token") if isinstance(found, dict) else None
        if not isinstance(token, str) or not token.isascii() or not token.isprintable():
            raise AnswerUnfit(_("The token service did not answer with an access token."))
        return token


def _basic(key: str, secret: str) -> str:
    return "Basic " + base64.b64encode(f"{key}:{secret}".encode()).decode()


def _parts(answer: outbound.Answer) -> tuple[bytes, Files | None]:
    """The JSON of an answer, and the files that came with it.

    A file whose hash lies is left out: the statement that announces it is then held, by name.
    """
    kind = answer.headers.get("content-type", "")
    if not kind.lower().startswith("multipart/mixed"):
        return answer.body, None
    found = _BOUNDARY.search(kind)
    if found is None:
        raise AnswerUnfit(_("The answer has several parts and does not say where they end."))
    mark = b"\r\n--" + found[1].encode()
    pieces = (b"\r\n" + answer.body).split(mark)[1:]
    json, files = b"", Files()
    for number, piece in enumerate(each for each in pieces if not each.startswith(b"--")):
        head, _empty, content = piece.partition(b"\r\n\r\n")
        headers = {
            name.strip().lower(): value.strip()
            for name, _colon, value in (
                line.partition(":") for line in head.decode("latin-1").split("\r\n")
            )
        }
        if number == 0:
            json = content
        else:
            sha2, kind = (
                headers.get("x-experience-api-hash", "").lower(),
                headers.get("content-type", ""),
            )
            with suppress(attachments.HashWrong):
                files |= attachments.by_hash([attachments.Part(sha2, kind, content)])
    return json, files
