"""Four places for every right: one's own, one below, the sibling, another province.

Made on top of the small world: in each a person, a case of recognition, and a class.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from tests import world as small
from tests.world_parts import learning, places, staff
from xueqiao.creditbank import evidence, recognition, standards
from xueqiao.kernel import clock
from xueqiao.network.models import InstitutionKind, Place
from xueqiao.people.models import Person

WHERE = ("own", "child", "sibling", "other")
CODES = {"own": "320924", "child": "320924100", "sibling": "320923", "other": "4301"}
PDF = b"%PDF-1.4 a letter"


@dataclass
class Neighbours:
    """By the words of ``WHERE``."""

    world: small.World
    person: dict[str, int]
    case: dict[str, int]
    offering: dict[str, int]


def build() -> Neighbours:
    now = clock.now()
    world = small.build(now)
    standards.load()
    found = Neighbours(world, {}, {}, {})
    for word in WHERE:
        place = Place.objects.get(code=CODES[word])
        living = staff.person(f"in-{word}", f"居民 {word}", place.pk, now)
        found.person[word] = living.pk
        found.case[word] = _case(living, word).pk
        found.offering[word] = _offering(world, place, word, now).pk
    return found


def _case(living: Person, word: str):
    at = clock.now() - timedelta(days=2)
    unit = standards.claimable(clock.local_date(at)).first()
    made = recognition.apply(
        request_key=f"walk:{word}", applicant=living, by=living, title=f"case {word}",
        claims=[recognition.Claim(unit.pk, 100)], obtained=clock.local_date(at), at=at,
    )  # fmt: skip
    evidence.attach(
        application=made,
        title="letter",
        media_type="application/pdf",
        content=PDF + word.encode(),
        at=at,
    )
    return recognition.submit(application=made, by=living, at=at)


def _offering(world, place, word, now):
    """The own class is of the manager's institution and the teacher's; the others are nobody's."""
    if word == "own":
        teacher = Person.objects.get(pk=world.people["teacher"])
        from_institution = {"institution_id": world.institution}
    else:
        teacher = None
        kind = InstitutionKind.PROVIDER
        from_institution = {"institution_id": places.institution(place, kind, f"机构 {word}").pk}
    institution = learning.Offering._meta.get_field("institution").related_model.objects.get(
        pk=from_institution["institution_id"]
    )
    where = places.Where(*[place] * 7, institution, institution)
    return learning.offering(
        where, {"teacher": teacher}, now, code=f"WALK-{word}", title=f"class {word}"
    )
