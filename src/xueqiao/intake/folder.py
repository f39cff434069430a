"""Folder drop: an operator, a share or a program lays files into a folder of this machine."""

from __future__ import annotations

import os
import stat
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from xueqiao.intake import drops
from xueqiao.intake.kinds import Kind, Portion, Setting
from xueqiao.kernel import errors

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

SETTLED_SECONDS = 5.0


class FolderUnfit(errors.Refusal):
    """The folder is not there, may not be written to, or lies elsewhere than drop folders may."""

    code = "intake.folder_unfit"
    status = 422


class Folder:
    """A folder; ``done`` and ``failed`` are made in it.

    Attributes:
        is_kept: whether files stay in ``done``; else they are removed once they are in.
        endings: of the names of files that are taken; others are left where they lie.
    """

    def __init__(
        self, path: Path, *, is_kept: bool = True, endings: tuple[str, ...] = drops.ENDINGS
    ) -> None:
        self.path, self.is_kept, self.endings = path, is_kept, endings

    def waiting(self) -> list[str]:
        """Plain files that nobody has written to for some seconds; links are passed over."""
        settled = time.time() - SETTLED_SECONDS
        try:
            found = list(os.scandir(self.path))
        except OSError as why:
            text = _("The folder {path} cannot be read: {why}.")
            raise FolderUnfit(text.format(path=self.path, why=why.strerror)) from why
        return sorted(
            each.name
            for each in found
            if drops.is_file_to_take(each.name, self.endings)
            and stat.S_ISREG(each.stat(follow_symlinks=False).st_mode)
            and each.stat(follow_symlinks=False).st_mtime <= settled
        )

    @contextmanager
    def fetched(self, name: str) -> Iterator[Path]:
        yield self.path / name

    def finish(self, name: str) -> None:
        if self.is_kept:
            self._move(name, "done")
        else:
            (self.path / name).unlink(missing_ok=True)

    def fail(self, name: str, reason: str) -> None:
        placed = self._move(name, "failed")
        if placed:
            placed.with_name(f"{placed.name}.reason.txt").write_text(f"{reason}\n")

    def _move(self, name: str, to: str) -> Path | None:
        """Move a file; one of the same name that lies there keeps its own."""
        target = self.path / to
        try:
            target.mkdir(exist_ok=True)
            placed, number = target / name, 1
            while placed.exists():
                number += 1
                placed = target / f"{number}-{name}"
            return (self.path / name).rename(placed)
        except FileNotFoundError:
            # Somebody took it away in the meantime; what it held is in.
            return None
        except OSError as why:
            text = _("{name} cannot be moved to {folder}: {why}. Give the platform the right to.")
            raise FolderUnfit(text.format(name=name, folder=target, why=why.strerror)) from why


def below_drops(text: str) -> Path:
    """The folder of a connection: below the one folder in which drop folders may lie.

    Raises:
        FolderUnfit: it would lie elsewhere, or is not there.
    """
    path = _inside(text)
    if not path.is_dir():
        said = _("There is no folder {path}. Make it, and let the platform write to it.")
        raise FolderUnfit(said.format(path=path), pointer="folder")
    return path


def _inside(text: str) -> Path:
    root = Path(settings.DROPS).resolve()
    try:
        path = (root / text).resolve()
    except (OSError, ValueError):
        path = root
    if not path.is_relative_to(root) or path == root:
        said = _("“{name}” does not lie below {root}. Write the name of a folder there.")
        raise FolderUnfit(said.format(name=text[:80], root=root), pointer="folder")
    return path


def check(config: Mapping[str, Any]) -> None:
    """Refuse a folder elsewhere than drop folders may lie. It need not be there yet.

    Raises:
        FolderUnfit: it would lie elsewhere.
    """
    _inside(config["folder"])


def pull(config: Mapping[str, Any], watermark: dict[str, Any]) -> Iterator[Portion]:
    yield from drops.take(Folder(below_drops(config["folder"])), config, watermark)


KIND = Kind(
    "folder",
    gettext_lazy("Folder on this server"),
    (
        Setting(
            "folder",
            gettext_lazy("Name of the folder"),
            help=gettext_lazy("Below the folder XUEQIAO_DROPS, such as school-3."),
        ),
        Setting("contract", gettext_lazy("Contract"), "mapping"),
    ),
    pull,
    help=gettext_lazy("CSV and XLSX files laid into a folder are taken in one after another."),
    check=check,
)
