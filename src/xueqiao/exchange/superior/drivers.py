"""How a partner is reached: signed requests over HTTPS, or files in a folder.

Both carry the same lines. A line of a message is ``{"key", "version", "day", "withdraws",
"digest", "content"}``, an answer ``{"key", "version", "taken", "reason"}``, a line of a day's list
``{"key", "version", "digest"}``. Requests and files are signed with HMAC-SHA-256 over their bytes.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from django.conf import settings
from django.utils.translation import gettext as _

from xueqiao.exchange import partners
from xueqiao.exchange.models import Partner
from xueqiao.kernel import clock, errors, outbound

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date
    from pathlib import Path

    from xueqiao.exchange.models import Message

SIGNATURE = "X-Signature-SHA256"
PAGE, MOST_PAGES = 5000, 10_000


class AnswerUnreadable(errors.Refusal):
    """The partner's answer or file is not in the agreed form, or its signature is wrong."""

    code = "exchange.answer_unreadable"


class NotAnswered(errors.Refusal):
    """The partner has not given its list of the day yet."""

    code = "exchange.not_answered"


class Acknowledgement(NamedTuple):
    """What the partner did with a message."""

    key: str
    version: int
    taken: bool
    reason: str


class Held(NamedTuple):
    """A record that the partner holds."""

    key: str
    version: int
    digest: str


class Driver(Protocol):
    """What a way of reaching a partner does. Each call may raise ``errors.Refusal``."""

    def send(self, messages: Sequence[Message]) -> list[Acknowledgement]:
        """Hand messages over; what is answered at once."""

    def answers(self) -> list[Acknowledgement]:
        """What was answered since the last call."""

    def day(self, day: date) -> list[Held]:
        """Everything of us that the partner holds of a day. Raises ``NotAnswered``."""


def of(partner: Partner) -> Driver:
    """The driver that a partner is reached by."""
    key = partners.secret(partner)
    if partner.driver == Partner.Driver.HTTP:
        return Https(partner.address, partner.own_code, key)
    return Folder(settings.HOME / "exchange" / partner.address, key)


class Https:
    """POST ``records`` with messages; GET ``records?day=&after=`` for a day's list, in pages."""

    def __init__(self, address: str, own_code: str, key: str) -> None:
        self.address, self.own_code, self.key = address.rstrip("/"), own_code, key

    def send(self, messages: Sequence[Message]) -> list[Acknowledgement]:
        """Hand messages over; every one is answered at once."""
        body = json.dumps({"bank": self.own_code, "messages": [line(each) for each in messages]})
        found = self._call("POST", "/records", body.encode())
        return [_acknowledgement(each) for each in _rows(found, "answers")]

    def answers(self) -> list[Acknowledgement]:
        """Nothing: over HTTPS everything is answered at once."""
        return []

    def day(self, day: date) -> list[Held]:
        """The whole list, page by page."""
        held: list[Held] = []
        after = ""
        for _page in range(MOST_PAGES):
            where = f"/records?bank={self.own_code}&day={day}&after={after}&limit={PAGE}"
            found = self._call("GET", where, b"")
            held += [_held(each) for each in _rows(found, "records")]
            after = str(found.get("next") or "")
            if not after:
                return held
        raise AnswerUnreadable(_("The partner's list of the day does not end."))

    def _call(self, method: str, where: str, body: bytes) -> dict[str, Any]:
        signed = sign(self.key, where.encode() + b"\n" + body)
        headers = {SIGNATURE: signed, "Content-Type": "application/json"}
        answer = outbound.send(method, self.address + where, headers=headers, body=body)
        answer.expect(200)
        check(
            self.key,
            where.encode() + b"\n" + answer.body,
            answer.headers.get(SIGNATURE.lower(), ""),
        )
        return _object(answer.json())


