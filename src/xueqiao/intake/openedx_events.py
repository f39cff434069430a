"""The events of an Open edX tracking log that tell of learning, and what each says in xAPI.

Source: the tracking log chapters of the Open edX documentation (names, fields), the xAPI video
profile (verbs and extensions of video events).
"""

from __future__ import annotations

from typing import Literal, NamedTuple

from xueqiao.intake import verbs

# What the object of an event is; each is read by one function of ``openedx``.
Thing = Literal["video", "problem", "course", "page", "block", "forum", "certificate", "submission"]


class Event(NamedTuple):
    """One event of the log.

    Attributes:
        thing: what was acted on.
        is_of_server: only the line that the server wrote counts; the browser's tells the same
            again, before anything was checked.
    """

    verb: dict[str, object]
    thing: Thing
    is_of_server: bool = False


def _all(verb: dict[str, object], thing: Thing, *names: str) -> dict[str, Event]:
    return {name: Event(verb, thing) for name in names}


EVENTS: dict[str, Event] = {
    **_all(verbs.INITIALIZED, "video", "load_video", "edx.video.loaded"),
    **_all(verbs.PLAYED, "video", "play_video", "edx.video.played"),
    **_all(verbs.PAUSED, "video", "pause_video", "edx.video.paused"),
    **_all(verbs.SEEKED, "video", "seek_video", "edx.video.position.changed"),
    **_all(verbs.TERMINATED, "video", "stop_video", "edx.video.stopped"),
    **_all(verbs.COMPLETED, "video", "complete_video", "edx.video.completed"),
    **_all(
        verbs.INTERACTED, "video",
        "speed_change_video", "edx.video.speed.changed",
        "show_transcript", "edx.video.transcript.shown",
        "hide_transcript", "edx.video.transcript.hidden",
        "edx.video.closed_captions.shown", "edx.video.closed_captions.hidden",
        "edx.video.language_menu.shown", "edx.video.language_menu.hidden",
        "video_show_cc_menu", "video_hide_cc_menu",
    ),
    "problem_check": Event(verbs.ANSWERED, "problem", is_of_server=True),
    **_all(
        verbs.ASKED, "problem",
        "showanswer", "problem_show", "edx.problem.hint.demandhint_displayed",
    ),
    **_all(verbs.SAVED, "problem", "problem_save", "save_problem_success"),
    **_all(verbs.REGISTERED, "course", "edx.course.enrollment.activated"),
    **_all(verbs.UNREGISTERED, "course", "edx.course.enrollment.deactivated"),
    **_all(verbs.UPDATED, "course", "edx.course.enrollment.mode_changed"),
    **_all(verbs.COMPLETED, "course", "edx.course.completed"),
    **_all(verbs.PASSED, "course", "edx.course.grade.passed.first_time"),
    **_all(verbs.EARNED, "certificate", "edx.certificate.created"),
    **_all(verbs.REMOVED, "certificate", "edx.certificate.revoked"),
    **_all(verbs.SHARED, "certificate", "edx.certificate.shared"),
    **_all(verbs.EXITED, "page", "page_close"),
    **_all(
        verbs.NAVIGATED, "block",
        "seq_next", "seq_prev", "seq_goto", "edx.ui.lms.sequence.next_selected",
        "edx.ui.lms.sequence.previous_selected", "edx.ui.lms.sequence.tab_selected",
    ),
    **_all(
        verbs.NAVIGATED, "page",
        "edx.ui.lms.link_clicked", "edx.ui.lms.outline.selected",
    ),
    **_all(
        verbs.CREATED, "forum",
        "edx.forum.thread.created", "edx.forum.response.created",
    ),
    **_all(verbs.COMMENTED, "forum", "edx.forum.comment.created"),
    **_all(
        verbs.UPDATED, "forum",
        "edx.forum.thread.edited", "edx.forum.response.edited", "edx.forum.comment.edited",
    ),
    **_all(
        verbs.DELETED, "forum",
        "edx.forum.thread.deleted", "edx.forum.response.deleted", "edx.forum.comment.deleted",
    ),
    **_all(verbs.VIEWED, "forum", "edx.forum.thread.viewed"),
    **_all(verbs.VOTED, "forum", "edx.forum.thread.voted", "edx.forum.response.voted"),
    **_all(verbs.SEARCHED, "forum", "edx.forum.searched"),
    **_all(verbs.BOOKMARKED, "block", "edx.bookmark.added"),
    **_all(
        verbs.SUBMITTED, "submission",
        "openassessmentblock.create_submission", "edx.special_exam.timed.attempt.submitted",
        "edx.special_exam.proctored.attempt.submitted",
        "edx.special_exam.practice.attempt.submitted",
    ),
}  # fmt: skip
# The server's own line for a page that was asked for carries the page's path as its type.
PAGE_VIEW = Event(verbs.VIEWED, "page")
