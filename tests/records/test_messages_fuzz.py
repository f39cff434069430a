"""Whatever is sent as a message, and however a page is asked for: answered, never a 500."""

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from tests.conformance import files
from tests.conformance.samples import rich, within
from tests.records import factories as f
from xueqiao.records.xapi import formats
from xueqiao.web.api import _multipart

PIECES = [
    b"--abc-123", b"\r\n", b"--", b"Content-Type: application/json", b"\r\n\r\n", b"{}", b"[]",
    b"X-Experience-API-Hash: ", b"Content-Transfer-Encoding: binary", b":", b"\x00", b"\n", b" ",
    files.sha2(b"x").encode(),
]  # fmt: skip


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(PIECES), max_size=24).map(b"".join))
def test_a_message_of_pieces_is_read_or_refused(body):
    with contextlib.suppress(_multipart.MessageUnfit):
        assert isinstance(_multipart.read(body, "abc-123").statements, bytes)


def test_a_message_of_too_many_parts_is_refused():
    body = files.message(f.statement(), *[files.part(b"x")] * (_multipart.MOST_PARTS + 1))
    with pytest.raises(_multipart.MessageUnfit):
        _multipart.read(body, "abc-123")


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=200))
def test_any_header_names_languages(header):
    found = formats.languages(header)
    assert all(tag and tag == tag.strip() for tag in found)
    words = {"en": "a", "zh-Hans": "b"}
    [(tag, text)] = formats.one_language(words, found).items()
    assert words[tag] == text


NAMES = ["agent", "verb", "activity", "registration", "related_agents", "related_activities",
         "since", "until", "limit", "ascending", "format", "attachments", "from", "statementId",
         "voidedStatementId"]  # fmt: skip
VALUES = st.one_of(
    st.sampled_from(["true", "false", "0", "1", "ids", "canonical", "2026-03-02T01:30:00Z",
                     "https://school.example/course/1", "9999-12-31T23:59:59-23:59",
                     "12345678-1234-4234-8234-567812345679", "0001-01-01T00:00:00+23:59",
                     '{"mbox": "mailto:wei@school.example"}', "MTc5NTMyODQyMDE4MDM0MC4y"]),
    st.text(max_size=20),
)  # fmt: skip


class NoQuestionBreaksTheStore(TestCase):
    @classmethod
    def setUpTestData(cls):
        cls.headers = f.key("all")
        f.store(rich(), within(rich()), f.statement())

    @settings(max_examples=120, deadline=None)
    @given(st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=4))
    def test_every_question_is_answered(self, asked):
        answer = self.client.get("/xapi/statements", asked, headers=self.headers)
        assert answer.status_code in {200, 400, 404}, (asked, answer.status_code)
