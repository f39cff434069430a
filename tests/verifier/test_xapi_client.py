"""A client that is not ours drives the real server: @xapi/xapi on Node."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.xapi_server import server

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = ROOT / "tests/verifier/xapi_client.mjs"
NODE = shutil.which("node")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(NODE is None, reason="Node.js is not installed"),
    pytest.mark.skipif(
        not (ROOT / "node_modules/@xapi/xapi").is_dir(),
        reason="the client is not installed; run: npm ci --ignore-scripts",
    ),
]
AGENT = {"homePage": "https://school.example", "name": "wei"}
ACTIVITY = {"objectType": "Activity", "id": "https://school.example/course/tea"}
DEFINITION = {"name": {"zh-Hans": "茶"}, "type": "http://adlnet.gov/expapi/activities/course"}


@pytest.fixture(scope="module")
def said(tmp_path_factory):
    """What the client got, after it did all that it can do."""
    with server(tmp_path_factory.mktemp("home")) as ours:
        ours.start()
        done = subprocess.run(
            [NODE, str(SCRIPT), f"http://127.0.0.1:{ours.port}/xapi/",
             ours.pair["key"], ours.pair["secret"]],
            cwd=ROOT, capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_the_client_sends_finds_and_pages_through_statements(said):
    got = said["got"]
    assert (got["actor"]["account"], got["result"]) == (AGENT, {"success": True})
    assert (got["authority"]["account"]["name"], got["version"]) == ("school", "1.0.0")
    assert (said["pages"], said["newest"]) == ([3, 1, ""], True)
    assert (said["conflict"], said["invalid"], said["stranger"]) == (409, 400, 401)


def test_the_client_voids(said):
    assert (said["gone"], said["voided"], said["voiding"]) == (404, True, True)


def test_the_client_sends_files_and_gets_them_back(said):
    assert said["attachment"] == [True, "春眠不觉晓"]
    assert said["lie"] == 400


def test_the_client_keeps_states(said):
    assert said["merged"] == {"page": 7, "note": "好"}
    assert (said["stale"], said["replaced"]) == (412, {"page": 8})
    assert (said["ids"], said["left"], said["none"]) == (["bookmark", "text"], ["text"], [])


def test_the_client_keeps_profiles(said):
    assert (said["agentProfile"], said["agentProfiles"]) == ({"tea": "red"}, ["taste"])
    assert (said["activityProfile"], said["activityProfiles"]) == ({"hours": 2}, ["notes"])
    assert (said["noAgentProfile"], said["noActivityProfile"]) == (404, 404)


def test_the_client_asks_what_is_known(said):
    assert "1.0.3" in said["versions"]
    assert said["person"] == {"objectType": "Person", "account": [AGENT]}
    assert said["activity"] == ACTIVITY
    assert said["known"] == ACTIVITY | {"definition": DEFINITION}
