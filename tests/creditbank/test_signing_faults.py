"""Signing under fire: killed at any instant, and by several signers at once."""

import json
import os
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from django.db import connection, connections

from tests.creditbank import certified
from xueqiao.creditbank import credentials
from xueqiao.creditbank.models import Certificate, IssuerKey, StatusList
from xueqiao.kernel import clock

ROOT = Path(__file__).resolve().parents[2]
COUNT = 120
PREPARE = f"""
import os
from tests import schema; schema.lay(os.environ["XUEQIAO_TEST_HOME"])
import django; django.setup()
from tests.creditbank import certified
certified.queued({COUNT})
"""
SIGN = """
import django; django.setup()
from xueqiao.creditbank import credentials
from xueqiao.kernel import clock
print("ready", flush=True)
credentials.sign_queued(limit=10_000, now=clock.now())
"""
LOOK = """
import django, json; django.setup()
from xueqiao.creditbank import credentials
from xueqiao.creditbank.models import Certificate, IssuerKey, StatusList
from xueqiao.kernel import clock
found = Certificate.objects.order_by("pk")
print(json.dumps({
    "states": {state: found.filter(state=state).count() for state in ("queued", "issued")},
    "documents": {str(each.key): each.document for each in found.exclude(document="")},
    "bits": len(set(found.exclude(document="").values_list("status_index", flat=True))),
    "taken": sum(StatusList.objects.values_list("taken", flat=True)),
    "keys": IssuerKey.objects.count(), "lists": StatusList.objects.count(),
    "hold": sum(credentials.verify(text=e.document, now=clock.now()).holds
                for e in found.exclude(document="")),
}))
"""


def python(code, home, **more):
    """A process of its own over its own home: the only thing that can be killed for good."""
    environment = {
        **os.environ, "XUEQIAO_TEST_HOME": str(home), "DJANGO_SETTINGS_MODULE": "tests.settings",
        "PYTHONPATH": f"{ROOT / 'src'}{os.pathsep}{ROOT}", "XUEQIAO_DATABASE_URL": "",
    }  # fmt: skip
    return subprocess.Popen(
        [sys.executable, "-c", code], cwd=ROOT, env=environment, text=True,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, **more,
    )  # fmt: skip


def run(code, home):
    process = python(code, home)
    out, err = process.communicate(timeout=300)
    assert process.returncode == 0, err
    return out


@pytest.mark.slow
def test_killed_at_random_instants_nothing_is_signed_twice_and_nothing_lost(tmp_path):
    run(PREPARE, tmp_path)
    luck = random.Random(20260302)
    earlier = {}
    for _kill in range(5):
        process = python(SIGN, tmp_path)
        assert process.stdout.readline() == "ready\n"
        time.sleep(luck.uniform(0, 0.35))
        process.send_signal(signal.SIGKILL)
        process.communicate()
        seen = json.loads(run(LOOK, tmp_path))
        assert sum(seen["states"].values()) == COUNT
        assert {key: seen["documents"].get(key) for key in earlier} == earlier, "never signed again"
        earlier = seen["documents"]
    run(SIGN, tmp_path)
    final = json.loads(run(LOOK, tmp_path))
    assert final["states"] == {"queued": 0, "issued": COUNT}
    assert {key: final["documents"][key] for key in earlier} == earlier
    # Beside the list of revocations stands one of suspensions; only the first takes places.
    whole = {name: final[name] for name in ("bits", "taken", "keys", "lists", "hold")}
    assert whole == {"bits": COUNT, "taken": COUNT, "keys": 1, "lists": 2, "hold": COUNT}


@pytest.mark.django_db(transaction=True)
@pytest.mark.postgres
@pytest.mark.skipif(connection.vendor != "postgresql", reason="two writers at once: PostgreSQL")
def test_four_signers_at_once_sign_each_certificate_once():
    certified.queued(COUNT)
    done, failures = [], []

    def sign():
        try:
            done.append(credentials.sign_queued(limit=COUNT, now=clock.now()).signed)
        except Exception as why:  # noqa: BLE001 - a thread hands its failure over
            failures.append(why)
        finally:
            connections.close_all()

    signers = [threading.Thread(target=sign) for _each in range(4)]
    for signer in signers:
        signer.start()
    for signer in signers:
        signer.join()
    assert failures == []
    assert sum(done) == COUNT
    found = Certificate.objects.signed()
    assert found.count() == COUNT
    assert len(set(found.values_list("status_index", flat=True))) == COUNT
    assert IssuerKey.objects.count() == 1
    lists = StatusList.objects.values_list("purpose", "taken")
    assert sorted(lists) == [("revocation", COUNT), ("suspension", 0)]
    assert all(credentials.verify(text=c.document, now=clock.now()).holds for c in found[:10])
