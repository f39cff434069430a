"""What the store knows: of agents, of activities, and of itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.utils.translation import gettext as _

import xueqiao
from xueqiao.records import activities, parameters
from xueqiao.records import document_parameters as words
from xueqiao.records import person as persons
from xueqiao.records.models import Scope
from xueqiao.web.api import _keys, _xapi

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

_VERSIONS = {
    "1.0.3": ["1.0.0", "1.0.1", "1.0.2", "1.0.3"],
    "2.0.0": ["1.0.0", "1.0.1", "1.0.2", "1.0.3", "2.0.0"],
}


def _only(request: HttpRequest, name: str) -> dict[str, str]:
    """The parameters, of which there is exactly this one."""
    given = _xapi.given(request)
    for other in given:
        if other != name:
            raise parameters.unfit(other, _("“{name}” is not a parameter of this resource."))
    words.need(given, name)
    return given


def agents(request: HttpRequest) -> HttpResponse:
    """The person of an agent. Identifiers of other sources are for keys that may read all."""
    credential = _keys.need(request, Scope.READ, Scope.READ_MINE, Scope.PROFILE)
    agent = words.agent(_only(request, "agent"))
    source = None if credential.may(Scope.READ) else credential.source
    return _xapi.json(persons.person(agent, source=source))


def one_activity(request: HttpRequest) -> HttpResponse:
    """An activity as the store describes it."""
    _keys.need(request, Scope.READ, Scope.READ_MINE, Scope.PROFILE, Scope.STATE)
    return _xapi.json(activities.described(words.activity(_only(request, "activityId"))))


def about(request: HttpRequest) -> HttpResponse:
    """Versions and extensions. A client of 1.0.3 is told of 1.0 only, as its version asks."""
    for name in _xapi.given(request):
        raise parameters.unfit(name, _("“{name}” is not a parameter of this resource."))
    home = settings.PUBLIC_URL
    extensions = {
        f"{home}/xapi/ns/name": "Xueqiao",
        f"{home}/xapi/ns/version": xueqiao.__version__,
        f"{home}/xapi/ns/endpoints": {
            "1.0.3": f"{home}/xapi/1.0/",
            "2.0.0": f"{home}/xapi/2.0/",
        },
    }
    return _xapi.json({"version": _VERSIONS[_xapi.spoken(request)], "extensions": extensions})


urlpatterns = [
    *_xapi.endpoints("agents", {"GET": agents}, about="What is known of an agent."),
    *_xapi.endpoints("activities", {"GET": one_activity}, about="What is known of an activity."),
    *_xapi.endpoints("about", {"GET": about}, about="Which versions are spoken.", needs_key=False),
]
