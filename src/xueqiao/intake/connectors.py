"""The kinds of connections there are, in the order in which they are offered."""

from __future__ import annotations

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from xueqiao.intake import database, folder, lrs_pull, moodle_ws, openedx_files, sftp, uploads
from xueqiao.intake.kinds import Kind
from xueqiao.intake.oneroster import kind as oneroster
from xueqiao.kernel import errors

FEED = Kind(
    "feed",
    gettext_lazy("Files of a known platform"),
    (),
    None,
    help=gettext_lazy("Taken in by the command “xueqiao ingest”, with a mapping of its own."),
)
XAPI = Kind(
    "xapi",
    gettext_lazy("xAPI, sent by the platform"),
    (),
    None,
    help=gettext_lazy("The platform sends statements to /xapi/ with a key of its source."),
)

CALIPER = Kind(
    "caliper",
    gettext_lazy("Caliper 1.2, sent by the platform"),
    (),
    None,
    help=gettext_lazy("The platform sends envelopes to /caliper/ with a key of its source."),
)

_ALL = (
    XAPI,
    CALIPER,
    lrs_pull.KIND,
    uploads.KIND,
    folder.KIND,
    sftp.KIND,
    moodle_ws.KIND,
    openedx_files.KIND,
    database.KIND,
    oneroster.KIND,
    FEED,
)
KINDS: dict[str, Kind] = {each.code: each for each in _ALL}


class KindUnknown(errors.Refusal):
    """There is no kind of connection with this code."""

    code = "intake.kind_unknown"
    status = 404


def kind(code: str) -> Kind:
    """The kind with a code.

    Raises:
        KindUnknown: there is none.
    """
    if code not in KINDS:
        text = _("There is no kind of connection “{code}”. Choose from: {all}.")
        raise KindUnknown(text.format(code=code[:60], all=", ".join(KINDS)))
    return KINDS[code]
