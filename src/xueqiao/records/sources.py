"""Sources: the platforms that hand their learning over."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from django.conf import settings
from django.utils.translation import gettext as _

from xueqiao.kernel import errors
from xueqiao.records.models import Source

if TYPE_CHECKING:
    from datetime import datetime


_LONGEST_NAME = 120


class CodeUnfit(errors.Refusal):
    """A source's code or name is empty or too long."""

    code = "records.source_code_unfit"
    status = 422


def open_source(*, code: str, name: str, at: datetime, is_sample: bool = False) -> Source:
    """The source of a code, made at first use.

    Its statements carry one authority: an account of this platform with the source's code.

    Raises:
        CodeUnfit: the code is empty or has other characters than letters, digits, "-" and "_", or
            code or name are too long.
    """
    if not re.fullmatch(r"[\w-]{1,60}", code) or len(name) > _LONGEST_NAME:
        text = _("“{name}” cannot be a source. Use letters and digits; at most 60 characters.")
        raise CodeUnfit(text.format(name=name))
    authority = {
        "objectType": "Agent",
        "name": name,
        "account": {"homePage": f"{settings.PUBLIC_URL}/", "name": code},
    }
    defaults = {"name": name, "authority": authority, "is_sample": is_sample, "opened_at": at}
    return Source.objects.get_or_create(code=code, defaults=defaults)[0]
