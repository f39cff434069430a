"""The settings of the tests: the product's own, with a scratch home."""

import os
import tempfile

os.environ["XUEQIAO_HOME"] = os.environ.get("XUEQIAO_TEST_HOME") or tempfile.mkdtemp(
    prefix="xueqiao-test-"
)
os.environ["XUEQIAO_DEMO"] = "1"

from xueqiao.settings import *  # noqa: F403 - the home must be set first
