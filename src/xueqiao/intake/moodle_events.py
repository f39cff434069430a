"""What each event of a Moodle log means: a verb, and where its object stands in the description.

A table, not code: a new event is a new line. An event that is not here goes to quarantine.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from xueqiao.intake import verbs

_COURSE = re.compile(r"course (?:with )?(?:the )?id '(\d+)'")
_MODULE = re.compile(r"course module (?:with )?id '(\d+)'")
_MEETING = re.compile(r"bigbluebuttonbn activity with id '(\d+)'")
_SESSION = re.compile(r"instanceid (\d+)")
_CALENDAR = re.compile(r"event '.*' with id '(\d+)'", re.DOTALL)
_GRADE_ITEM = re.compile(r"grade item with id '(\d+)'")
_GROUP = re.compile(r"group with id '(\d+)'")
_ROLE = re.compile(r"role with id '(\d+)'")
_METHOD = re.compile(r"enrolment method '[^']*' with id '(\d+)'")


class Kind(NamedTuple):
    """A kind of object: its place in the address, its type, how a description names it."""

    path: str
    type: str
    pattern: re.Pattern[str]


_ADL = "http://adlnet.gov/expapi/activities/"
COURSE = Kind("course", f"{_ADL}course", _COURSE)
MODULE = Kind("mod", f"{_ADL}module", _MODULE)
MEETING = Kind("meeting", f"{_ADL}meeting", _MEETING)
ATTENDANCE = Kind("attendance", "http://id.tincanapi.com/activitytype/school-assignment", _SESSION)
CALENDAR = Kind("calendar", "http://activitystrea.ms/schema/1.0/event", _CALENDAR)
GRADE_ITEM = Kind("grade_item", f"{_ADL}assessment", _GRADE_ITEM)
GROUP = Kind("group", "http://activitystrea.ms/schema/1.0/group", _GROUP)
ROLE = Kind("role", "http://activitystrea.ms/schema/1.0/role", _ROLE)
METHOD = Kind("enrolment", "http://activitystrea.ms/schema/1.0/service", _METHOD)


class Event(NamedTuple):
    """The meaning of an event. ``of_other``: it happens to the second user named, not the first."""

    verb: dict[str, object]
    kind: Kind
    of_other: bool = False


def _events(verb: dict[str, object], kind: Kind, *names: str) -> dict[str, Event]:
    return {name: Event(verb, kind) for name in names}


EVENTS: dict[str, Event] = {
    **_events(
        verbs.VIEWED, MODULE,
        "Course module viewed", "Submission form viewed.", "Submission confirmation form viewed.",
        "Remove submission confirmation viewed.", "The status of the submission has been viewed.",
        "Grading form viewed", "Grading table viewed", "Wiki page viewed", "Wiki history viewed",
        "Wiki page map viewed", "Comments viewed",
    ),
    **_events(
        verbs.VIEWED, COURSE,
        "Course viewed", "User list viewed", "User profile viewed", "User report viewed",
        "Badge listing viewed", "Recent activity viewed", "Statistics report viewed",
    ),
    **_events(verbs.VIEWED, MEETING, "Activity viewed"),
    **_events(verbs.VIEWED, ATTENDANCE, "Attendance report viewed"),
    **_events(verbs.JOINED, MEETING, "Meeting joined"),
    **_events(verbs.CREATED, MEETING, "Meeting created"),
    **_events(verbs.SUBMITTED, MODULE, "A submission has been submitted."),
    **_events(verbs.ATTACHED, MODULE, "A file has been uploaded."),
    **_events(verbs.ACCEPTED, MODULE, "The user has accepted the statement of the submission."),
    **_events(verbs.COMMENTED, MODULE, "Comment created"),
    **_events(
        verbs.DOWNLOADED, MODULE,
        "All the submissions are being downloaded.", "Zip archive of folder downloaded",
    ),
    **_events(verbs.SCORED, MODULE, "The submission has been graded."),
    **_events(verbs.SCORED, GRADE_ITEM, "User graded"),
    **_events(verbs.DELETED, GRADE_ITEM, "Grade deleted"),
    **_events(
        verbs.CREATED, MODULE, "Submission created.", "Course module created", "Wiki page created",
    ),
    **_events(
        verbs.UPDATED, MODULE,
        "Submission updated.", "The status of the submission has been updated.", "Folder updated",
        # The row does not say whether it became complete or open again.
        "Course activity completion updated", "Course module updated",
    ),
    **_events(verbs.CREATED, ATTENDANCE, "Session added"),
    **_events(verbs.UPDATED, ATTENDANCE, "Attendance taken", "Status updated"),
    **_events(
        verbs.CREATED, COURSE, "Course created", "Course section created", "Course backup created",
    ),
    **_events(
        verbs.UPDATED, COURSE,
        "Course updated", "Course section updated", "Course reset started", "Course restored",
        "User unenrolment updated",
    ),
    **_events(verbs.DELETED, COURSE, "Course section deleted"),
    **_events(verbs.CREATED, CALENDAR, "Calendar event created"),
    **_events(verbs.UPDATED, CALENDAR, "Calendar event updated"),
    **_events(verbs.CREATED, GRADE_ITEM, "Grade item created"),
    **_events(verbs.UPDATED, GRADE_ITEM, "Grade item updated"),
    **_events(verbs.CREATED, GROUP, "Group created"),
    **_events(verbs.DELETED, GROUP, "Group deleted"),
    **_events(verbs.CREATED, METHOD, "Enrolment instance created"),
    **_events(verbs.ASSIGNED, ROLE, "Role assigned"),
    **_events(verbs.REMOVED, ROLE, "Role unassigned"),
    "Group member added": Event(verbs.ADDED, GROUP),
    "Group member removed": Event(verbs.REMOVED, GROUP),
    "User enrolled in course": Event(verbs.REGISTERED, COURSE, of_other=True),
    "User unenrolled from course": Event(verbs.UNREGISTERED, COURSE, of_other=True),
}  # fmt: skip
