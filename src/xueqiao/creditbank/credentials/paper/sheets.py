"""Drawing papers: PDF/A-3b, PNG and SVG of a signed certificate.

Set by Typst with the Chinese font that is installed beside us, so that a paper looks alike on every
machine; system fonts stand in for characters that it lacks
(docs/decisions/0098-papers-and-fonts.md).
"""

from __future__ import annotations

import io
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pylopdf_fonts_zh_cn
import segno
import typst
from django.utils.translation import gettext as _

from xueqiao.creditbank.credentials.paper import facts
from xueqiao.kernel import errors
from xueqiao.kernel.signing import baking

if TYPE_CHECKING:
    from xueqiao.creditbank.models import Certificate

HERE = Path(__file__).parent
FAMILIES = ["Noto Sans SC", "Noto Sans CJK SC", "Microsoft YaHei", "PingFang SC", "SimSun"]
PIXELS_PER_INCH = 144


class NotOnPaper(errors.Refusal):
    """It is not signed yet, or names a character that no font of this machine has."""

    code = "credentials.not_on_paper"


def pdf(certificate: Certificate) -> bytes:
    """The certificate as PDF/A-3b, the signed file attached as ``certificate.json``.

    The same certificate gives the same bytes.

    Raises:
        NotOnPaper.
    """
    return _drawn(certificate, "certificate.typ", "pdf")


def png(certificate: Certificate) -> bytes:
    """A picture of the certificate, the signed file baked in. Raises ``NotOnPaper``."""
    return baking.into_png(_drawn(certificate, "badge.typ", "png"), certificate.document)


def svg(certificate: Certificate) -> bytes:
    """A drawing of the certificate, the signed file baked in. Raises ``NotOnPaper``."""
    drawn = _drawn(certificate, "badge.typ", "svg").decode()
    return baking.into_svg(drawn, certificate.document).encode()


def _drawn(certificate: Certificate, template: str, format_: str) -> bytes:
    if not certificate.document or certificate.issued_at is None:
        text = _("The certificate is not signed yet. Open it again in a minute.")
        raise NotOnPaper(text)
    paper = facts.of(certificate, fonts=FAMILIES)
    inputs = {
        "data": paper.as_json(),
        "qr": _qr(paper.checking),
        "credential": certificate.document,
    }
    compiler = typst.Compiler((HERE / template).read_bytes(), font_paths=_fonts())
    try:
        drawn = compiler.compile(
            format=format_,  # type: ignore[arg-type]
            sys_inputs=inputs,
            pdf_standards=["a-3b"] if format_ == "pdf" else [],
            ppi=PIXELS_PER_INCH,
            timestamp=int(certificate.issued_at.timestamp()),
        )
    except typst.TypstError as why:
        text = _(
            "The certificate cannot be set on paper here: {why}. The signed file is complete "
            "without it; the operator can install the font that lacks."
        )
        raise NotOnPaper(text.format(why=why.message)) from why
    assert isinstance(drawn, bytes)
    return drawn


def _qr(text: str) -> str:
    out = io.BytesIO()
    segno.make(text, error="m", micro=False).save(out, kind="svg", border=2, light="#fff")
    return out.getvalue().decode()


@cache
def _fonts() -> typst.Fonts:
    """The fonts of the package first; reading those of the system takes a quarter of a second."""
    folder = str(Path(pylopdf_fonts_zh_cn.__file__).parent)
    return typst.Fonts(include_system_fonts=True, font_paths=[folder])
