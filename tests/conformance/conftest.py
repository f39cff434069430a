"""Each test of a requirement runs in each version it names, with a client that speaks it."""

import pytest
from django.utils import translation

from tests.conformance.client import Lrs
from tests.conformance.requirement import VERSIONS


def pytest_generate_tests(metafunc):
    if "lrs" in metafunc.fixturenames:
        marks = list(metafunc.definition.iter_markers("requirement"))
        named = {version for mark in marks for version in mark.args[2]} if marks else VERSIONS
        metafunc.parametrize("lrs", sorted(named), indirect=True)


@pytest.fixture
def lrs(request, db):
    """A client with a key for everything, in the version of this run."""
    with translation.override("en"):
        yield Lrs(request.param)
