"""Apache Spark as a real cluster on loopback, where somebody names a distribution of it.

``XUEQIAO_TEST_SPARK_HOME`` names the folder of a Spark 4.0 (``bin``, ``jars``), such as the package
``pyspark`` unpacked; ``make test-spark`` fetches it and sets the variable.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

HOME = os.environ.get("XUEQIAO_TEST_SPARK_HOME", "")
WHERE_ASKED_FOR = [pytest.param("spark", marks=pytest.mark.slow)] if HOME else []
"""Only with that setting do the tests run on Apache Spark too; they then need Java 17."""
EMPTY: set[str] = set()
"""Tables that the lively world has no rows for, each with the reason why it cannot."""
CONNECT = "org.apache.spark.sql.connect.service.SparkConnectServer"


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


@contextmanager
def cluster():
    """A Spark Connect server with two worker processes of 1 GiB; its address."""
    port, scratch = free_port(), tempfile.mkdtemp(prefix="spark-")
    settings = {
        "spark.connect.grpc.binding.address": "127.0.0.1",
        "spark.connect.grpc.binding.port": str(port),
        "spark.sql.shuffle.partitions": "2",
        "spark.ui.enabled": "false",
    }
    words = [f"{HOME}/bin/spark-submit", "--master", "local-cluster[2,1,1024]", "--class", CONNECT]
    for key, value in settings.items():
        words += ["--conf", f"{key}={value}"]
    with Path(scratch, "log").open("wb") as log:
        server = subprocess.Popen(
            [*words, "spark-internal"], cwd=scratch, stdout=log, stderr=log,
            start_new_session=True,
            env={
                **os.environ, "SPARK_HOME": HOME, "SPARK_LOCAL_IP": "127.0.0.1",
                "SPARK_LOCAL_HOSTNAME": "localhost",
            },
        )  # fmt: skip
    try:
        answers(server, port, Path(scratch, "log"))
        yield f"sc://127.0.0.1:{port}"
    finally:
        with suppress(ProcessLookupError):
            os.killpg(server.pid, signal.SIGTERM)
        server.wait(30)
        shutil.rmtree(scratch, ignore_errors=True)


def answers(server, port, log):
    ends = time.monotonic() + 90
    while time.monotonic() < ends and server.poll() is None:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.3)
    raise AssertionError(log.read_text(errors="replace")[-3000:])
