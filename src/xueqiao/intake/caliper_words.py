"""The words of Caliper 1.2: which event may say which action, and what it is called in xAPI.

An action that a register of xAPI verbs has is called by that verb; every other one keeps its own
address of the Caliper vocabulary. So nothing is translated into something it does not mean.

Source: Caliper Analytics 1.2, profiles and JSON-LD context (1EdTech).
"""

from __future__ import annotations

from xueqiao.intake import verbs

VOCABULARY = "http://purl.imsglobal.org/caliper/"
_ADL = "http://adlnet.gov/expapi/activities/"
_STREAMS = "http://activitystrea.ms/schema/1.0/"

_MEDIA = (
    "ChangedResolution", "ChangedSize", "ChangedSpeed", "ChangedVolume", "ClosedPopout",
    "DisabledCloseCaptioning", "DisabledClosedCaptioning", "EnabledCloseCaptioning",
    "EnabledClosedCaptioning", "Ended", "EnteredFullScreen", "ExitedFullScreen", "ForwardedTo",
    "JumpedTo", "Muted", "OpenedPopout", "Paused", "Restarted", "Resumed", "Started", "Unmuted",
)  # fmt: skip
_RESOURCE = (
    "Archived", "Copied", "Created", "Deleted", "Described", "Downloaded", "Modified", "Printed",
    "Published", "Restored", "Retrieved", "Saved", "Unpublished", "Uploaded",
)  # fmt: skip
# The actions of each type of event; a general Event may say any of them.
ACTIONS: dict[str, frozenset[str]] = {
    event: frozenset(actions)
    for event, actions in {
        "AnnotationEvent": ("Bookmarked", "Highlighted", "Shared", "Tagged"),
        "AssessmentEvent": ("Paused", "Reset", "Restarted", "Resumed", "Started", "Submitted"),
        "AssessmentItemEvent": ("Completed", "Skipped", "Started"),
        "AssignableEvent": (
            "Activated", "Completed", "Deactivated", "Reviewed", "Started", "Submitted",
        ),
        "FeedbackEvent": ("Commented", "Ranked"),
        "ForumEvent": ("Subscribed", "Unsubscribed"),
        "GradeEvent": ("Graded",),
        "MediaEvent": _MEDIA,
        "MessageEvent": ("MarkedAsRead", "MarkedAsUnread", "Posted"),
        "NavigationEvent": ("NavigatedTo",),
        "QuestionnaireEvent": ("Started", "Submitted"),
        "QuestionnaireItemEvent": ("Completed", "Skipped", "Started"),
        "ResourceManagementEvent": _RESOURCE,
        "SearchEvent": ("Searched",),
        "SessionEvent": ("LoggedIn", "LoggedOut", "TimedOut"),
        "SurveyEvent": ("OptedIn", "OptedOut"),
        "SurveyInvitationEvent": ("Accepted", "Declined", "Sent"),
        "ThreadEvent": ("MarkedAsRead", "MarkedAsUnread"),
        "ToolLaunchEvent": ("Launched", "Returned"),
        "ToolUseEvent": ("Used",),
        "ViewEvent": ("Viewed",),
    }.items()
}  # fmt: skip
_GENERAL = (
    "Abandoned", "Added", "Attached", "Classified", "Disliked", "Hid", "Identified", "Liked",
    "Linked", "Questioned", "Recommended", "Removed", "Replied", "Showed", "Unlinked", "Used",
)  # fmt: skip
ACTIONS["Event"] = frozenset(_GENERAL).union(*ACTIONS.values())

_VERBS: dict[str, dict[str, object]] = {
    "Accepted": verbs.ACCEPTED,
    "Added": verbs.ADDED,
    "Attached": verbs.ATTACHED,
    "Bookmarked": verbs.BOOKMARKED,
    "Commented": verbs.COMMENTED,
    "Completed": verbs.COMPLETED,
    "Created": verbs.CREATED,
    "Deleted": verbs.DELETED,
    "Downloaded": verbs.DOWNLOADED,
    "Graded": verbs.SCORED,
    "Modified": verbs.UPDATED,
    "NavigatedTo": verbs.NAVIGATED,
    "Removed": verbs.REMOVED,
    "Saved": verbs.SAVED,
    "Searched": verbs.SEARCHED,
    "Shared": verbs.SHARED,
    "Submitted": verbs.SUBMITTED,
    "Viewed": verbs.VIEWED,
}
# What an action means depends on the event: a medium is played, an assessment attempted.
_VERBS_OF_EVENT: dict[tuple[str, str], dict[str, object]] = {
    ("MediaEvent", "Started"): verbs.PLAYED,
    ("MediaEvent", "Resumed"): verbs.PLAYED,
    ("MediaEvent", "Paused"): verbs.PAUSED,
    ("MediaEvent", "JumpedTo"): verbs.SEEKED,
    ("MediaEvent", "ForwardedTo"): verbs.SEEKED,
    ("MediaEvent", "Ended"): verbs.COMPLETED,
    ("AssessmentEvent", "Started"): verbs.ATTEMPTED,
    ("AssessmentItemEvent", "Completed"): verbs.ANSWERED,
    ("QuestionnaireItemEvent", "Completed"): verbs.ANSWERED,
}

_TYPES = {
    "Assessment": f"{_ADL}assessment",
    "AssessmentItem": f"{_ADL}question",
    "AssignableDigitalResource": f"{_ADL}assessment",
    "AudioObject": f"{_STREAMS}audio",
    "Chapter": "http://id.tincanapi.com/activitytype/chapter",
    "CourseOffering": f"{_ADL}course",
    "CourseSection": f"{_ADL}course",
    "Document": "http://id.tincanapi.com/activitytype/document",
    "Forum": "http://id.tincanapi.com/activitytype/discussion",
    "ImageObject": f"{_STREAMS}image",
    "LearningObjective": f"{_ADL}objective",
    "Message": "http://id.tincanapi.com/activitytype/forum-reply",
    "Page": f"{_STREAMS}page",
    "QuestionnaireItem": f"{_ADL}question",
    "SoftwareApplication": f"{_STREAMS}application",
    "Survey": "http://id.tincanapi.com/activitytype/survey",
    "Thread": "http://id.tincanapi.com/activitytype/forum-topic",
    "VideoObject": "https://w3id.org/xapi/video/activity-type/video",
    "WebPage": f"{_STREAMS}page",
}


def verb(event: str, action: str) -> dict[str, object] | None:
    """The verb of an action of an event; None where the event may not say it."""
    if action not in ACTIONS.get(event, ()):
        return None
    known = _VERBS_OF_EVENT.get((event, action)) or _VERBS.get(action)
    return known or {"id": f"{VOCABULARY}actions/{action}", "display": {"en": _spoken(action)}}


def activity_type(entity: str) -> str:
    """The activity type of a type of entity."""
    return _TYPES.get(entity, f"{VOCABULARY}{entity}")


def _spoken(action: str) -> str:
    """The words of an action.

    >>> _spoken("MarkedAsRead")
    'marked as read'
    """
    return "".join(f" {each.lower()}" if each.isupper() else each for each in action).strip()
