"""The verbs that mappings use, from the registers of ADL, Activity Streams and Tin Can."""

from __future__ import annotations

_ADL = "http://adlnet.gov/expapi/verbs/"
_STREAMS = "http://activitystrea.ms/schema/1.0/"
_TINCAN = "http://id.tincanapi.com/verb/"
_VIDEO = "https://w3id.org/xapi/video/verbs/"
_DOD = "https://w3id.org/xapi/dod-isd/verbs/"


def _verb(register: str, word: str, shown: str = "") -> dict[str, object]:
    return {"id": f"{register}{word}", "display": {"en": shown or word}}


REGISTERED = _verb(_ADL, "registered")
UNREGISTERED = _verb(_TINCAN, "unregistered")
COMPLETED = _verb(_ADL, "completed")
SCORED = _verb(_ADL, "scored")
COMMENTED = _verb(_ADL, "commented")
VIEWED = _verb(_TINCAN, "viewed")
DOWNLOADED = _verb(_TINCAN, "downloaded")
SUBMITTED = _verb(_STREAMS, "submit", "submitted")
ATTACHED = _verb(_STREAMS, "attach", "attached")
JOINED = _verb(_STREAMS, "join", "joined")
ACCEPTED = _verb(_STREAMS, "accept", "accepted")
CREATED = _verb(_STREAMS, "create", "created")
UPDATED = _verb(_STREAMS, "update", "updated")
DELETED = _verb(_STREAMS, "delete", "deleted")
ADDED = _verb(_STREAMS, "add", "added")
REMOVED = _verb(_STREAMS, "remove", "removed")
ASSIGNED = _verb(_STREAMS, "assign", "assigned")
INITIALIZED = _verb(_ADL, "initialized")
TERMINATED = _verb(_ADL, "terminated")
INTERACTED = _verb(_ADL, "interacted")
ANSWERED = _verb(_ADL, "answered")
ASKED = _verb(_ADL, "asked")
PASSED = _verb(_ADL, "passed")
FAILED = _verb(_ADL, "failed")
EXITED = _verb(_ADL, "exited")
ATTEMPTED = _verb(_ADL, "attempted")
SHARED = _verb(_ADL, "shared")
PLAYED = _verb(_VIDEO, "played")
PAUSED = _verb(_VIDEO, "paused")
SEEKED = _verb(_VIDEO, "seeked")
NAVIGATED = _verb(_DOD, "navigated")
EARNED = _verb(_TINCAN, "earned")
BOOKMARKED = _verb(_TINCAN, "bookmarked")
SAVED = _verb(_STREAMS, "save", "saved")
SEARCHED = _verb(_STREAMS, "search", "searched")
VOTED = _verb(_STREAMS, "vote", "voted")
