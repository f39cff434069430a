"""The settings of the tests: the product's own, with a scratch home."""

import os
import tempfile

os.environ["XUEQIAO_HOME"] = os.environ.get("XUEQIAO_TEST_HOME") or tempfile.mkdtemp(
    prefix="xueqiao-test-"
)
os.environ["XUEQIAO_DEMO"] = "1"
# A test that is one transaction shows nothing to the threads behind the journal.
os.environ["XUEQIAO_INTAKE"] = "direct"
# Tests call small servers of their own.
os.environ["XUEQIAO_OUTBOUND_ALLOW"] = "127.0.0.1"
# The browser that some tests share keeps an event loop in the process of all tests behind them.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"

from xueqiao.settings import *  # noqa: F403 - the home must be set first
