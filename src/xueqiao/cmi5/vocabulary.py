"""Words of the profile: verbs, categories, extensions, document names."""

from __future__ import annotations

from enum import StrEnum

NAMESPACE = "https://w3id.org/xapi/profiles/cmi5/v1/CourseStructure.xsd"
LAUNCH_DATA = "LMS.LaunchData"
PREFERENCES = "cmi5LearnerPreferences"

_ADL = "http://adlnet.gov/expapi/verbs/"
_W3ID = "https://w3id.org/xapi/adl/verbs/"
VOIDED = f"{_ADL}voided"

CATEGORY = "https://w3id.org/xapi/cmi5/context/categories/cmi5"
MOVE_ON_CATEGORY = "https://w3id.org/xapi/cmi5/context/categories/moveon"
BLOCK_TYPE = "https://w3id.org/xapi/cmi5/activitytype/block"
COURSE_TYPE = "https://w3id.org/xapi/cmi5/activitytype/course"

_CONTEXT = "https://w3id.org/xapi/cmi5/context/extensions/"
SESSION_ID = f"{_CONTEXT}sessionid"
MASTERY_SCORE = f"{_CONTEXT}masteryscore"
LAUNCH_MODE = f"{_CONTEXT}launchmode"
LAUNCH_URL = f"{_CONTEXT}launchurl"
MOVE_ON = f"{_CONTEXT}moveon"
LAUNCH_PARAMETERS = f"{_CONTEXT}launchparameters"
PROGRESS = "https://w3id.org/xapi/cmi5/result/extensions/progress"
REASON = "https://w3id.org/xapi/cmi5/result/extensions/reason"

# Names that the platform adds to the address of a unit; the unit's own query has none of them.
LAUNCH_NAMES = ("endpoint", "fetch", "actor", "registration", "activityId")


class Verb(StrEnum):
    """The nine verbs whose statements the profile defines."""

    LAUNCHED = f"{_ADL}launched"
    INITIALIZED = f"{_ADL}initialized"
    COMPLETED = f"{_ADL}completed"
    PASSED = f"{_ADL}passed"
    FAILED = f"{_ADL}failed"
    ABANDONED = f"{_W3ID}abandoned"
    WAIVED = f"{_W3ID}waived"
    TERMINATED = f"{_ADL}terminated"
    SATISFIED = f"{_W3ID}satisfied"


# Those that a unit says; the platform says the others.
OF_UNITS = frozenset({Verb.INITIALIZED, Verb.COMPLETED, Verb.PASSED, Verb.FAILED, Verb.TERMINATED})
SHOWN = {verb: verb.name.lower() for verb in Verb}
