"""What is asked for ahead comes in its order, with its errors, and stops with who wants it."""

from __future__ import annotations

import itertools
import threading

import pytest
from django.utils import translation

from xueqiao.lake.ahead import ahead


def test_everything_comes_in_its_order_and_an_error_behind_what_came_before_it():
    def broken():
        yield from range(100)
        raise LookupError(translation.get_language())

    assert list(ahead(range(100))) == list(range(100))
    coming = ahead(broken())
    with translation.override("en"):
        assert list(itertools.islice(coming, 100)) == list(range(100))
        with pytest.raises(LookupError, match="en"):
            next(coming)


def test_who_stops_early_stops_the_thread():
    def endless():
        while True:
            yield 1

    before = threading.active_count()
    for number, _each in enumerate(ahead(endless())):
        if number == 5:
            break
    assert threading.active_count() == before
