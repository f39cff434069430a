"""The columns of a roster of people, and the titles under which they are known."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django_stubs_ext import StrPromise


@dataclass(frozen=True)
class Column:
    """One column: its title in the reader's language, and other titles that mean the same."""

    name: str
    title: StrPromise
    known_as: tuple[str, ...]
    required: bool
    how: StrPromise


COLUMNS = (
    Column("name", _("Name"), ("姓名", "name"), True, _("as on the identity card")),
    Column("sex", _("Sex"), ("性别", "sex"), False, _("男 or 女; must agree with the number")),
    Column(
        "number",
        _("Identity number"),
        ("身份证号", "身份证号码", "证件号码", "identity number"),
        True,
        _("18 characters, as text; only a keyed hash of it is stored"),
    ),
    Column(
        "home",
        _("Home place"),
        ("居住地", "居住地代码", "家庭住址代码", "home place"),
        True,
        _("code or name of the village, town or county within the sheet's place"),
    ),
)