class Folder:
    """``out/`` holds what we hand over, ``in/`` what the partner lays down; signatures beside."""

    def __init__(self, folder: Path, key: str) -> None:
        self.folder, self.key = folder, key

    def send(self, messages: Sequence[Message]) -> list[Acknowledgement]:
        """Lay a file down; answers come later. The same messages make the same file."""
        body = b"".join(json.dumps(line(each)).encode() + b"\n" for each in messages)
        name = f"messages-{hashlib.sha256(body).hexdigest()[:16]}.jsonl"
        self._lay(self._room("out"), name, body)
        return []

    def answers(self) -> list[Acknowledgement]:
        """The answer files that lie there; each is put away once it was read."""
        room, found = self._room("in"), []
        for path in sorted(room.glob("answers-*.jsonl")):
            found += [_acknowledgement(each) for each in self._lines(path)]
            done = self._room("done")
            for each in (path, path.with_suffix(".sig")):
                each.replace(done / each.name)
        return found

    def day(self, day: date) -> list[Held]:
        """The partner's file of a day."""
        path = self._room("in") / f"day-{day}.jsonl"
        if not path.exists():
            text = _("The partner has not laid down its list of {day} yet.")
            raise NotAnswered(text.format(day=clock.written(day)))
        return [_held(each) for each in self._lines(path)]

    def _room(self, name: str) -> Path:
        room = self.folder / name
        room.mkdir(parents=True, exist_ok=True)
        return room

    def _lay(self, room: Path, name: str, body: bytes) -> None:
        signed = sign(self.key, body).encode()
        # The signature first: who sees the file finds it beside.
        for file, data in ((name.replace(".jsonl", ".sig"), signed), (name, body)):
            scratch = room / f".{file}"
            with scratch.open("wb") as out:
                out.write(data)
                out.flush()
                os.fsync(out.fileno())
            scratch.replace(room / file)

    def _lines(self, path: Path) -> Iterable[dict[str, Any]]:
        body = path.read_bytes()
        signature = path.with_suffix(".sig")
        check(self.key, body, signature.read_text().strip() if signature.exists() else "")
        try:
            return [_object(json.loads(each)) for each in body.splitlines() if each.strip()]
        except ValueError as why:
            raise AnswerUnreadable(_("{name} is not JSON.").format(name=path.name)) from why


def line(message: Message) -> dict[str, Any]:
    """A message as it travels."""
    return {
        "key": message.key,
        "version": message.version,
        "day": message.day.isoformat(),
        "withdraws": message.withdraws,
        "digest": message.digest,
        "content": message.content,
    }


def sign(key: str, body: bytes) -> str:
    """HMAC-SHA-256 of some bytes, hex."""
    return hmac.new(key.encode(), body, hashlib.sha256).hexdigest()


def check(key: str, body: bytes, signature: str) -> None:
    """Refuse bytes that the partner did not sign. Raises AnswerUnreadable."""
    if not hmac.compare_digest(sign(key, body), signature):
        text = _("The partner's signature does not fit. Compare the shared secret on both sides.")
        raise AnswerUnreadable(text)


def _object(found: Any) -> dict[str, Any]:
    if not isinstance(found, dict):
        raise AnswerUnreadable(_("The partner's answer is not in the agreed form."))
    return found


def _rows(found: dict[str, Any], name: str) -> list[dict[str, Any]]:
    rows = found.get(name)
    if not isinstance(rows, list):
        raise AnswerUnreadable(_("The partner's answer is not in the agreed form."))
    return [_object(each) for each in rows]


def _acknowledgement(row: dict[str, Any]) -> Acknowledgement:
    try:
        return Acknowledgement(
            str(row["key"]), int(row["version"]), row["taken"] is True, str(row.get("reason", ""))
        )
    except (KeyError, TypeError, ValueError) as why:
        raise AnswerUnreadable(_("The partner's answer is not in the agreed form.")) from why


def _held(row: dict[str, Any]) -> Held:
    try:
        return Held(str(row["key"]), int(row["version"]), str(row["digest"]))
    except (KeyError, TypeError, ValueError) as why:
        raise AnswerUnreadable(_("The partner's answer is not in the agreed form.")) from why
