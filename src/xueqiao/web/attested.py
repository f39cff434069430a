"""What a certificate attests, in one line: the same words on every page and list."""

from __future__ import annotations

from django.utils.translation import get_language

from xueqiao.creditbank.models import Certificate
from xueqiao.web.templatetags.ui import titled


def title(row: Certificate) -> str:
    """The lot, the rule of the conversion, the qualification, or what is endorsed.

    No query where the row was read with ``lot``, ``endorses`` and ``conversion__version__rule``.
    """
    if row.lot:
        return titled(row.lot)
    if row.conversion:
        return titled(row.conversion.version.rule)
    if row.endorses:
        return str(row.endorses.key)
    if row.kind == Certificate.Kind.AWARD:
        chinese, english = row.content.get("title_zh"), row.content.get("title_en")
        named = (english if get_language() == "en" else "") or chinese or row.content["award"]
        return f"{row.get_kind_display()} {named}"
    return row.get_kind_display()
