"""Runs a command with PostgreSQL behind it: the server of XUEQIAO_DATABASE_URL, or a scratch one.

The scratch server listens on a free port of loopback, keeps its data in a temporary folder and is
stopped and removed afterwards, whatever the command did.
"""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def binaries() -> Path:
    """The folder of ``initdb`` and ``pg_ctl``.

    Raises:
        SystemExit: PostgreSQL is not installed.
    """
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda p: int(p.parts[4]))
    on_path = shutil.which("initdb")
    if found:
        return found[-1].parent
    if on_path:
        return Path(on_path).resolve().parent
    sys.exit(
        "PostgreSQL was not found. Install it (Debian: apt-get install postgresql), or name a "
        "server: XUEQIAO_DATABASE_URL=postgresql://user:password@host:port/name"
    )


@contextmanager
def scratch_server() -> Iterator[str]:
    """A PostgreSQL server of our own; yields its address."""
    tools, folder = binaries(), Path(tempfile.mkdtemp(prefix="xueqiao-pg-"))
    # The server refuses to run as root; Debian's package brings the user postgres.
    account = pwd.getpwnam("postgres") if os.geteuid() == 0 else None
    if account:
        os.chown(folder, account.pw_uid, account.pw_gid)

    def run(*command: str) -> None:
        subprocess.run(
            command,
            check=True,
            cwd=folder,
            stdout=subprocess.DEVNULL,
            user=account.pw_uid if account else None,
            group=account.pw_gid if account else None,
        )

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    data = folder / "data"
    options = (
        f"-p {port} -k {folder} -c listen_addresses=127.0.0.1 -c fsync=off "
        "-c synchronous_commit=off -c full_page_writes=off -c max_connections=200"
    )
    try:
        run(
            str(tools / "initdb"),
            "-D",
            str(data),
            "-U",
            "xueqiao",
            "-A",
            "trust",
            "-E",
            "UTF8",
            "--no-sync",
        )
        run(
            str(tools / "pg_ctl"),
            "-D",
            str(data),
            "-l",
            str(folder / "log"),
            "-w",
            "-o",
            options,
            "start",
        )
        run(str(tools / "createdb"), "-h", "127.0.0.1", "-p", str(port), "-U", "xueqiao", "xueqiao")
        yield f"postgresql://xueqiao@127.0.0.1:{port}/xueqiao"
    finally:
        if (data / "postmaster.pid").exists():
            run(str(tools / "pg_ctl"), "-D", str(data), "-m", "immediate", "stop")
        shutil.rmtree(folder, ignore_errors=True)


def main(command: list[str]) -> int:
    if os.environ.get("XUEQIAO_DATABASE_URL"):
        return subprocess.run(command, check=False).returncode
    with scratch_server() as address:
        env = {**os.environ, "XUEQIAO_DATABASE_URL": address}
        return subprocess.run(command, check=False, env=env).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
