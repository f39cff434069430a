"""A source as the console shows it: state, refusals in words, forms, what was changed."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from xueqiao.kernel import clock
from xueqiao.network.models import Institution
from xueqiao.records import health, keys, sources
from xueqiao.records.models import Reason, Scope

if TYPE_CHECKING:
    from datetime import datetime

    from xueqiao.records.models import KeyPair, SourceChange

# What a request is refused for, in words; the code stands for what is not here.
REFUSALS = {
    "records.statement_invalid": gettext_lazy("Request with something that is no statement"),
    "records.conflict": gettext_lazy("Request with an identifier of another statement"),
    "records.id_twice": gettext_lazy("Request with one identifier twice"),
    "records.body_unfit": gettext_lazy("Request that is not JSON"),
    "records.body_too_large": gettext_lazy("Request larger than the platform takes"),
    "records.request_too_large": gettext_lazy("Request larger than the source may send"),
    "records.too_fast": gettext_lazy("More statements than the source may send"),
    "records.source_paused": gettext_lazy("Sent while the source was paused"),
    "records.scope_too_small": gettext_lazy("Key without the right to do it"),
    "records.parameter_unfit": gettext_lazy("Parameter that is none of the standard"),
    "records.version_unknown": gettext_lazy("Version of the standard that is not spoken"),
}
VERBS = {
    "edit": gettext_lazy("Terms changed"),
    "pause": gettext_lazy("Paused"),
    "resume": gettext_lazy("Resumed"),
    "create": gettext_lazy("Key made"),
    "rotate": gettext_lazy("Key rotated"),
    "revoke": gettext_lazy("Key revoked"),
}
FIELDS = {
    "owner_id": gettext_lazy("Institution"),
    "contact": gettext_lazy("Contact"),
    "rate_limit": gettext_lazy("Statements a minute"),
    "most_bytes": gettext_lazy("Bytes a request"),
    "silent_after_seconds": gettext_lazy("Silence allowed, in seconds"),
    "scopes": gettext_lazy("Scopes"),
    "label": gettext_lazy("Used for"),
    "expires_at": gettext_lazy("Expires"),
    "key": gettext_lazy("Key"),
    "in_force_until": gettext_lazy("In force until"),
}
KEY_STATES = {
    "in force": (gettext_lazy("In force"), "ok"),
    "ending": (gettext_lazy("In force for a while yet"), "warn"),
    "expired": (gettext_lazy("Expired"), ""),
    "revoked": (gettext_lazy("Revoked"), ""),
}


def state(source: Any, at: datetime) -> tuple[str, str]:
    """How a source stands: a word, and the level of its badge."""
    if source.paused_at is not None:
        return _("Paused"), "warn"
    if health.silent_since(source, at) is not None:
        return _("Silent"), "bad"
    if source.last_received_at is None:
        return _("Sent nothing yet"), ""
    return _("In order"), "ok"


def refusal_title(code: str) -> str:
    """What a code of a refusal or a reason of quarantine means, in words."""
    if code in Reason.values:
        return str(Reason(code).label)
    return str(REFUSALS.get(code, code))


def duration(seconds: int | None) -> str:
    """A length of time in its largest unit of which there are two; "" for None."""
    if seconds is None:
        return ""
    days, hours, minutes = seconds // 86_400, seconds // 3600, seconds // 60
    if days > 1:
        return ngettext("{n} day", "{n} days", days).format(n=f"{days:,}")
    if hours > 1:
        return ngettext("{n} hour", "{n} hours", hours).format(n=hours)
    if minutes > 1:
        return ngettext("{n} minute", "{n} minutes", minutes).format(n=minutes)
    return ngettext("{n} second", "{n} seconds", seconds).format(n=seconds)


def change(row: SourceChange) -> dict[str, Any]:
    """A line of the list of changes."""
    return {
        "at": row.at,
        "what": VERBS.get(row.verb, row.verb),
        "who": row.by.name if row.by else _("from the machine's shell"),
        "key": row.key.key if row.key else "",
        "parts": [
            (FIELDS.get(name, name), _text(old), _text(new))
            for name, (old, new) in row.detail.items()
            if old or new
        ],
    }


def _text(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return "" if value is None else str(value)


def key_row(pair: KeyPair, at: datetime) -> dict[str, Any]:
    """A line of the table of keys."""
    word, level = KEY_STATES[keys.state(pair, at)]
    now = keys.state(pair, at)
    return {
        "pair": pair,
        "state": word,
        "level": level,
        "scopes": [Scope(scope).label for scope in pair.scopes],
        "is_open": now in {"in force", "ending"},
        "is_rotatable": now == "in force" and not hasattr(pair, "rotated_to"),
    }


_YEAR_MINUTES = 366 * 24 * 60


class TermsForm(forms.Form):
    """On what terms a source is taken from."""

    owner_id = forms.CharField(
        label=gettext_lazy("Institution that answers for it"),
        required=False,
        help_text=gettext_lazy("its number in the register of institutions"),
        widget=forms.TextInput({"inputmode": "numeric", "list": "institutions"}),
    )
    contact = forms.CharField(
        label=gettext_lazy("Contact"),
        required=False,
        help_text=gettext_lazy("who is asked when something is wrong: name, telephone, mail"),
    )
    rate_limit = forms.IntegerField(
        label=gettext_lazy("Statements a minute"),
        min_value=0,
        help_text=gettext_lazy("0: no limit; more is answered 429 and sent again later"),
    )
    most_bytes = forms.IntegerField(
        label=gettext_lazy("Bytes a request"),
        min_value=0,
        help_text=gettext_lazy("0: as many as the platform takes"),
    )
    silent_minutes = forms.IntegerField(
        label=gettext_lazy("Alarm after so many silent minutes"),
        min_value=1,
        max_value=_YEAR_MINUTES,
        required=False,
        help_text=gettext_lazy("empty: no alarm"),
    )

    def clean_owner_id(self) -> int | None:
        given = self.cleaned_data["owner_id"].strip()
        if not given:
            return None
        found = Institution.objects.filter(pk=int(given)) if given.isdecimal() else None
        if found is None or not found.exists():
            raise forms.ValidationError(_("No institution has the number {n}.").format(n=given))
        return int(given)

    def terms(self) -> sources.Terms:
        given = self.cleaned_data
        silent = given["silent_minutes"]
        return sources.Terms(
            owner_id=given["owner_id"],
            contact=given["contact"],
            rate_limit=given["rate_limit"],
            most_bytes=given["most_bytes"],
            silent_after_seconds=silent * 60 if silent else None,
        )

    @classmethod
    def of(cls, source: Any) -> TermsForm:
        silent = source.silent_after_seconds
        return cls(
            initial={
                **{name: getattr(source, name) for name in sources.Terms._fields},
                "silent_minutes": silent // 60 if silent else None,
            }
        )


class KeyForm(forms.Form):
    """A key pair that is to be made."""

    label = forms.CharField(
        label=gettext_lazy("Used for"),
        max_length=80,
        help_text=gettext_lazy("such as: nightly job"),
    )
    scopes = forms.MultipleChoiceField(
        label=gettext_lazy("What it may do"),
        choices=Scope.choices,
        widget=forms.CheckboxSelectMultiple,
    )
    last_day = forms.DateField(
        label=gettext_lazy("Last day on which it opens"),
        required=False,
        widget=forms.DateInput({"type": "date"}, "%Y-%m-%d"),
        help_text=gettext_lazy("empty: it does not expire"),
    )

    def expires_at(self) -> datetime | None:
        day = self.cleaned_data["last_day"]
        return clock.start_of(day + timedelta(days=1)) if day else None
