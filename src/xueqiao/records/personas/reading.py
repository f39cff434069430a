"""Who belongs together: the identifiers of one persona, and of one person whom ``people`` knows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from xueqiao.records.models import Actor, PersonaMember

if TYPE_CHECKING:
    from collections.abc import Iterable

    from django.db.models import QuerySet

    from xueqiao.records.models import Persona


def members() -> QuerySet[PersonaMember]:
    """Who is a member now."""
    return PersonaMember.objects.filter(left_at=None)


def together(actors: Iterable[int]) -> set[int]:
    """Some actors and everybody who is the same human being: by persona, and by linked person.

    A persona may bring in a person and the person another persona, so it is asked until nobody new
    is found.
    """
    found: set[int] = set()
    fresh = set(actors)
    while fresh:
        found |= fresh
        personas = members().filter(actor__in=fresh).values("persona")
        persons = Actor.objects.filter(pk__in=fresh, person__isnull=False).values("person")
        joined = members().filter(persona__in=personas).values_list("actor", flat=True)
        linked = Actor.objects.filter(person__in=persons).values_list("pk", flat=True)
        fresh = {*joined, *linked} - found
    return found


def persona_of(actor: Actor) -> Persona | None:
    """The persona that an identifier belongs to now."""
    member = members().filter(actor=actor).select_related("persona").first()
    return member.persona if member else None


def leads() -> dict[int, int]:
    """Actor → the lowest actor of its persona, for those who are joined: they count as one."""
    lowest: dict[int, int] = {}
    found = list(members().order_by("actor").values_list("persona", "actor"))
    for persona, actor in found:
        lowest.setdefault(persona, actor)
    return {actor: lowest[persona] for persona, actor in found}
