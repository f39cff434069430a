"""What a check of the sealed ledger may find, and how it is told to people."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from django.utils.translation import gettext as _


@dataclass(frozen=True)
class Finding:
    """One difference, as closely located as it can be.

    Attributes:
        code: which kind, see ``TEXTS``.
        transfer_id: the transfer, where it is one.
        index: its place in the tree, or the place of a hash in its tile.
        seal: number of the first seal that covers it.
        tile: level and number of the tile, where it is one.
    """

    code: str
    transfer_id: int | None = None
    index: int | None = None
    seal: int | None = None
    tile: str = ""

    def stored(self) -> dict[str, Any]:
        return asdict(self)

    @property
    def text(self) -> str:
        """The finding in the reader's language."""
        return TEXTS[self.code]().format(
            transfer=self.transfer_id, index=self.index, seal=self.seal, tile=self.tile
        )


TEXTS = {
    "transfer_changed": lambda: _(
        "Transfer {transfer} (leaf {index}, seal {seal}) is not what was sealed: the row was "
        "changed"
    ),
    "transfer_missing": lambda: _(
        "Transfer {transfer} (leaf {index}, seal {seal}) was sealed and is gone"
    ),
    "transfer_skipped": lambda: _("Transfer {transfer} should be sealed and is in no tile"),
    "hash_differs": lambda: _(
        "Transfer {transfer}: the hash stored with it is not that of its facts"
    ),
    "tile_changed": lambda: _("Tile {tile}: hash {index} is not what was sealed"),
    "tile_missing": lambda: _("Tile {tile} is gone"),
    "seal_changed": lambda: _(
        "Seal {seal}: no key of the bank has signed this, or the row says something else"
    ),
    "seal_missing": lambda: _("Seal {seal} is gone or does not follow the one before it"),
    "history_rewritten": lambda: _(
        "Seal {seal}: rows and tiles agree with each other and not with the signed root; they were "
        "changed together, behind leaf {index}"
    ),
}
