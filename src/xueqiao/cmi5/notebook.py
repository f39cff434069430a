"""Documents of a session: launch data and preferences, and what a unit may do with documents."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from xueqiao.cmi5 import writing
from xueqiao.cmi5.vocabulary import LAUNCH_DATA, PREFERENCES
from xueqiao.kernel import errors
from xueqiao.records import documents
from xueqiao.records.documents import Condition, DocumentKind, Place, Sent
from xueqiao.records.xapi import agents

if TYPE_CHECKING:
    from datetime import datetime

    from xueqiao.cmi5.models import Part, Registration, Session

_LANGUAGES = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*(,[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*)*")
_READS = frozenset({"GET", "HEAD"})


class NotYourDocument(errors.Refusal):
    """A unit asks for a document of somebody or something else."""

    code = "cmi5.not_your_document"
    status = 403


class LaunchDataKept(errors.Refusal):
    """A unit reads its launch data and does not change them."""

    code = "cmi5.launch_data_kept"
    status = 403


class PreferencesUnfit(errors.Refusal):
    """The learner's preferences are not of the form that the profile gives them."""

    code = "cmi5.preferences_unfit"
    status = 403


def write(
    registration: Registration,
    part: Part,
    data: dict[str, Any],
    *,
    languages: str,
    at: datetime,
) -> None:
    """Write the launch data of a session, and preferences where the learner has none yet."""
    agent = agents.identifier(writing.actor(registration.person.key))
    state = Place(DocumentKind.STATE, part.activity_id, agent, registration.key, LAUNCH_DATA)
    _put(state, data, Condition(), at)
    profile = Place(DocumentKind.AGENT_PROFILE, agent=agent, key=PREFERENCES)
    if documents.read(profile) is None:
        preferences = {"languagePreference": languages, "audioPreference": "on"}
        _put(profile, preferences, Condition(if_none_match="*"), at)


def check(session: Session, place: Place, *, method: str, sent: Sent | None) -> None:
    """Refuse what a unit may not do with a document.

    It has the states of its own activity and registration, the profile of its learner and of its
    own activity. Launch data are read only; preferences keep the form of the profile.

    Raises:
        NotYourDocument: the document is of another learner, activity or registration.
        LaunchDataKept: the launch data are to be changed or deleted.
        PreferencesUnfit: what is sent are no preferences.
    """
    _check_place(session, place)
    if method in _READS:
        return
    if place.kind == DocumentKind.STATE and place.key in {LAUNCH_DATA, ""}:
        raise LaunchDataKept(_("The launch data of a session are written by the platform alone."))
    if place.kind == DocumentKind.AGENT_PROFILE and place.key == PREFERENCES and sent is not None:
        _check_preferences(sent)


def _check_place(session: Session, place: Place) -> None:
    registration = session.registration
    learner = agents.identifier(writing.actor(registration.person.key))
    is_own = (
        place.agent in {"", learner}
        and place.activity in {"", session.part.activity_id}
        and (place.kind != DocumentKind.STATE or place.registration == registration.key)
    )
    if not is_own:
        text = _("A session has the documents of its own learner, unit and registration only.")
        raise NotYourDocument(text)


def _check_preferences(sent: Sent) -> None:
    try:
        found = json.loads(sent.content) if documents.is_json(sent.content_type) else None
    except ValueError:
        found = None
    is_fine = (
        isinstance(found, dict)
        and isinstance(found.get("languagePreference"), str)
        and _LANGUAGES.fullmatch(found["languagePreference"]) is not None
        and found.get("audioPreference") in {"on", "off"}
    )
    if not is_fine:
        text = _(
            "Preferences are a JSON object with languagePreference (language tags, separated by "
            "commas) and audioPreference (on or off)."
        )
        raise PreferencesUnfit(text)


def _put(place: Place, value: dict[str, Any], condition: Condition, at: datetime) -> None:
    content = json.dumps(value, ensure_ascii=False).encode()
    documents.put(
        place=place,
        sent=Sent(content, documents.JSON),
        condition=condition,
        version=writing.SPOKEN,
        source=writing.platform(at),
        at=at,
    )
