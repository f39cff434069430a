"""Files that no statement holds are swept, and no others."""

from __future__ import annotations

import hashlib
import os
from datetime import timedelta

import pytest

from tests.records import factories as f
from xueqiao.kernel import clock
from xueqiao.records import attachments
from xueqiao.records.models import Statement, StatementAttachment

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _home(settings, tmp_path):
    settings.HOME = tmp_path


def held(data):
    digest = hashlib.sha256(data).hexdigest()
    return attachments.Held(digest, digest, "text/plain", data)


def kept(data, *, days):
    file = held(data)
    attachments.keep([file])
    path = attachments._path(file.content)
    old = (clock.now() - timedelta(days=days)).timestamp()
    os.utime(path, (old, old))
    return file, path


def test_an_old_file_of_no_statement_goes_and_every_other_stays():
    f.store(f.statement())
    used, used_path = kept(b"used", days=30)
    attachments.write([(Statement.objects.get().pk, [used])])
    _orphan, orphan_path = kept(b"orphan", days=30)
    _young, young_path = kept(b"young", days=1)

    assert attachments.sweep(now=clock.now()) == 1
    assert [path.exists() for path in (used_path, orphan_path, young_path)] == [True, False, True]
    assert attachments.read(StatementAttachment.objects.get()) == b"used"


def test_a_file_that_is_sent_again_is_not_swept_before_its_statement_is_in():
    again, path = kept(b"again", days=30)
    attachments.keep([again])
    assert attachments.sweep(now=clock.now()) == 0
    assert path.read_bytes() == b"again"
