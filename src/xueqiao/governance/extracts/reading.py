"""The rows of a design, from the lake, with where each learner lives in one register's tree."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from django.conf import settings
from django.utils.translation import gettext as _

from xueqiao.governance.extracts import designs
from xueqiao.kernel import errors
from xueqiao.lake import build, engines
from xueqiao.lake.anonymity.ladders import Spot

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pyarrow as pa

    from xueqiao.governance.models import ResearchExtract
    from xueqiao.lake.engine import Engine

MOST_ROWS: Final = 3_000_000
REGISTER = """
select place.register from place join register using (register) where place_id = {place}
order by deepest_level desc, place.register limit 1
"""
TREE = "select place_id, parent_id, level, code, name from place where register = '{register}'"
ROWS = """
with lives as (
    select learner_id, place_id as home
    from learner_place join closure
      on closure.register = learner_place.register and descendant_id = learner_place.place_id
    where learner_place.register = '{register}' and ancestor_id = {place}
), facts as ({facts})
select {what} from facts join lives using (learner_id) join learner using (learner_id)
"""


class PlaceUnknown(errors.Refusal):
    """The lake's registers do not list the place of the extract."""

    code = "extract.place_unknown"


class ExtractTooLarge(errors.Refusal):
    """More rows than one extract holds."""

    code = "extract.too_large"


@dataclass(frozen=True)
class Source:
    """What an extract is made from.

    Attributes:
        facts: ``learner_id``, ``sex``, ``birth_year``, ``home``, ``month`` and the design's own.
        names: name of each place by its code.
        versions: tables of the lake that were read, with the version of each.
    """

    facts: pa.Table
    tree: Mapping[int, Spot]
    names: Mapping[str, str]
    versions: Mapping[str, int]
    register: str


def read(extract: ResearchExtract) -> Source:
    """Read the rows of an extract. Learners whose home is not known are in none.

    Raises:
        build.NotExtracted: the lake is empty.
        PlaceUnknown, ExtractTooLarge, engine.OutOfMemory.
    """
    reading, design = build.Reading(settings.LAKE), designs.of(extract)
    names = sorted({*designs.HELPERS, *design.tables})
    with engines.configured() as engine:
        for name in names:
            reading.attach(engine, name)
        register = _register(engine, extract)
        places = engine.sql(TREE.format(register=register)).read_all().to_pylist()
        facts = _facts(engine, extract, register)
    return Source(
        facts,
        {p["place_id"]: Spot(p["parent_id"], p["level"], p["code"]) for p in places},
        {p["code"]: p["name"] for p in places},
        {name: reading.pin(name).version() for name in names},
        register,
    )


def _register(engine: Engine, extract: ResearchExtract) -> str:
    found = engine.sql(REGISTER.format(place=extract.place_id)).read_all().to_pylist()
    if not found:
        text = _("The lake does not list {place}. Choose a larger place, or build the lake anew.")
        raise PlaceUnknown(text.format(place=extract.place.name))
    return str(found[0]["register"])


def _facts(engine: Engine, extract: ResearchExtract, register: str) -> pa.Table:
    facts = designs.of(extract).sql.format(
        first=extract.first_month.isoformat(), last=extract.last_month.isoformat()
    )
    given = {"register": register, "place": extract.place_id, "facts": facts}
    counted = engine.sql(ROWS.format(what="count(*) as n", **given)).read_all()
    if counted["n"][0].as_py() > MOST_ROWS:
        text = _("There are {n} rows; one extract holds {most}. Choose a smaller place or period.")
        raise ExtractTooLarge(text.format(n=f"{counted['n'][0].as_py():,}", most=f"{MOST_ROWS:,}"))
    what = "facts.*, learner.sex, learner.birth_year, lives.home"
    rows = engine.sql(ROWS.format(what=what, **given)).read_all()
    return rows.sort_by([("learner_id", "ascending"), ("month", "ascending")])
