"""Forms and words of the agreement pages: bodies found by code or name, how each one stands."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from xueqiao.creditbank.models import Side
from xueqiao.creditbank.rulebook import agreements, rules
from xueqiao.kernel import clock
from xueqiao.network import institutions
from xueqiao.people import rights

if TYPE_CHECKING:
    from datetime import date

    from xueqiao.creditbank.models import TransferAgreement
    from xueqiao.network.models import Institution
    from xueqiao.people.models import Person

CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9.-]{1,58}[A-Za-z0-9]")
FOUND = 5
STANDINGS = {
    "draft": (gettext_lazy("Draft"), ""),
    "offered": (gettext_lazy("Waiting for signatures"), "now"),
    "signed": (gettext_lazy("Signed, not begun"), "ok"),
    "in_force": (gettext_lazy("In force"), "ok"),
    "ending": (gettext_lazy("In force, notice given"), "warn"),
    "ended": (gettext_lazy("Ended"), ""),
}
VERBS = {
    "draft": gettext_lazy("Drafted"),
    "amend": gettext_lazy("Text changed"),
    "offer": gettext_lazy("Put forward for signature"),
    "return": gettext_lazy("Returned for a change"),
    "sign_giving": gettext_lazy("Signed for the giving side"),
    "sign_receiving": gettext_lazy("Signed for the receiving side"),
    "give_notice": gettext_lazy("Notice given"),
}


def standing(agreement: TransferAgreement) -> str:
    """How an agreement stands today, in words."""
    return str(STANDINGS[_code(agreement)][0])


def level(agreement: TransferAgreement) -> str:
    """The level of its badge."""
    return STANDINGS[_code(agreement)][1]


def found(rows: Any, text: str) -> Any:
    """Agreements whose titles, sides or number hold a text."""
    return rows.search(text)


def narrowed(rows: Any, value: str) -> Any:
    """Agreements as the filter ``show`` names them."""
    today = clock.today()
    return {
        "draft": lambda: rows.filter(offered_at=None).exclude(pk__in=rows.public().values("pk")),
        "offered": rows.awaiting,
        "signed": rows.public,
        "now": lambda: rows.in_force(today),
        "past": lambda: rows.filter(valid_to__lte=today),
    }[value]()


def _code(agreement: TransferAgreement) -> str:
    return rules.standing(agreement, clock.today())


class BodyField(forms.CharField):
    """An institution or enterprise, by its code or a part of its name that only it has."""

    def clean(self, value: Any) -> Institution | None:
        text = super().clean(value).strip()
        if not text:
            return None
        rows = institutions.active(clock.today())
        found = list(rows.filter(code=text)) or list(rows.filter(name__icontains=text)[: FOUND + 1])
        if len(found) == 1:
            return found[0]
        if not found:
            raise forms.ValidationError(_("Nobody has this code or name. Look it up first."))
        names = " · ".join(f"{each.name} ({each.code})" for each in found[:FOUND])
        text = _("Several have this name: {names}. Write the code of the one you mean.")
        raise forms.ValidationError(text.format(names=names))


class TextForm(forms.Form):
    """What the two sides agree on."""

    title_zh = forms.CharField(label=gettext_lazy("Title in Chinese"), max_length=160)
    title_en = forms.CharField(label=gettext_lazy("Title in English"), max_length=200)
    valid_from = forms.DateField(
        label=gettext_lazy("Holds from"), widget=forms.DateInput({"type": "date"}, "%Y-%m-%d")
    )
    valid_to = forms.DateField(
        label=gettext_lazy("First day it no longer holds"),
        required=False,
        widget=forms.DateInput({"type": "date"}, "%Y-%m-%d"),
    )
    notice_days = forms.IntegerField(
        label=gettext_lazy("Days of notice"), min_value=0, max_value=1000, initial=90
    )
    terms_zh = forms.CharField(
        label=gettext_lazy("Terms in Chinese"), widget=forms.Textarea({"rows": 8}), max_length=20000
    )
    terms_en = forms.CharField(
        label=gettext_lazy("Terms in English"), widget=forms.Textarea({"rows": 8}), max_length=20000
    )
    source = forms.CharField(
        label=gettext_lazy("On what it rests"),
        max_length=1000,
        help_text=gettext_lazy("The measure or decision, with number and date"),
    )

    def agreed(self) -> agreements.Text:
        """The text, from valid data."""
        names = agreements.Text.__dataclass_fields__
        return agreements.Text(**{name: self.cleaned_data[name] for name in names})


class DraftForm(TextForm):
    """A new agreement."""

    code = forms.CharField(
        label=gettext_lazy("Number"),
        max_length=60,
        help_text=gettext_lazy("Letters, digits, points and hyphens, such as SY-2026-012"),
    )
    giving = BodyField(
        label=gettext_lazy("Giving side"),
        max_length=160,
        help_text=gettext_lazy("Whose learning outcomes are taken: code or name"),
    )
    receiving = BodyField(
        label=gettext_lazy("Receiving side"),
        max_length=160,
        help_text=gettext_lazy("Whose programme takes them: code or name"),
    )
    request_key = forms.CharField(widget=forms.HiddenInput, max_length=120)
    field_order = ("code", "giving", "receiving")

    def clean_code(self) -> str:
        """The number, fit for an address."""
        code: str = self.cleaned_data["code"].strip()
        if not CODE.fullmatch(code):
            raise forms.ValidationError(
                _("Use letters, digits, points and hyphens, such as SY-2026-012.")
            )
        return code


class SignForm(forms.Form):
    """A signature for one side."""

    office = forms.CharField(
        label=gettext_lazy("In which office you sign"),
        max_length=120,
        help_text=gettext_lazy("Such as headmaster or legal representative"),
    )
    document = forms.CharField(
        label=gettext_lazy("The signed paper"),
        max_length=160,
        required=False,
        help_text=gettext_lazy("Number and date, for a body that does not sign here"),
    )
    side = forms.ChoiceField(choices=Side, widget=forms.HiddenInput)
    text_hash = forms.CharField(widget=forms.HiddenInput, max_length=64)


class NoticeForm(forms.Form):
    """Notice that ends an agreement."""

    last_day = forms.DateField(
        label=gettext_lazy("Last day"), widget=forms.DateInput({"type": "date"}, "%Y-%m-%d")
    )
    reason = forms.CharField(label=gettext_lazy("Why"), max_length=1000)


def signing(agreement: TransferAgreement, person: Person, day: date) -> list[SignForm]:
    """A form for each side for which somebody may sign; paper is recorded by the province."""
    if agreement.offered_at is None:
        return []
    own = agreements.sides_open_to(agreement, person, day)
    read = agreements.text_hash(agreement)
    found = []
    for side in Side:
        if getattr(agreement, f"signed_{side.value}") is not None:
            continue
        form = SignForm(initial={"side": side.value, "text_hash": read}, prefix=side.value)
        if side in own:
            del form.fields["document"]
        elif rights.allows(person, rights.RULES_PUBLISH, day):
            form.fields["document"].required = True
        else:
            continue
        form.title = side.label  # type: ignore[attr-defined]
        found.append(form)
    return found
