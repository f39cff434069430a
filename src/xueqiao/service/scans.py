"""Scans of papers: kept by content, read back only when they are still what was scanned."""

from __future__ import annotations

import hashlib
from typing import Final

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.utils.translation import gettext as _

from xueqiao.kernel import errors

MOST_BYTES: Final = 10 * 1024 * 1024
# What a file of each type begins with; what a browser says about a file is not believed.
BEGINNINGS: Final = {
    "application/pdf": b"%PDF-",
    "image/jpeg": b"\xff\xd8\xff",
    "image/png": b"\x89PNG\r\n\x1a\n",
}


class ScanUnfit(errors.Refusal):
    """A scan that is empty, too large, or neither PDF nor JPEG nor PNG."""

    code = "service.scan_unfit"
    status = 422


class ScanAltered(errors.Refusal):
    """A stored scan is gone or is not what was scanned."""

    code = "service.scan_altered"


def keep(content: bytes) -> tuple[str, str]:
    """Keep a scan. Returns its SHA-256 and its media type, told from its first bytes.

    Raises:
        ScanUnfit.
    """
    if not 0 < len(content) <= MOST_BYTES:
        text = _("The scan has {size:,} bytes. Send one of at least 1 and at most {most:,} bytes.")
        raise ScanUnfit(text.format(size=len(content), most=MOST_BYTES), pointer="scan")
    kind = next((k for k, begin in BEGINNINGS.items() if content.startswith(begin)), "")
    if not kind:
        raise ScanUnfit(_("Send the scan as PDF, JPEG or PNG."), pointer="scan")
    digest = hashlib.sha256(content).hexdigest()
    if not default_storage.exists(_name(digest)):
        default_storage.save(_name(digest), ContentFile(content))
    return digest, kind


def read(digest: str) -> bytes:
    """The content of a scan.

    Raises:
        ScanAltered: it is gone, or is not what was scanned.
    """
    try:
        with default_storage.open(_name(digest)) as stored:
            content: bytes = stored.read()
    except OSError:
        content = b""
    if hashlib.sha256(content).hexdigest() != digest:
        raise ScanAltered(
            _("The scan is no longer what was kept. Scan the paper again, and call the operator.")
        )
    return content


def _name(digest: str) -> str:
    return f"scans/{digest[:2]}/{digest}"
