"""Statements as the console shows them: the form of filters, a line of the list, the parts."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlencode

import msgspec
from django import forms
from django.urls import reverse
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from xueqiao.kernel import errors
from xueqiao.records import parameters, query
from xueqiao.records.models import Source

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from xueqiao.records.models import Statement

A_PAGE = 50
_SHA1 = re.compile(r"[0-9a-fA-F]{40}")
_CONTEXT = (
    ("parent", gettext_lazy("Parent")),
    ("grouping", gettext_lazy("Grouping")),
    ("category", gettext_lazy("Category")),
    ("other", gettext_lazy("Other activity of the context")),
)


class FilterForm(forms.Form):
    """What is looked for: the filters of the endpoint, source, and whether it was voided."""

    agent = forms.CharField(
        label=gettext_lazy("Agent"),
        required=False,
        help_text=gettext_lazy(
            "mailbox, address of the account's system|name, OpenID, hash of a mailbox, or JSON"
        ),
    )
    verb = forms.CharField(
        label=gettext_lazy("Verb"),
        required=False,
        widget=forms.TextInput({"list": "verbs"}),
        help_text=gettext_lazy("its address (IRI)"),
    )
    activity = forms.CharField(
        label=gettext_lazy("Activity"),
        required=False,
        help_text=gettext_lazy("its address (IRI)"),
    )
    registration = forms.CharField(
        label=gettext_lazy("Registration"), required=False, help_text=gettext_lazy("a UUID")
    )
    source = forms.ChoiceField(label=gettext_lazy("Source"), required=False)
    since = forms.DateTimeField(
        label=gettext_lazy("Stored after"),
        required=False,
        widget=forms.DateTimeInput({"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )
    until = forms.DateTimeField(
        label=gettext_lazy("Stored until"),
        required=False,
        widget=forms.DateTimeInput({"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
    )
    voided = forms.ChoiceField(
        label=gettext_lazy("Voided"),
        required=False,
        choices=[("", gettext_lazy("Not voided")), ("only", gettext_lazy("Only voided ones"))],
    )
    order = forms.ChoiceField(
        label=gettext_lazy("Order"),
        required=False,
        choices=[("", gettext_lazy("Newest first")), ("asc", gettext_lazy("Oldest first"))],
    )
    related_agents = forms.BooleanField(
        label=gettext_lazy("The agent anywhere in the statement, not only as actor or object"),
        required=False,
    )
    related_activities = forms.BooleanField(
        label=gettext_lazy("The activity anywhere in the statement, not only as object"),
        required=False,
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        sources = Source.objects.order_by("name").values_list("code", "name")
        self.fields["source"].choices = [("", _("All")), *sources]  # type: ignore[attr-defined]

    def clean_agent(self) -> str:
        return agent_json(self.cleaned_data["agent"])

    @property
    def is_narrowed(self) -> bool:
        return any(self.data.get(name) for name in self.fields)


def agent_json(text: str) -> str:
    """What somebody typed for an agent, as the endpoint's parameter; "" for nothing."""
    text = text.strip()
    if not text or text.startswith("{"):
        return text
    home, bar, name = text.partition("|")
    found: dict[str, Any]
    if bar:
        found = {"account": {"homePage": home.strip(), "name": name.strip()}}
    elif _SHA1.fullmatch(text):
        found = {"mbox_sha1sum": text}
    elif text.startswith(("http://", "https://")):
        found = {"openid": text}
    else:
        found = {"mbox": f"mailto:{text.removeprefix('mailto:')}"}
    return json.dumps(found, ensure_ascii=False)


class Found(NamedTuple):
    """A page of statements, and the cursor of the next one or ""."""

    rows: list[Statement]
    following: str


def find(form: FilterForm, after: str) -> Found:
    """The page that a form asks for, through the endpoint's own parameters.

    What does not fit becomes an error of its field, and the page is empty.
    """
    if not form.is_valid():
        return Found([], "")
    try:
        filters = parameters.filters(_parameters(form.cleaned_data, after))
    except errors.Refusal as why:
        field = why.pointer.partition("/")[0]
        form.add_error(field if field in form.fields else None, why.text)
        return Found([], "")
    code = form.cleaned_data["source"]
    source = Source.objects.filter(code=code).first() if code else None
    filters = replace(filters, voided=form.cleaned_data["voided"] == "only")
    page = query.page(filters, source=source)
    return Found(page.rows, parameters.token(page.following) if page.following else "")


def _parameters(given: Mapping[str, Any], after: str) -> dict[str, str]:
    found = {name: given[name] for name in ("agent", "verb", "activity", "registration")}
    for name in ("since", "until"):
        found[name] = given[name].isoformat() if given[name] else ""
    for name in ("related_agents", "related_activities"):
        found[name] = "true" if given[name] else ""
    found["ascending"] = "true" if given["order"] == "asc" else ""
    found |= {"limit": str(A_PAGE), "from": after}
    return {name: value for name, value in found.items() if value}


def line(row: Statement) -> dict[str, Any]:
    """A statement as a line of the list: who did what."""
    said = msgspec.json.decode(row.text)
    return {
        "row": row,
        "actor": agent_name(said["actor"]),
        "verb": verb_name(said["verb"]),
        "object": object_name(said["object"]),
        "result": result_text(said.get("result", {})),
    }


