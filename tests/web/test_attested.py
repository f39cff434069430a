"""What a certificate attests, in one line."""

from __future__ import annotations

import pytest
from django.utils import translation

from xueqiao.creditbank.models import Certificate
from xueqiao.web import attested


@pytest.mark.parametrize(
    ("content", "language", "ends"),
    [
        ({"award": "2026", "title_zh": "护理专科", "title_en": "Care"}, "zh-hans", "护理专科"),
        ({"award": "2026", "title_zh": "护理专科", "title_en": "Care"}, "en", "Care"),
        ({"award": "2026", "title_zh": "护理专科", "title_en": ""}, "en", "护理专科"),
        ({"award": "2026"}, "en", "2026"),
    ],
)
def test_an_award_is_named_by_its_qualification(content, language, ends):
    row = Certificate(kind=Certificate.Kind.AWARD, content=content)
    with translation.override(language):
        assert attested.title(row) == f"{row.get_kind_display()} {ends}"
