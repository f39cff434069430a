"""Enrolments of students that begin or end, as statements.

A statement is made when an enrolment comes or leaves, not when a cell of it changes; its id holds
how often that has happened, so each coming and leaving is told once.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import msgspec
from django.utils.translation import gettext as _

from xueqiao.intake import verbs
from xueqiao.intake.models import RosterRow
from xueqiao.kernel import clock, ids
from xueqiao.records.checking import Incoming, Refused
from xueqiao.records.reasons import Reason

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from datetime import datetime

    from xueqiao.intake.oneroster.keeping import Judged

# What is held was written by another platform in its own words: it is sent again, not mended here.
FORM = "roster:"

_COURSE = "http://adlnet.gov/expapi/activities/course"
_ENCODER = msgspec.json.Encoder()


class Enrolments:
    """Turns judged rows of enrollments into statements.

    Args:
        config: ``site``, the address that accounts and classes belong to; ``people_by``, the column
            of users that names the account; ``source``.
    """

    def __init__(self, config: Mapping[str, Any], source: int) -> None:
        self._site, self._code = str(config["site"]).rstrip("/"), str(config["source"])
        self._people_by, self._source = str(config.get("people_by") or "sourcedId"), source

    def facts(self, judged: Iterable[Judged], at: datetime) -> list[Incoming | Refused]:
        """One item for each student's enrolment that came or left."""
        turned = [
            each for each in judged
            if each.turned and each.change.data.get("role") == "student"
        ]  # fmt: skip
        people = self._rows("users", {each.change.data["userSourcedId"] for each in turned})
        classes = self._rows("classes", {each.change.data["classSourcedId"] for each in turned})
        return [self._fact(each, people, classes, at) for each in turned]

    def _rows(self, table: str, names: set[str]) -> dict[str, dict[str, str]]:
        rows = RosterRow.objects.filter(source=self._source, table=table, sourced_id__in=names)
        return dict(rows.values_list("sourced_id", "data"))

    def _fact(
        self,
        found: Judged,
        people: Mapping[str, dict[str, str]],
        classes: Mapping[str, dict[str, str]],
        at: datetime,
    ) -> Incoming | Refused:
        said = found.change
        person = people.get(said.data["userSourcedId"], {}) | {
            "sourcedId": said.data["userSourcedId"]
        }
        name = person.get(self._people_by, "")
        if not name:
            text = _("The user {user} has no {column}.")
            detail = text.format(user=person["sourcedId"], column=self._people_by)
            row = _ENCODER.encode(said.data).decode()
            return Refused(row, Reason.NOBODY, detail, "enrollments.csv:userSourcedId", FORM)
        group, key = said.data["classSourcedId"], (self._code, said.sourced_id)
        definition: dict[str, Any] = {"type": _COURSE}
        if title := classes.get(group, {}).get("title"):
            definition["name"] = {"und": title}
        statement = {
            "id": str(ids.stable_uuid("oneroster.enrollment", *key, str(found.version))),
            "actor": {"account": {"homePage": self._site, "name": name}},
            "verb": verbs.REGISTERED if said.is_active else verbs.UNREGISTERED,
            "object": {
                "id": f"{self._site}/class/{quote(group, safe='')}",
                "definition": definition,
            },
            "context": {
                "registration": str(ids.stable_uuid("oneroster.registration", *key)),
                "platform": "OneRoster",
            },
            "timestamp": _when(found, at).isoformat(),
        }
        return Incoming(_ENCODER.encode(statement).decode(), statement)


def _when(found: Judged, at: datetime) -> datetime:
    """When it came or left: as the source says, else by its dates, else now; not after now."""
    said = found.change
    if (
        "dateLastModified" in said.data
        and said.modified_at
        and (said.is_active or said.data.get("status") == "tobedeleted")
    ):
        return said.modified_at
    day = said.data.get("beginDate" if said.is_active else "endDate")
    return min(clock.start_of(date.fromisoformat(day)), at) if day else at
