"""A whole session over HTTP, driven by the npm client ``@xapi/cmi5`` on Node; and races."""

from __future__ import annotations

import json
import shutil
import subprocess
import threading
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from django.db import connections

from tests.cmi5 import learning
from tests.cmi5.learning import headers, register, said, token
from xueqiao.cmi5 import rules, sessions
from xueqiao.cmi5.models import Session, Standing
from xueqiao.kernel import clock

ROOT = Path(__file__).resolve().parents[2]
NODE = shutil.which("node")
needs_client = [
    pytest.mark.skipif(NODE is None, reason="Node.js is not installed"),
    pytest.mark.skipif(
        not (ROOT / "node_modules/@xapi/cmi5").is_dir(),
        reason="the client is not installed; run: npm ci --ignore-scripts",
    ),
]


def launch(mine, site):
    return sessions.launch(
        registration_id=mine.pk,
        part_id=learning.part(mine).pk,
        mode=rules.Mode.NORMAL,
        site=site,
        return_url=f"{site}/online/",
        languages="zh-CN,en",
        at=clock.now(),
    )


class TestClient:
    pytestmark = needs_client

    def test_a_strangers_client_takes_a_whole_session(self, live_server, person):
        mine = register(learning.course(), person("wei"))
        launched = launch(mine, live_server.url)
        done = subprocess.run(
            [NODE, str(ROOT / "tests/cmi5/client.mjs"), launched.address],
            cwd=ROOT, capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr[-3000:]
        found = json.loads(done.stdout)
        assert found["refused"] == [
            ["passed below mastery", 403],
            ["passed twice", 403],
            ["after terminated", 401],
        ]
        assert found["secondFetch"] == ["1", False]
        assert found["launchData"]["launchMode"] == "Normal"
        assert found["launchData"]["masteryScore"] == 0.9
        assert said(mine) == [
            "launched", "initialized", "progressed", "answered", "passed", "completed",
            "satisfied", "satisfied", "terminated",
        ]  # fmt: skip
        mine.refresh_from_db()
        assert mine.satisfied_at is not None
        assert len(learning.told()) == 1


def together(*works):
    """Run works at the same moment, each with its own connection; what each returned."""
    gate, found = threading.Barrier(len(works)), [None] * len(works)

    def run(place, work):
        gate.wait()
        try:
            found[place] = work()
        except Exception as why:  # noqa: BLE001 - compared by the test
            found[place] = why
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(place, work)) for place, work in enumerate(works)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(60)
    return found


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
class TestRaces:
    def test_of_two_launches_at_once_one_is_abandoned(self, person):
        mine = register(learning.course(), person("wei"))
        made = together(*[lambda: learning.launch(mine)] * 4)
        assert all(isinstance(each, sessions.Launch) for each in made), made
        assert sorted(said(mine)) == ["abandoned"] * 3 + ["launched"] * 4
        assert Session.objects.filter(terminated_at=None, abandoned_at=None).count() == 1

    def test_a_token_is_handed_out_once_however_many_ask(self, person):
        mine = register(learning.course(), person("wei"))
        launched = learning.launch(mine)
        codes = [each.code for each in together(*[lambda: token(launched)] * 4)]
        assert sorted(codes) == ["", "1", "1", "1"]

    def test_registered_at_once_is_registered_once(self, person):
        version, wei = learning.course(), person("wei")
        made = together(*[lambda: register(version, wei)] * 4)
        assert len({each.pk for each in made}) == 1

    def test_statements_sent_at_once_complete_once(self, live_server, person):
        mine = register(learning.course(), person("wei"))
        launched = launch(mine, live_server.url)
        unit, held = learning.Unit(launched), token(launched)

        def send(statement):
            request = urllib.request.Request(
                f"{live_server.url}/xapi/statements?statementId={statement['id']}",
                data=json.dumps(statement).encode(),
                method="PUT",
                headers={**headers(held), "Content-Type": "application/json"},
            )
            try:
                with urllib.request.urlopen(request, timeout=60) as answer:
                    return answer.status
            except urllib.error.HTTPError as why:
                return why.code

        assert send(unit.initialized()) == 204
        codes = together(*[lambda: send(unit.completed())] * 3, *[lambda: send(unit.passed())] * 3)
        assert sorted(codes) == [204, 204, 403, 403, 403, 403]
        assert sorted(said(mine)) == [
            "completed", "initialized", "launched", "passed", "satisfied", "satisfied",
        ]  # fmt: skip
        assert len(learning.told()) == 1
        assert Standing.objects.filter(part__is_block=False).count() == 1
