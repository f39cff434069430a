"""The tables of a OneRoster 1.2 package: columns, what a cell may hold, and what it refers to.

Source: OneRoster 1.2 CSV binding (1EdTech), sections on the format of each file.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

Form = Literal["text", "date", "time", "boolean", "year", "list"]


class Field(NamedTuple):
    """A column.

    Attributes:
        one_of: the words that a cell may hold; words of one's own begin with ``ext:``.
        refers: the table that holds the sourcedId, or each of a list, that stands here.
        is_kept: personal data that no one here needs is not kept.
    """

    name: str
    needed: bool = False
    form: Form = "text"
    one_of: frozenset[str] = frozenset()
    refers: str = ""
    is_kept: bool = True


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_FIRST = (
    Field("sourcedId", needed=True),
    Field("status", one_of=_words("active tobedeleted")),
    Field("dateLastModified", form="time"),
)
ORG_TYPES = _words("department school district local state national")
ROLES = _words("administrator proctor student teacher")
USER_ROLES = _words(
    "aide counselor districtAdministrator guardian parent principal proctor relative "
    "siteAdministrator student systemAdministrator teacher"
)

# In the order in which they are taken in: what is referred to comes first.
TABLES: dict[str, tuple[Field, ...]] = {
    "orgs": (
        *_FIRST,
        Field("name", needed=True),
        Field("type", needed=True, one_of=ORG_TYPES),
        Field("identifier"),
        Field("parentSourcedId", refers="orgs"),
    ),
    "academicSessions": (
        *_FIRST,
        Field("title", needed=True),
        Field("type", needed=True, one_of=_words("gradingPeriod semester schoolYear term")),
        Field("startDate", needed=True, form="date"),
        Field("endDate", needed=True, form="date"),
        Field("parentSourcedId", refers="academicSessions"),
        Field("schoolYear", needed=True, form="year"),
    ),
    "courses": (
        *_FIRST,
        Field("schoolYearSourcedId", refers="academicSessions"),
        Field("title", needed=True),
        Field("courseCode"),
        Field("grades", form="list"),
        Field("orgSourcedId", needed=True, refers="orgs"),
        Field("subjects", form="list"),
        Field("subjectCodes", form="list"),
    ),
    "users": (
        *_FIRST,
        Field("enabledUser", needed=True, form="boolean"),
        Field("username", needed=True),
        Field("userIds", form="list"),
        Field("givenName", needed=True),
        Field("familyName", needed=True),
        Field("middleName"),
        Field("identifier"),
        Field("email"),
        Field("sms", is_kept=False),
        Field("phone", is_kept=False),
        Field("agentSourcedIds", form="list", refers="users"),
        Field("grades", form="list"),
        Field("password", is_kept=False),
        Field("userMasterIdentifier"),
        Field("resourceSourcedIds", form="list"),
        Field("preferredGivenName"),
        Field("preferredMiddleName"),
        Field("preferredFamilyName"),
        Field("primaryOrgSourcedId", refers="orgs"),
        Field("pronouns", is_kept=False),
    ),
    "classes": (
        *_FIRST,
        Field("title", needed=True),
        Field("grades", form="list"),
        Field("courseSourcedId", needed=True, refers="courses"),
        Field("classCode"),
        Field("classType", needed=True, one_of=_words("homeroom scheduled")),
        Field("location"),
        Field("schoolSourcedId", needed=True, refers="orgs"),
        Field("termSourcedIds", needed=True, form="list", refers="academicSessions"),
        Field("subjects", form="list"),
        Field("subjectCodes", form="list"),
        Field("periods", form="list"),
    ),
    "roles": (
        *_FIRST,
        Field("userSourcedId", needed=True, refers="users"),
        Field("roleType", needed=True, one_of=_words("primary secondary")),
        Field("role", needed=True, one_of=USER_ROLES),
        Field("beginDate", form="date"),
        Field("endDate", form="date"),
        Field("orgSourcedId", needed=True, refers="orgs"),
        Field("userProfileSourcedId"),
    ),
    "enrollments": (
        *_FIRST,
        Field("classSourcedId", needed=True, refers="classes"),
        Field("schoolSourcedId", needed=True, refers="orgs"),
        Field("userSourcedId", needed=True, refers="users"),
        Field("role", needed=True, one_of=ROLES),
        Field("primary", form="boolean"),
        Field("beginDate", form="date"),
        Field("endDate", form="date"),
    ),
}
# Files of the binding that are no rosters, or hold what nobody here needs: passed over, by name.
PASSED_OVER = frozenset({
    "categories", "classResources", "courseResources", "demographics",
    "lineItemLearningObjectiveIds", "lineItems", "lineItemScoreScales", "resources",
    "resultLearningObjectiveIds", "results", "resultScoreScales", "scoreScales", "userProfiles",
    "userResources",
})  # fmt: skip
# A column that older exports leave out although the binding names it.
MAY_BE_MISSING = frozenset({"resourceSourcedIds"})
EXTENSION = "metadata."
EXT = "ext:"
