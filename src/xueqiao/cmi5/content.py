"""Files of course packages: kept under their digest, reached by an address that ends.

The pages of a course are other people's programs. They are served with a policy that takes their
origin away, so that they reach neither the cookies nor the pages of the platform; since a page
without an origin sends no cookies either, the right to read lies in the address.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote

from django.conf import settings
from django.utils.translation import gettext as _

from xueqiao.cmi5.models import ContentFile
from xueqiao.kernel import errors, ids

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

# Scripts run, forms are sent, windows open; no origin, so no cookies and no storage of ours.
POLICY = (
    "sandbox allow-scripts allow-forms allow-modals allow-popups allow-popups-to-escape-sandbox "
    "allow-downloads; object-src 'none'; base-uri 'none'; frame-ancestors 'none'"
)
_WEEK = timedelta(days=7)
_LONGEST_NUMBERS = 24  # digits of a version and a week together
_TEXT = "; charset=utf-8"
TYPES = {
    "html": f"text/html{_TEXT}",
    "htm": f"text/html{_TEXT}",
    "xhtml": f"application/xhtml+xml{_TEXT}",
    "css": f"text/css{_TEXT}",
    "js": f"text/javascript{_TEXT}",
    "mjs": f"text/javascript{_TEXT}",
    "json": "application/json",
    "map": "application/json",
    "xml": "application/xml",
    "xsd": "application/xml",
    "txt": f"text/plain{_TEXT}",
    "md": f"text/plain{_TEXT}",
    "csv": f"text/csv{_TEXT}",
    "vtt": f"text/vtt{_TEXT}",
    "srt": f"text/plain{_TEXT}",
    "svg": "image/svg+xml",
    "png": "image/png",
    "jpg": "image/jpeg",
    "jpeg": "image/jpeg",
    "gif": "image/gif",
    "webp": "image/webp",
    "avif": "image/avif",
    "bmp": "image/bmp",
    "ico": "image/x-icon",
    "mp3": "audio/mpeg",
    "m4a": "audio/mp4",
    "ogg": "audio/ogg",
    "oga": "audio/ogg",
    "wav": "audio/wav",
    "mp4": "video/mp4",
    "m4v": "video/mp4",
    "webm": "video/webm",
    "ogv": "video/ogg",
    "woff": "font/woff",
    "woff2": "font/woff2",
    "ttf": "font/ttf",
    "otf": "font/otf",
    "pdf": "application/pdf",
    "wasm": "application/wasm",
}


class NotThere(errors.Refusal):
    """The address has ended, or the package has no such file."""

    code = "cmi5.content_not_there"
    status = 404


class Served(NamedTuple):
    """A file to be sent."""

    path: Path
    media_type: str


def media_type(path: str) -> str | None:
    """The media type by the ending of a name; None for what is not served."""
    return TYPES.get(path.rpartition(".")[2].lower()) if "." in path else None


def keep(data: bytes) -> str:
    """Keep the bytes of a file; returns their digest. Kept twice is kept once."""
    digest = hashlib.sha256(data).hexdigest()
    path = place(digest)
    if path.exists():
        return digest
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = path.with_name(f"{digest}.{os.getpid()}")
    with scratch.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    scratch.replace(path)
    return digest


def place(digest: str) -> Path:
    """Where the bytes of a digest lie."""
    path: Path = settings.HOME / "files" / "cmi5" / digest[:2] / digest
    return path


def address(version_id: int, path: str, at: datetime) -> str:
    """The path of a file on this site, good for a week at least and for two at most."""
    week = int(at.timestamp() // _WEEK.total_seconds()) + 2
    return f"/cmi5/content/{_token(version_id, week)}/{quote(path)}"


def served(token: str, path: str, at: datetime) -> Served:
    """The file behind an address.

    Raises:
        NotThere: the address is not ours, has ended, or names no file that is served.
    """
    found = ContentFile.objects.filter(version_id=_opened(token, at), path=path).first()
    kind = media_type(path)
    if found is None or kind is None:
        raise NotThere(_("There is no such file here. Start the unit again from its course."))
    return Served(place(found.digest), kind)


def _token(version_id: int, week: int) -> str:
    seal = ids.keyed_hash(settings.SECRET_KEY, f"cmi5.content\x1f{version_id}\x1f{week}")[:40]
    return f"{version_id}-{week}-{seal}"


def _opened(token: str, at: datetime) -> int:
    """The version that a token opens; 0 when it opens none."""
    version, _dash, rest = token.partition("-")
    week = rest.partition("-")[0]
    if not (version.isdecimal() and week.isdecimal()) or len(version + week) > _LONGEST_NUMBERS:
        return 0
    is_ours = hmac.compare_digest(token.encode(), _token(int(version), int(week)).encode())
    is_over = int(week) * _WEEK.total_seconds() <= at.timestamp()
    return int(version) if is_ours and not is_over else 0
