"""A lake and its places: sixty learners in a village, a county beside it, another province."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from tests.hall import factories
from tests.lake import worlds
from tests.world_parts.places import SINCE
from xueqiao.network.models import Closure, Listing, Place

LEARNERS = 60
# Name → number, level, code, Chinese name, what it lies in. The numbers are fixed: the lake is made
# once, the rows of the database by each test.
PLACES = {
    "province": (900_001, 1, "32", "江苏省", None),
    "city": (900_002, 2, "3209", "盐城市", "province"),
    "county": (900_003, 3, "320924", "射阳县", "city"),
    "sibling": (900_004, 3, "320923", "阜宁县", "city"),
    "town": (900_005, 4, "320924100", "合德镇", "county"),
    "village": (900_006, 5, "320924100201", "友爱村", "town"),
    "hunan": (900_007, 1, "43", "湖南省", None),
    "elsewhere": (900_008, 2, "4301", "长沙市", "hunan"),
}
HOMES = ("village", "sibling", "elsewhere")


def number(name):
    return PLACES[name][0] if name else None


def home_of(learner):
    """Every tenth lives in no known place, the others in the three homes by turns."""
    return None if learner % 10 == 0 else HOMES[learner % 3]


def living(*names):
    """The learners of some homes, by the key of the lake; None for those of no known place."""
    return {2 * n for n in range(1, LEARNERS + 1) if home_of(n) in names}


def make(root):
    """The lake: each learner did something on one day of March and of April 2024."""
    world = worlds.World()
    world.offering.append(
        {
            "offering_id": 1, "code": "1", "course_id": None, "institution_id": 1,
            "place_id": number("village"), "starts_on": date(2024, 1, 5),
            "ends_on": date(2024, 3, 5), "for_elders": False, "state": "published",
            "is_sample": True,
        }
    )  # fmt: skip
    parents = {pk: number(above) for pk, _level, _code, _name, above in PLACES.values()}
    levels = {pk: level for pk, level, *_rest in PLACES.values()}
    worlds.tree(world, "nbs", parents, levels)
    for learner in range(1, LEARNERS + 1):
        world.add_person(learner, birth_year=1940 + learner, home_id=number(home_of(learner)))
        for month in (3, 4):
            world.add_statement(learner, datetime(2024, month, 1 + learner % 9, 4, tzinfo=UTC))
        taught(world, learner)
    worlds.fill(root, world)
    worlds.make(root)
    return root


def taught(world, learner):
    """A class in January 2024, passed by three of four, and two kinds of credit for it."""
    begun = datetime(2024, 1, 5, tzinfo=UTC)
    world.enrolment.append(
        {
            "enrolment_id": learner, "offering_id": 1, "learner_id": 2 * learner,
            "state": "active", "asked_at": begun, "enrolled_at": begun, "ended_at": None,
        }
    )  # fmt: skip
    if learner % 4:
        world.completion.append(
            {
                "enrolment_id": learner, "result": ("pass", "distinction", "fail")[learner % 3],
                "completed_at": begun + timedelta(days=60), "studied_credits_hundredths": 250,
            }
        )  # fmt: skip
    for kind, amount in (("formal", 100 * (learner % 2)), ("prior", 50)):
        world.lot.append(
            {
                "learner_id": 2 * learner, "institution_id": 1, "source_kind": kind,
                "obtained": date(2024, 3, 28), "amount_hundredths": amount,
            }
        )  # fmt: skip


def place(name):
    """The row of a place, with its listing and its line of ancestors."""
    pk, level, code, title, above = PLACES[name]
    nbs = factories.register()
    made = Place.objects.create(
        pk=pk, origin=nbs, code=code, level=level, name=title, valid_from=SINCE, search_text=title
    )
    depth, ancestor = 0, name
    while ancestor:
        Closure.objects.create(
            register=nbs, ancestor_id=number(ancestor), descendant=made, depth=depth,
            valid_from=SINCE,
        )  # fmt: skip
        depth, ancestor = depth + 1, PLACES[ancestor][4]
    Listing.objects.create(
        register=nbs, place=made, code=code, name=title, parent_id=number(above), valid_from=SINCE
    )
    return made
