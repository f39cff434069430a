"""Launched units at the xAPI endpoint: what they send, read and keep is their session's alone.

For every other credential the functions here change nothing.
"""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from xueqiao.cmi5 import arrival, notebook
from xueqiao.kernel import clock
from xueqiao.records import checking, parameters
from xueqiao.records.journal import door
from xueqiao.web.api import _keys

if TYPE_CHECKING:
    from collections.abc import Callable

    from django.http import HttpRequest

    from xueqiao.records.documents import Place, Sent
    from xueqiao.records.models import Statement
    from xueqiao.web.api import _xapi


def store(request: HttpRequest, received: _xapi.Received) -> list[uuid.UUID]:
    """Store the statements of a request; those of a unit are held against cmi5 first."""
    _keys.charge(request, len(received.items))
    credential, now, key = _keys.credential(request), clock.now(), f"http:{uuid.uuid4()}"
    if credential.session is not None:
        return arrival.accept(
            session=credential.session,
            items=[checking.decoded(each) for each in received.items],
            at=now,
            batch_key=key,
            parts=received.parts,
            defines=credential.defines,
        )
    return door.accept(
        source=credential.source,
        items=received.items,
        received_at=now,
        batch_key=key,
        parts=received.parts,
        defines=credential.defines,
    )


def narrow(request: HttpRequest, given: dict[str, str]) -> dict[str, str]:
    """The parameters of a list; a unit gets its registration only.

    Raises:
        notebook.NotYourDocument: a unit asks for another registration.
    """
    session = _keys.credential(request).session
    if session is None or "statementId" in given or "voidedStatementId" in given:
        return given
    own = str(session.registration.key)
    if given.get("registration", own).lower() != own:
        raise notebook.NotYourDocument(_("A session reads the statements of its registration."))
    return given | {"registration": own}


def sees(request: HttpRequest, row: Statement) -> bool:
    """Whether a statement may be shown: a unit sees those of its registration."""
    session = _keys.credential(request).session
    return session is None or row.registration == session.registration.key


def place(request: HttpRequest, read: Callable[[], Place], sent: Sent | None = None) -> Place:
    """The place of a document, which a unit may use in this way.

    Raises:
        notebook.NotYourDocument, notebook.LaunchDataKept, notebook.PreferencesUnfit
    """
    session = _keys.credential(request).session
    if session is None:
        return read()
    try:
        found = read()
    except parameters.ParameterUnfit as why:
        # What does not say whose it is cannot be the unit's own.
        raise notebook.NotYourDocument(str(why)) from why
    notebook.check(session, found, method=request.method or "", sent=sent)
    return found
