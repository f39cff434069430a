"""Connections from the command line: made, run to their end, and refused in one sentence."""

from __future__ import annotations

import json
import os

import pytest
from django.core.management import CommandError, call_command
from django.core.management.base import handle_default_options

from tests.records import factories as f
from tests.servers import Said, neighbour
from xueqiao.cli.management.commands import connect as connect_command
from xueqiao.intake import connections, running
from xueqiao.intake.models import Connection
from xueqiao.kernel import clock
from xueqiao.records.models import Statement

pytestmark = pytest.mark.django_db


def listed(*statements):
    return Said(body=json.dumps({"statements": statements, "more": ""}).encode())


def connect(url, *more):
    call_command(
        "connect", "--source", "Open School", "--kind", "lrs", "--name", "Its LRS",
        "--set", f"endpoint={url}/xapi/", "--set", "version=2.0.0",
        "--set", "authentication=bearer", "--secret", "secret=SCHOOL_TOKEN", *more,
    )  # fmt: skip


def test_a_connection_is_made_and_pulled_by_its_name(capsys, monkeypatch):
    monkeypatch.setenv("SCHOOL_TOKEN", "t0ken")
    good, bad = f.statement(), f.statement(actor={})
    with neighbour(lambda _asked: listed(good, bad)) as other:
        connect(other.url)
        call_command("pull", "--connection", "Its LRS")
        call_command("pull", "--connection", "Its LRS", "--source", "open-school")
    assert other.asked[0].headers["authorization"] == "Bearer t0ken"
    assert capsys.readouterr().out.splitlines() == [
        "Its LRS",
        "Its LRS: 2 received = 1 accepted + 0 duplicate + 1 quarantined (Came to the end)",
        "Its LRS: 2 received = 0 accepted + 2 duplicate + 0 quarantined (Came to the end)",
    ]
    assert Statement.objects.count() == 1
    made = Connection.objects.get()
    assert "t0ken" not in json.dumps(made.config) + made.sealed


def test_a_setting_given_in_the_shell_is_none_of_djangos_own():
    parser = connect_command.Command().create_parser("xueqiao", "connect")
    words = ["--source", "S", "--kind", "lrs", "--name", "N", "--set", "a=b", "--set", "c=d"]
    options = parser.parse_args(words)
    before = os.environ["DJANGO_SETTINGS_MODULE"]
    handle_default_options(options)
    assert os.environ["DJANGO_SETTINGS_MODULE"] == before
    assert options.values == ["a=b", "c=d"]


def test_what_cannot_be_is_refused_in_one_sentence(monkeypatch):
    monkeypatch.setenv("SCHOOL_TOKEN", "t0ken")
    with pytest.raises(connections.ConnectionUnknown, match="no connection “Nobody”"):
        call_command("pull", "--connection", "Nobody")
    with pytest.raises(connections.SettingUnfit):
        connect("ftp://x.example")
    with pytest.raises(CommandError, match="NAME=VALUE"):
        connect("https://x.example", "--set", "nothing")
    with pytest.raises(CommandError, match="NO_SUCH_VARIABLE"):
        connect("https://x.example", "--secret", "secret=NO_SUCH_VARIABLE")
    with neighbour(lambda _asked: Said(403)) as other:
        connect(other.url)
        with pytest.raises(running.RunFailed, match="403"):
            call_command("pull", "--connection", "Its LRS")
        connections.create(
            source=f.source("second"), kind="lrs", name="Its LRS", at=clock.now(),
            values={"endpoint": other.url, "version": "1.0.3", "authentication": "bearer",
                    "secret": "s"},
        )  # fmt: skip
        with pytest.raises(connections.ConnectionUnknown, match="Name the source too"):
            call_command("pull", "--connection", "Its LRS")
