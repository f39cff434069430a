"""QR codes as SVG markup, without styles or scripts, so that the page's policy holds."""

from __future__ import annotations

import io

import segno
from django.utils.safestring import SafeString, mark_safe


def svg(text: str) -> SafeString:
    """A QR code of a text, error correction M, to be put into a page."""
    drawn = io.BytesIO()
    segno.make(text, error="m", micro=False).save(
        drawn,
        kind="svg",
        xmldecl=False,
        svgns=True,
        omitsize=True,
        border=2,
        lineclass=None,
        svgclass=None,
    )
    return mark_safe(drawn.getvalue().decode())  # noqa: S308 - made of modules, no text enters it
