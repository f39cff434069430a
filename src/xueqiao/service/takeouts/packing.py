"""Packing an export: one process at a time, whole on the disk before its row says so."""

from __future__ import annotations

import hashlib
import os
import zipfile
from datetime import timedelta
from typing import TYPE_CHECKING, Final

from django.conf import settings
from django.db import transaction

from xueqiao.kernel import lease
from xueqiao.service.models import Takeout
from xueqiao.service.takeouts import contents

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

State = Takeout.State
KEPT: Final = timedelta(days=7)
EPOCH: Final = (1980, 1, 1, 0, 0, 0)


def path(takeout: Takeout) -> Path:
    """Where the file lies."""
    home: Path = settings.HOME
    return home / "takeouts" / f"{takeout.key.hex}.zip"


def work(*, now: datetime, limit: int = 20) -> int:
    """Pack what was asked for, oldest first. Returns how many files were finished."""
    open_ = Takeout.objects.filter(state__in=[State.WAITING, State.RUNNING]).order_by("pk")
    numbers = list(open_.values_list("pk", flat=True)[:limit])
    return sum(pack(number=number, at=now) for number in numbers)


def pack(*, number: int, at: datetime) -> bool:
    """Pack one export, if nobody else does. Whether it is finished."""
    takeout = _claim(number, at)
    if takeout is None:
        return False
    try:
        size, digest, parts = _write(takeout)
    except OSError as why:
        _clear(takeout)
        _mine(takeout).update(
            state=State.FAILED, why=(why.strerror or "")[:300], finished_at=at, owner=""
        )
        return False
    done = _mine(takeout).update(
        state=State.DONE, size_bytes=size, sha256=digest, parts_done=parts, parts=parts,
        finished_at=at, expires_at=at + KEPT, owner="", owned_at=None,
    )  # fmt: skip
    return bool(done)


def sweep(*, now: datetime) -> int:
    """Remove the files whose time is over. Returns how many."""
    over = Takeout.objects.filter(state=State.DONE, expires_at__lte=now)
    for takeout in over:
        Takeout.objects.filter(pk=takeout.pk).update(state=State.EXPIRED)
        path(takeout).unlink(missing_ok=True)
    return len(over)


def _claim(number: int, at: datetime) -> Takeout | None:
    me = lease.owner()
    with transaction.atomic():
        rows = Takeout.objects.select_for_update(of=("self",)).select_related("person__home")
        found = rows.filter(pk=number, state__in=[State.WAITING, State.RUNNING]).first()
        if found is None or not lease.is_free(found.owner, found.owned_at, at=at):
            return None
        found.state, found.owner, found.owned_at = State.RUNNING, me, at
        found.save(update_fields=["state", "owner", "owned_at"])
        _clear(found)
    return found


def _mine(takeout: Takeout):  # type: ignore[no-untyped-def] # noqa: ANN202 - a queryset of Takeout
    return Takeout.objects.filter(pk=takeout.pk, state=State.RUNNING, owner=takeout.owner)


def _clear(takeout: Takeout) -> None:
    """Remove what a process that died, or a full disk, left half written."""
    for scratch in path(takeout).parent.glob(f"{path(takeout).stem}.*.part"):
        scratch.unlink(missing_ok=True)


def _write(takeout: Takeout) -> tuple[int, str, int]:
    """Write the file beside its place and move it there when it is whole: size, SHA-256, files."""
    target = path(takeout)
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    scratch, parts = target.with_suffix(f".{os.getpid()}.part"), 0
    with scratch.open("wb") as file:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in contents.parts(takeout.person):
                # Without a time of its own, the same content is the same bytes.
                archive.writestr(zipfile.ZipInfo(name, EPOCH), content, zipfile.ZIP_DEFLATED)
                parts += 1
        file.flush()
        os.fsync(file.fileno())
    with scratch.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    size = scratch.stat().st_size
    scratch.replace(target)
    return size, digest, parts
