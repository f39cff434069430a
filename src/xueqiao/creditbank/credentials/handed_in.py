"""What somebody hands in to be checked: a text, or a picture or paper that holds it or links to it.

A file is told by its first bytes, not by its name. Nothing that it names is opened.
"""

from __future__ import annotations

import io
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pypdf
import zxingcpp
from django.utils.translation import gettext as _
from PIL import Image, UnidentifiedImageError

from xueqiao.creditbank.credentials import reading
from xueqiao.kernel import errors
from xueqiao.kernel.signing import baking

if TYPE_CHECKING:
    from collections.abc import Iterator

LARGEST = 10_000_000  # bytes; a photo of a phone
MOST_PIXELS = 25_000_000
PICTURES = (b"\x89PNG", b"\xff\xd8\xff", b"RIFF", b"GIF8", b"BM")
ATTACHMENTS = 20
QR = zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode)


class FileTooLarge(errors.Refusal):
    """The file is larger than any certificate."""

    code = "verify.file_too_large"
    status = 413


class NothingInPicture(errors.Refusal):
    """There is neither a credential in the picture nor a QR code on it that can be read."""

    code = "verify.nothing_in_picture"
    status = 422


class NothingInPdf(errors.Refusal):
    """No credential is attached to the PDF, or the PDF cannot be read."""

    code = "verify.nothing_in_pdf"
    status = 422


@dataclass(frozen=True)
class Found:
    """What was found: the text of a credential, or else a link that a QR code holds."""

    text: str = ""
    link: str = ""


def read(raw: bytes) -> Found:
    """What a file holds: JSON, a baked PNG or SVG, a PDF with an attachment, a photo of a QR code.

    Anything else is taken as text and left to the checks.

    Raises:
        FileTooLarge, NothingInPicture, NothingInPdf.
    """
    if len(raw) > LARGEST:
        text = _("The file is larger than {size} MB. Hand in the certificate's own file.")
        raise FileTooLarge(text.format(size=LARGEST // 1_000_000), pointer="file")
    if raw.startswith(PICTURES):
        return _picture(raw)
    if raw[:1024].lstrip().startswith(b"%PDF-"):
        return Found(text=_attached(raw))
    text = raw.decode("utf-8", "replace")
    if text.lstrip("\ufeff \t\r\n").startswith("<"):
        return Found(text=_drawn(text))
    return Found(text=text)


def _picture(raw: bytes) -> Found:
    try:
        baked = baking.from_png(raw) if raw.startswith(baking.PNG_MAGIC) else None
    except baking.NoPicture:
        baked = None
    if baked is not None:
        return Found(text=baked)
    code = _code(raw)
    if not code:
        text = _(
            "Neither a certificate nor a QR code was found in the picture. Take the photo again, "
            "straight and close, or choose the file with .json at its end."
        )
        raise NothingInPicture(text, pointer="file")
    return Found(text=code) if code.lstrip().startswith("{") else Found(link=code)


def _code(raw: bytes) -> str:
    """What the first QR code on a picture says; "" when none is read."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(io.BytesIO(raw)) as picture:
                # Of a JPEG no more is decoded than a code needs, in grey.
                picture.draft("L", (4000, 4000))
                if picture.width * picture.height > MOST_PIXELS:
                    return ""
                grey = picture.convert("L")
        found = zxingcpp.read_barcodes(grey, formats=QR)
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError, Warning):
        return ""
    except Image.DecompressionBombError:
        return ""
    return next((str(each.text) for each in found if each.valid), "")


def _drawn(text: str) -> str:
    try:
        baked = baking.from_svg(text)
    except baking.NoPicture:
        return text
    if baked is None:
        words = _("The picture holds no certificate. Choose the file that the holder received.")
        raise NothingInPicture(words, pointer="file")
    return baked


def _attached(raw: bytes) -> str:
    """The first attachment of a PDF that looks like a credential."""
    try:
        for data in _attachments(raw):
            if len(data) <= reading.LARGEST and b"VerifiableCredential" in data:
                return data.decode("utf-8", "replace")
    except Exception:  # noqa: BLE001, S110 - whatever a stranger's file makes the reader raise
        pass
    text = _(
        "No certificate is attached to this PDF. A print or a scan has lost it: verify by its QR "
        "code or link instead."
    )
    raise NothingInPdf(text, pointer="file")


def _attachments(raw: bytes) -> Iterator[bytes]:
    paper = pypdf.PdfReader(io.BytesIO(raw))
    for number, each in enumerate(paper.attachment_list):
        if number == ATTACHMENTS:
            return
        yield each.content
