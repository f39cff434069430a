"""The verbs that mappings use, from the registers of ADL, Activity Streams and Tin Can."""

from __future__ import annotations

_ADL = "http://adlnet.gov/expapi/verbs/"
_STREAMS = "http://activitystrea.ms/schema/1.0/"
_TINCAN = "http://id.tincanapi.com/verb/"


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
