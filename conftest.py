"""Tests write into a scratch home; set before Django's settings are read."""

from __future__ import annotations

import os
import tempfile

os.environ.setdefault("XUEQIAO_HOME", tempfile.mkdtemp(prefix="xueqiao-test-"))
os.environ["XUEQIAO_DEMO"] = "1"
