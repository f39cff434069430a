"""Outlines for the maps, made once and kept in the home folder."""

from __future__ import annotations

import json
import os
from pathlib import Path

from django.conf import settings

from xueqiao.network import outline

AT_MOST_BYTES = 120_000


def read(code: str, level: int) -> bytes:
    """The outlines of the places of a level below one, as GeoJSON; made anew after a load.

    Raises:
        NoOutline: none are loaded there.
    """
    name = f"outline-{code}-{level}-{outline.version()}.json"
    kept = Path(settings.HOME) / "cache" / name
    try:
        return kept.read_bytes()
    except FileNotFoundError:
        shape = outline.collection(place=code, level=level, at_most=AT_MOST_BYTES)
    made = json.dumps(shape, separators=(",", ":"), ensure_ascii=False).encode()
    kept.parent.mkdir(parents=True, exist_ok=True)
    # Written beside and moved, so that no other process reads half of it.
    scratch = kept.with_name(f"{name}.{os.getpid()}")
    scratch.write_bytes(made)
    scratch.replace(kept)
    return made
