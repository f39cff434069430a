"""SFTP drop against a real small server on loopback."""

import asyncio
import os
import threading

import asyncssh
import pytest

from tests.intake import tables as t
from tests.intake.test_drops import agreed, lying
from tests.records import factories as f
from xueqiao.intake import connections, running
from xueqiao.kernel import clock, hosts
from xueqiao.records.models import Quarantine, Statement

pytestmark = pytest.mark.django_db
HOST_KEY = asyncssh.generate_private_key("ssh-ed25519")
CLIENT_KEY = asyncssh.generate_private_key("ssh-ed25519")


class School(asyncssh.SSHServer):
    """Lets in one user, by password or by key."""

    def password_auth_supported(self):
        return True

    def validate_password(self, username, password):
        return (username, password) == ("school", "right")

    def public_key_auth_supported(self):
        return True

    def validate_public_key(self, username, key):
        return key.get_fingerprint() == CLIENT_KEY.get_fingerprint()


@pytest.fixture
def server(tmp_path, settings):
    """A server in a thread of its own: its port and the folder that it serves."""
    started, ready, held = tmp_path / "served", threading.Event(), {}
    started.mkdir()

    async def serve():
        held["loop"], held["stop"] = asyncio.get_running_loop(), asyncio.Event()
        listening = await asyncssh.create_server(
            School, "127.0.0.1", 0, server_host_keys=[HOST_KEY],
            sftp_factory=lambda chan: asyncssh.SFTPServer(chan, chroot=str(started).encode()),
        )  # fmt: skip
        held["port"] = listening.sockets[0].getsockname()[1]
        ready.set()
        await held["stop"].wait()
        listening.close()
        await listening.wait_closed()

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    assert ready.wait(20)
    settings.OUTBOUND_ALLOW = [f"127.0.0.1:{held['port']}"]
    yield held["port"], started
    held["loop"].call_soon_threadsafe(held["stop"].set)
    thread.join(20)


def connect(port, **changes):
    values = {
        "host": "127.0.0.1", "port": str(port), "user": "school", "password": "right",
        "fingerprint": HOST_KEY.get_fingerprint(), "folder": "/out",
    } | changes  # fmt: skip
    made = connections.create(
        source=f.source(), kind="sftp", name="sftp", values=values, at=clock.now()
    )
    return connections.change(connection=made, name="sftp", values=values, contract=agreed())


def run(connection):
    return running.run(connection=connection, at=clock.now())


def test_files_are_fetched_once_and_put_away_on_the_server(server):
    port, folder = server
    (folder / "out").mkdir()
    t.laid(folder / "out", "a.csv", t.csv_bytes(t.ROWS))
    t.laid(folder / "out", "b.csv", b'a,"b')
    (folder / "out" / "now.csv").write_bytes(b"x")
    os.utime(folder / "out" / "now.csv", (2**31 - 1, 2**31 - 1))
    made = connect(port)
    done = run(made)
    assert (done.state, done.reason, done.accepted, done.quarantined) == ("done", "", 2, 1)
    assert lying(folder / "out") == [
        "done/a.csv", "failed/b.csv", "failed/b.csv.reason.txt", "now.csv",
    ]  # fmt: skip
    assert Quarantine.objects.get().text == "b.csv"
    assert run(made).received == 0
    t.laid(folder / "out", "a.csv", t.csv_bytes(t.ROWS))
    again = run(made)
    assert (again.accepted, again.duplicate) == (0, 2)
    assert "done/2-a.csv" in lying(folder / "out")
    assert Statement.objects.count() == 2


def test_a_key_opens_as_well_as_a_password(server):
    port, folder = server
    (folder / "out").mkdir()
    text = CLIENT_KEY.export_private_key().decode()
    done = run(connect(port, password="", private_key=text))
    assert (done.state, done.reason) == ("done", "")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"password": "wrong"}, "127.0.0.1"), ({"folder": "/nowhere"}, "127.0.0.1"),
        ({"fingerprint": "SHA256:abc"}, "SHA256:"),
        ({"private_key": "no key", "password": ""}, "127.0.0.1"),
    ],
)  # fmt: skip
def test_what_goes_wrong_is_one_sentence_and_no_secret(server, changes, said):
    port, folder = server
    (folder / "out").mkdir()
    done = run(connect(port, **changes))
    assert done.state == "failed"
    assert said in done.reason
    assert "wrong" not in done.reason.split(":")[0]
    assert Statement.objects.count() == 0


def test_a_host_that_is_not_listed_is_refused_when_it_is_named(server):
    with pytest.raises(hosts.NotAllowed) as why:
        connect(server[0], host="169.254.169.254")
    assert why.value.pointer == "host"


def test_a_server_that_is_away_is_said(settings):
    settings.OUTBOUND_ALLOW = ["127.0.0.1"]
    assert "127.0.0.1" in run(connect(1)).reason
