"""Days as sentences write them."""

from __future__ import annotations

from datetime import date

import pytest
from django.utils.translation import override

from xueqiao.kernel import clock

pytestmark = pytest.mark.embedded


@pytest.mark.parametrize(
    ("language", "words"), [("zh-hans", "2026年3月5日"), ("en", "March 5, 2026")]
)
def test_a_day_is_written_as_the_reader_writes_it(language, words):
    with override(language):
        assert clock.written(date(2026, 3, 5)) == words
