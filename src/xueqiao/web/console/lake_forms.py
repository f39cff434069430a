"""Forms of the catalogue: who looks after a table, how a column is guarded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from xueqiao.lake.levels import Class, Level
from xueqiao.network.models import Institution, Place
from xueqiao.people import rights
from xueqiao.people.models import Person

if TYPE_CHECKING:
    from datetime import date

    from xueqiao.governance.catalogue import Entry


class PersonChoice(forms.ModelChoiceField[Person]):
    """A person, shown by name."""

    def label_from_instance(self, obj: Person) -> str:
        return obj.name


class InstitutionChoice(forms.ModelChoiceField[Institution]):
    """An institution, typed by its code."""

    def label_from_instance(self, obj: Institution) -> str:
        return obj.name


class PlaceChoice(forms.ModelChoiceField[Place]):
    """A county or something larger, of those that a right of somebody reaches."""

    SMALLEST_LEVEL = 3

    def __init__(self, **given: Any) -> None:
        super().__init__(queryset=Place.objects.none(), **given)

    def offer(self, person: Person, policy: rights.Policy, day: date) -> None:
        """Offer the places that the person's right reaches; to an institution those around it."""
        roles = rights.roles_in_force(person, policy, day)
        bodies = roles.filter(institution__isnull=False).values("institution_id")
        seats = Place.objects.filter(seats__institution__in=bodies).values("pk")
        around = rights.closure_on(day).filter(descendant_id__in=seats).values("ancestor_id")
        reach = rights.within(person, policy, day, place="id") | Q(pk__in=around)
        rows = Place.objects.filter(reach, level__lte=self.SMALLEST_LEVEL)
        self.queryset = rows.order_by("code")

    def label_from_instance(self, obj: Place) -> str:
        return obj.name


class CustodyForm(forms.Form):
    """Who owns a table and who looks after it."""

    steward = PersonChoice(Person.objects.none(), label=_("Data steward"))
    owner = InstitutionChoice(
        Institution.objects.all(),
        label=_("Owned by (code of the institution)"),
        help_text=_("Empty: the province itself."),
        required=False,
        to_field_name="code",
        widget=forms.TextInput,
    )
    reason = forms.CharField(label=_("Why"), max_length=300)

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        # Only people with a role of the lake can look after a table: they are few.
        kinds = rights.LAKE_SEE.roles
        people = Person.objects.filter(roles__kind__in=kinds).distinct().order_by("name", "pk")
        self.fields["steward"].queryset = people  # type: ignore[attr-defined]


class ClassForm(forms.Form):
    """How a column is guarded."""

    column = forms.ChoiceField(label=_("Column name"))
    category = forms.TypedChoiceField(
        label=_("Category of data"), choices=Class.choices, coerce=Class
    )
    level = forms.TypedChoiceField(
        label=_("Level"),
        choices=[(each.value, each.title) for each in Level],
        coerce=lambda text: Level(int(text)),
    )
    reason = forms.CharField(
        label=_("Why"),
        max_length=300,
        help_text=_("More guard holds at once; less waits for a second person."),
    )

    def __init__(self, entry: Entry, *given: Any) -> None:
        super().__init__(*given)
        self.fields["column"].choices = [(name, name) for name in entry.columns]  # type: ignore[attr-defined]
