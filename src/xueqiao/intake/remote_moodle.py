"""A Moodle site, asked by its web services (REST, JSON) with a token.

Source: Moodle's web service API documentation: core_webservice_get_site_info,
core_course_get_courses, core_enrol_get_enrolled_users, gradereport_user_get_grade_items,
core_completion_get_activities_completion_status, core_completion_get_course_completion_status.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.utils.translation import gettext as _

from xueqiao.kernel import errors, outbound

if TYPE_CHECKING:
    from collections.abc import Iterator

USERS_A_PAGE = 500
NEEDED = (
    "core_course_get_courses",
    "core_enrol_get_enrolled_users",
    "gradereport_user_get_grade_items",
    "core_completion_get_activities_completion_status",
    "core_completion_get_course_completion_status",
)
# A course that does not use completion is no fault.
NOT_USED = frozenset({"completionnotenabled", "nocriteriaset"})


class MoodleRefused(errors.Refusal):
    """The Moodle site refuses a call, or answers otherwise than its documentation says.

    Attributes:
        errorcode: Moodle's own word for it, or "".
    """

    code = "intake.moodle_refused"
    status = 502
    errorcode: str = ""


class RemoteMoodle:
    """A site with the token to it."""

    def __init__(self, site: str, token: str) -> None:
        self.site, self._token = site.rstrip("/"), token

    def check(self) -> None:
        """Refuse a token that lacks a function, by name.

        Raises:
            MoodleRefused: it does, or is none.
        """
        info = self.call("core_webservice_get_site_info")
        has = {each.get("name") for each in _rows(info, "functions")}
        missing = [name for name in NEEDED if name not in has]
        if missing:
            text = _("The token's service lacks {functions}. Add them in Moodle.")
            raise MoodleRefused(text.format(functions=", ".join(missing)))

    def courses(self) -> list[dict[str, Any]]:
        """Every course but the site's front page, by number."""
        found = _list(self.call("core_course_get_courses"))
        courses = [each for each in found if each.get("format") != "site"]
        return sorted(courses, key=lambda each: int(each["id"]))

    def users(self, course: int) -> Iterator[dict[str, Any]]:
        """The users enrolled in a course."""
        begin = 0
        while True:
            page = _list(
                self.call(
                    "core_enrol_get_enrolled_users",
                    {
                        "courseid": course,
                        "options[0][name]": "limitfrom", "options[0][value]": begin,
                        "options[1][name]": "limitnumber", "options[1][value]": USERS_A_PAGE,
                    },
                )
            )  # fmt: skip
            yield from page
            begin += len(page)
            if len(page) < USERS_A_PAGE:
                return

    def grades(self, course: int) -> list[dict[str, Any]]:
        """The grade items of every user of a course."""
        asked = {"courseid": course, "userid": 0}
        return _rows(self.call("gradereport_user_get_grade_items", asked), "usergrades")

    def done_activities(self, course: int, user: int) -> list[dict[str, Any]]:
        """What a user has completed in a course, activity by activity."""
        name = "core_completion_get_activities_completion_status"
        return self._completion(name, course, user, "statuses")

    def done_course(self, course: int, user: int) -> dict[str, Any]:
        """Whether a user has completed a course."""
        name = "core_completion_get_course_completion_status"
        try:
            found = self.call(name, {"courseid": course, "userid": user})
        except MoodleRefused as why:
            if why.errorcode in NOT_USED:
                return {}
            raise
        status = found.get("completionstatus") if isinstance(found, dict) else None
        return status if isinstance(status, dict) else {}

    def _completion(self, name: str, course: int, user: int, key: str) -> list[dict[str, Any]]:
        try:
            return _rows(self.call(name, {"courseid": course, "userid": user}), key)
        except MoodleRefused as why:
            if why.errorcode in NOT_USED:
                return []
            raise

    def call(self, function: str, values: dict[str, Any] | None = None) -> Any:
        """The answer of one function.

        Raises:
            MoodleRefused: Moodle answers with an exception.
        """
        form = {"wstoken": self._token, "wsfunction": function, "moodlewsrestformat": "json"}
        answer = outbound.post(
            f"{self.site}/webservice/rest/server.php",
            headers={"Content-Type": "application/x-www-form-urlencoded"},
            body=urlencode(form | (values or {})).encode(),
        )
        found = answer.expect(200).json()
        if isinstance(found, dict) and "exception" in found:
            text = _("Moodle refused {function}: {message} ({code}).")
            why = MoodleRefused(
                text.format(
                    function=function,
                    message=str(found.get("message", ""))[:300],
                    code=found.get("errorcode", ""),
                )
            )
            why.errorcode = str(found.get("errorcode", ""))
            raise why
        return found


def _rows(found: Any, key: str) -> list[dict[str, Any]]:
    return _list(found.get(key) if isinstance(found, dict) else None)


def _list(found: Any) -> list[dict[str, Any]]:
    if not isinstance(found, list) or not all(isinstance(each, dict) for each in found):
        raise MoodleRefused(_("Moodle answered otherwise than its documentation says."))
    return found
