"""A refusal shown in the form that caused it: beside its field, or on top where it names none."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from django import forms

    from xueqiao.kernel import errors


def into(form: forms.Form, why: errors.Refusal) -> None:
    """Add a refusal to a form; its pointer is the name of the field, if it has one."""
    form.add_error(why.pointer if why.pointer in form.fields else None, str(why))
