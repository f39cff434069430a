"""The list of requirements and the tests say the same."""

from collections import Counter

from tests.conformance import requirement


def test_each_requirement_stands_once():
    codes = Counter(row.code for row in requirement.listed())
    assert [code for code, times in codes.items() if times > 1] == []
    numbers = sorted(int(code[5:]) for code in codes if code.startswith("XAPI-"))
    # The published list has no 136 and none of 139 to 141.
    assert numbers == [n for n in range(1, 337) if n not in {136, 139, 140, 141}]


def test_tests_hold_what_is_listed_in_its_versions_only():
    versions = {row.code: set(row.versions) for row in requirement.listed()}
    strange = {
        (code, test.name)
        for code, tests in requirement.held().items()
        for test in tests
        if not set(test.versions) <= versions.get(code, set())
    }
    assert strange == set()


def test_every_requirement_that_a_server_can_fail_has_a_test_in_each_version():
    tests = requirement.held()
    missing = {
        row.code: left
        for row in requirement.listed()
        if (left := requirement.missing(row, tests.get(row.code, [])))
    }
    assert missing == {}


def test_what_no_server_can_fail_says_why():
    excused = {row.code: row.not_a_servers for row in requirement.listed() if row.not_a_servers}
    assert len(excused) == 12
    assert all(why.endswith(".") for why in excused.values())
