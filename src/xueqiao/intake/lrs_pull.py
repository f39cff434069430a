"""Pull from another learning record store: everything it has stored since the last time.

A walk begins a little before where the last one ended, because two statements may share an instant
and one may become visible late; what is seen again is a duplicate. Between its first and its last
page a walk is gone on with by the link to the next page, so that an overlap that takes longer to
fetch than a run may take does not hold it up. A voiding statement brings the statement it voids,
which the other store no longer lists.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import msgspec
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from xueqiao.intake.kinds import Kind, Portion, Setting, calls
from xueqiao.intake.remote_lrs import AnswerUnfit, MoreGone, RemoteLrs
from xueqiao.kernel import clock
from xueqiao.records.checking import Incoming, Refused
from xueqiao.records.reasons import Reason

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from xueqiao.intake.remote_lrs import Files, Page

STATEMENTS_A_PAGE = 500
OVERLAP_SECONDS = 60
VOIDED = "http://adlnet.gov/expapi/verbs/voided"


def pull(config: Mapping[str, Any], watermark: dict[str, Any]) -> Iterator[Portion]:
    """Page by page; the watermark is ``since`` and within a walk ``more``, ``top``, ``through``."""
    lrs, spoken = RemoteLrs(config), str(config.get("version") or "1.0.3")
    place, seen = dict(watermark), set()
    page = _begin(lrs, config, place)
    while True:
        items, files = _items(lrs, page, spoken)
        place = _after(place, page)
        if items or place != watermark:
            yield Portion(_key(items), items, place, parts=files)
        if not page.more:
            return
        if page.more in seen:
            raise AnswerUnfit(_("The link to the next page leads back to an earlier page."))
        seen.add(page.more)
        page = lrs.at(page.more)


def _begin(lrs: RemoteLrs, config: Mapping[str, Any], place: dict[str, Any]) -> Page:
    if place.get("more"):
        try:
            return lrs.at(place["more"])
        except MoreGone:
            # The walk begins again; what it had seen is duplicate.
            for name in ("more", "top", "through"):
                place.pop(name, None)
    since = ""
    if place.get("since"):
        overlap = timedelta(seconds=int(config.get("overlap_seconds") or OVERLAP_SECONDS))
        since = _moment(datetime.fromisoformat(place["since"]) - overlap)
    return lrs.first(since=since, limit=STATEMENTS_A_PAGE)


def _after(place: dict[str, Any], page: Page) -> dict[str, Any]:
    """How far a walk has come behind a page."""
    # What the first page says is visible for certain holds for the whole walk.
    through = place.get("through") or page.through
    top = max([place.get("top", ""), *filter(None, map(_stored, page.texts))])
    if page.more:
        return {"since": place.get("since", ""), "more": page.more, "top": top, "through": through}
    ends = [at for at in map(_instant, (top, through)) if at]
    if not top or not ends:
        return {"since": place.get("since", "")}
    # A store whose clock is ahead would otherwise be asked for what lies in the future only.
    return {"since": max(_moment(min(*ends, clock.now())), place.get("since", ""))}


def _stored(text: str) -> str:
    found = _decoded(text)
    at = _instant(found.get("stored")) if isinstance(found, dict) else None
    return _moment(at) if at else ""


def _decoded(text: str) -> Any:
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return None


def _instant(value: Any) -> datetime | None:
    try:
        found = datetime.fromisoformat(value)
    except (TypeError, ValueError):
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _items(
    lrs: RemoteLrs, page: Page, spoken: str
) -> tuple[list[Incoming | Refused], Files | None]:
    items: list[Incoming | Refused] = []
    files = page.files
    for text in page.texts:
        if voided := _voids(_decoded(text)):
            held = lrs.voided(voided)
            if held is not None:
                items.append(_item(held[0], spoken))
                files = (files or {}) | held[1] if held[1] else files
        items.append(_item(text, spoken))
    return items, files


def _item(text: str, spoken: str) -> Incoming | Refused:
    try:
        statement = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError) as why:
        detail = _("The statement is not JSON: {why}.").format(why=why)
        return Refused(text, Reason.NOT_JSON, detail)
    version = statement.get("version") if isinstance(statement, dict) else None
    is_new = isinstance(version, str) and version.startswith("2.")
    return Incoming(text, statement, "2.0.0" if is_new else spoken)


def _voids(statement: Any) -> str:
    """The id of the statement that is voided by this one, or ""."""
    try:
        is_voiding = statement["verb"]["id"] == VOIDED
        return str(statement["object"]["id"]) if is_voiding else ""
    except (KeyError, TypeError):
        return ""


def _key(items: list[Incoming | Refused]) -> str:
    found = hashlib.sha256()
    for item in items:
        found.update(item.text.encode(errors="surrogatepass") + b"\n")
    return f"lrs:{found.hexdigest()}"


KIND = Kind(
    "lrs",
    gettext_lazy("xAPI, fetched from another LRS"),
    (
        Setting(
            "endpoint", gettext_lazy("Endpoint of the LRS"), "url",
            help=gettext_lazy("The address before “statements”: https://lrs.example/xapi/"),
        ),
        Setting(
            "version", gettext_lazy("Version of xAPI"), "choice",
            choices=(("1.0.3", "1.0.3"), ("2.0.0", "2.0.0")),
        ),
        Setting(
            "authentication", gettext_lazy("How to sign in"), "choice",
            choices=(
                ("basic", gettext_lazy("Key and secret (HTTP Basic)")),
                ("oidc", gettext_lazy("Client id and secret at a token service (OpenID Connect)")),
                ("bearer", gettext_lazy("A token that does not end")),
            ),
        ),
        Setting("key", gettext_lazy("Key or client id"), required=False),
        Setting("secret", gettext_lazy("Secret or token"), "secret"),
        Setting(
            "token_url", gettext_lazy("Address of the token service"), "url", required=False,
            help=gettext_lazy("Only for OpenID Connect: https://sso.example/oauth2/token"),
        ),
        Setting("scope", gettext_lazy("Scopes to ask the token service for"), required=False),
        Setting(
            "attachments", gettext_lazy("Fetch attachments"), "choice", required=False,
            choices=(("yes", gettext_lazy("Yes")), ("no", gettext_lazy("No"))),
        ),
        Setting(
            "overlap_seconds", gettext_lazy("Overlap in seconds"), "number", required=False,
            help=gettext_lazy("How far before the last statement the next fetch begins; else 60."),
        ),
    ),
    pull,
    help=gettext_lazy("Fetches what another learning record store has stored since the last time."),
    check=calls("endpoint", "token_url"),
)  # fmt: skip
