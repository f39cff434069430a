"""What a certificate attests, in one line: the same words on every page and list."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xueqiao.web.templatetags.ui import titled

if TYPE_CHECKING:
    from xueqiao.creditbank.models import Certificate


def title(row: Certificate) -> str:
    """The lot, the rule of the conversion, the award's number, or what is endorsed.

    No query where the row was read with ``lot``, ``endorses`` and ``conversion__version__rule``.
    """
    if row.lot:
        return titled(row.lot)
    if row.conversion:
        return titled(row.conversion.version.rule)
    if row.endorses:
        return str(row.endorses.key)
    return " ".join([row.get_kind_display(), *filter(None, [row.content.get("award", "")])])
