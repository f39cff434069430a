"""Courses in the cmi5 form as flat rows for the lake: who began what, and the sessions of it."""

from __future__ import annotations

from xueqiao.cmi5.models import Registration, Session
from xueqiao.kernel import flat

REGISTRATIONS = flat.Export(
    Registration.objects.all(),
    {"registration_id": "pk"}
    | flat.same("key", "course_id", "version_id", "person_id", "number", "registered_at",
                "satisfied_at"),
    key="registration_id",
)  # fmt: skip
SESSIONS = flat.Export(
    Session.objects.all(),
    {"session_id": "pk"}
    | flat.same(
        "registration_id", "part_id", "mode", "launched_at", "first_at", "last_at",
        "terminated_at", "abandoned_at",
    ),
    key="session_id",
)  # fmt: skip
