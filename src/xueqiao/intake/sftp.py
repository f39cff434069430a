"""SFTP drop: files on a server of the source, fetched one after another and put away there.

The server is known by the fingerprint of its key, entered by the operator: without it nobody could
tell whether the password goes to the right machine.
"""

from __future__ import annotations

import asyncio
import posixpath
import stat
import time
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import asyncssh
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from xueqiao.intake import drops
from xueqiao.intake.folder import SETTLED_SECONDS
from xueqiao.intake.kinds import Kind, Portion, Setting
from xueqiao.intake.tables import reading
from xueqiao.kernel import errors, hosts

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterator, Mapping

PORT = 22
SECONDS = 60.0


class SftpUnreachable(errors.Refusal):
    """The server does not answer, does not let us in, or does not do what it was asked."""

    code = "intake.sftp_unreachable"
    status = 502


class ServerUnknown(errors.Refusal):
    """The server has another key than the one that was entered, or none was entered."""

    code = "intake.server_unknown"
    status = 422


class Sftp:
    """A folder on an SFTP server; ``done`` and ``failed`` are made in it."""

    def __init__(self, config: Mapping[str, Any]) -> None:
        self._config, self._folder = config, str(config.get("folder") or ".")
        self._runner = asyncio.Runner()
        self._ssh: Any = None
        self._sftp: Any = None

    def open(self) -> None:
        """Sign in.

        Raises:
            ServerUnknown: the key of the server is not the one that was entered.
            SftpUnreachable: it does not answer, or does not let us in.
        """
        self._ssh = self._do(self._connect())
        self._sftp = self._do(self._ssh.start_sftp_client())

    def close(self) -> None:
        if self._ssh is not None:
            self._ssh.abort()
        self._runner.close()

    def waiting(self) -> list[str]:
        settled = time.time() - SETTLED_SECONDS
        found = self._do(self._sftp.readdir(self._folder))
        return sorted(
            str(each.filename)
            for each in found
            if drops.is_file_to_take(str(each.filename))
            and stat.S_ISREG(each.attrs.permissions or 0)
            and (each.attrs.mtime or 0) <= settled
        )

    @contextmanager
    def fetched(self, name: str) -> Iterator[Path]:
        with TemporaryDirectory(prefix="xueqiao-sftp-") as folder:
            target = Path(folder) / Path(name).name
            self._do(self._fetch(posixpath.join(self._folder, name), target))
            yield target

    def finish(self, name: str) -> None:
        self._do(self._move(name, "done"))

    def fail(self, name: str, reason: str) -> None:
        placed = self._do(self._move(name, "failed"))
        self._do(self._note(f"{placed}.reason.txt", f"{reason}\n"))

    async def _connect(self) -> Any:
        config = self._config
        wanted = str(config["fingerprint"]).strip().removeprefix("SHA256:").rstrip("=")
        host, port = str(config["host"]), int(config.get("port") or PORT)
        key = await asyncssh.get_server_host_key(host, port)
        shown = key.get_fingerprint() if key else "–"
        if shown.removeprefix("SHA256:").rstrip("=") != wanted:
            text = _(
                "{host} has the key {shown}; {wanted} was entered. Ask its owner which is right."
            )
            raise ServerUnknown(
                text.format(host=host, shown=shown, wanted=wanted[:60]), pointer="fingerprint"
            )
        # The key that was just compared is the only one that is believed.
        known: tuple[list[Any], list[Any], list[Any]] = ([key], [], [])
        options: dict[str, Any] = {"known_hosts": known, "username": str(config["user"])}
        options |= {"agent_path": None, "config": None, "client_keys": None}
        if config.get("private_key"):
            options["client_keys"] = [asyncssh.import_private_key(str(config["private_key"]))]
        if config.get("password"):
            options["password"] = str(config["password"])
        return await asyncssh.connect(host, port, connect_timeout=SECONDS, **options)

    async def _fetch(self, path: str, target: Path) -> None:
        size = (await self._sftp.stat(path)).size or 0
        if size > reading.MOST_BYTES:
            # The reader says so in its own words, of a file of that size.
            with target.open("wb") as file:
                file.truncate(size)
            return
        await self._sftp.get(path, str(target))

    async def _move(self, name: str, to: str) -> str:
        folder = posixpath.join(self._folder, to)
        await self._sftp.makedirs(folder, exist_ok=True)
        placed, number = posixpath.join(folder, name), 1
        while await self._sftp.exists(placed):
            number += 1
            placed = posixpath.join(folder, f"{number}-{name}")
        await self._sftp.rename(posixpath.join(self._folder, name), placed)
        return placed

    async def _note(self, path: str, text: str) -> None:
        async with self._sftp.open(path, "w") as file:
            await file.write(text)

    def _do(self, work: Coroutine[Any, Any, Any]) -> Any:
        """Do something on the server and wait for it.

        Raises:
            SftpUnreachable: whatever went wrong there, in one sentence.
        """
        try:
            return self._runner.run(asyncio.wait_for(work, SECONDS * 10))
        except (OSError, asyncssh.Error, TimeoutError, ValueError) as why:
            host = self._config.get("host")
            text = _("The SFTP server {host} cannot be used: {why}.")
            said = str(getattr(why, "reason", "") or why or type(why).__name__)
            raise SftpUnreachable(text.format(host=host, why=said[:200])) from why


def check(config: Mapping[str, Any]) -> None:
    """Refuse a server that the operator has not listed.

    Raises:
        hosts.NotAllowed: it is not listed.
    """
    host, port = str(config["host"]), int(config.get("port") or PORT)
    if not hosts.is_listed(host, port):
        text = _("The operator has not listed {host}:{port} in XUEQIAO_OUTBOUND_ALLOW.")
        raise hosts.NotAllowed(text.format(host=host[:80], port=port), pointer="host")


def pull(config: Mapping[str, Any], watermark: dict[str, Any]) -> Iterator[Portion]:
    check(config)
    drop = Sftp(config)
    try:
        drop.open()
        yield from drops.take(drop, config, watermark)
    finally:
        drop.close()


KIND = Kind(
    "sftp",
    gettext_lazy("SFTP server"),
    (
        Setting("host", gettext_lazy("Host"), help=gettext_lazy("Such as sftp.school.example")),
        Setting("port", gettext_lazy("Port"), "number", required=False),
        Setting(
            "fingerprint",
            gettext_lazy("Fingerprint of the server's key"),
            help=gettext_lazy("SHA256:… as the owner of the server told you."),
        ),
        Setting("user", gettext_lazy("User")),
        Setting("password", gettext_lazy("Password"), "secret", required=False),
        Setting("private_key", gettext_lazy("Private key"), "secret", required=False),
        Setting("folder", gettext_lazy("Folder there"), required=False),
        Setting("contract", gettext_lazy("Contract"), "mapping"),
    ),
    pull,
    help=gettext_lazy("CSV and XLSX files are fetched from a server of the source."),
    check=check,
)