class Part(NamedTuple):
    """A part of a statement: what it is, what it says, and where more of it is found."""

    title: Any
    text: str
    detail: str
    address: str


def parts(said: dict[str, Any]) -> list[Part]:
    """A statement's parts in the order of reading."""
    return list(_parts(said))


def _parts(said: dict[str, Any]) -> Iterator[Part]:
    yield _agent(_("Actor"), said["actor"])
    verb = said["verb"]
    yield Part(_("Verb"), verb_name(verb), verb["id"], _found_by(verb=verb["id"]))
    yield _object(said["object"])
    if result := said.get("result"):
        yield Part(_("Score and success"), result_text(result), result.get("response", ""), "")
    context = said.get("context", {})
    if number := context.get("registration"):
        yield Part(_("Registration"), number, "", _found_by(registration=number))
    yield from _people(context)
    yield from _activities(context)
    words = {"platform": _("Platform"), "language": _("Language"), "revision": _("Revision")}
    yield from (Part(words[name], str(context[name]), "", "") for name in words if name in context)


def _people(context: dict[str, Any]) -> Iterator[Part]:
    words = {"instructor": _("Instructor"), "team": _("Team")}
    yield from (_agent(words[name], context[name]) for name in words if name in context)
    for each in context.get("contextAgents", []):
        yield _agent(_("Agent of the context"), each["agent"])
    for each in context.get("contextGroups", []):
        yield _agent(_("Group of the context"), each["group"])


def _activities(context: dict[str, Any]) -> Iterator[Part]:
    for kind, title in _CONTEXT:
        held = context.get("contextActivities", {}).get(kind, [])
        for each in held if isinstance(held, list) else [held]:
            address = _found_by(activity=each["id"], related_activities="on")
            yield Part(title, object_name(each), each["id"], address)


def _agent(title: str, agent: dict[str, Any]) -> Part:
    shown = {name: agent[name] for name in ("account", "mbox", "openid", "mbox_sha1sum")
             if name in agent}  # fmt: skip
    address = _found_by(agent=json.dumps(shown, ensure_ascii=False)) if shown else ""
    return Part(title, agent_name(agent), agent_identifier(agent), address)


def _object(thing: dict[str, Any]) -> Part:
    kind = thing.get("objectType", "Activity")
    if kind in {"Agent", "Group"}:
        return _agent(_("Object"), thing)
    if kind == "StatementRef":
        address = reverse("console-statement", args=[thing["id"]])
        return Part(_("Object"), _("Another statement"), thing["id"], address)
    if kind == "SubStatement":
        text = f"{agent_name(thing['actor'])} {verb_name(thing['verb'])}"
        return Part(_("Object"), text, object_name(thing["object"]), "")
    return Part(_("Object"), object_name(thing), thing["id"], _found_by(activity=thing["id"]))


def _found_by(**filters: str) -> str:
    return f"{reverse('console-statements')}?{urlencode(filters)}"


def agent_name(agent: dict[str, Any]) -> str:
    """How an agent or group is called: its name, else the shortest of its identifier."""
    if agent.get("name"):
        return str(agent["name"])
    if "account" in agent:
        return str(agent["account"]["name"])
    if names := [agent_name(each) for each in agent.get("member", [])]:
        return "、".join(names) if (get_language() or "").startswith("zh") else ", ".join(names)
    return agent_identifier(agent).removeprefix("mailto:")


def agent_identifier(agent: dict[str, Any]) -> str:
    if "account" in agent:
        return f"{agent['account']['homePage']}|{agent['account']['name']}"
    return str(agent.get("mbox") or agent.get("openid") or agent.get("mbox_sha1sum") or "")


def verb_name(verb: dict[str, Any]) -> str:
    return said_in(verb.get("display", {})) or str(verb["id"]).rstrip("/").rpartition("/")[2]


def object_name(thing: dict[str, Any]) -> str:
    kind = thing.get("objectType", "Activity")
    if kind in {"Agent", "Group"}:
        return agent_name(thing)
    if kind == "StatementRef":
        return _("Statement {id}").format(id=thing["id"])
    if kind == "SubStatement":
        return f"{agent_name(thing['actor'])} {verb_name(thing['verb'])}"
    name = said_in(thing.get("definition", {}).get("name", {}))
    return name or str(thing["id"])


def said_in(words: Mapping[str, str]) -> str:
    """Of a language map the text in the reader's language, else any; "" where it has none."""
    wanted = (get_language() or "").partition("-")[0].lower()
    for tag, text in words.items():
        if tag.partition("-")[0].lower() == wanted:
            return text
    return next(iter(words.values()), "")


def result_text(result: dict[str, Any]) -> str:
    """A result in words: score, success, completion, duration."""
    score = result.get("score", {})
    found = []
    if "raw" in score:
        found.append(f"{score['raw']:g}" + (f" / {score['max']:g}" if "max" in score else ""))
    elif "scaled" in score:
        found.append(f"{score['scaled'] * 100:g} %")
    words = {
        ("success", True): _("successful"), ("success", False): _("not successful"),
        ("completion", True): _("complete"), ("completion", False): _("not complete"),
    }  # fmt: skip
    found += [text for (name, value), text in words.items() if result.get(name) is value]
    if "duration" in result:
        found.append(result["duration"])
    return " · ".join(found)
