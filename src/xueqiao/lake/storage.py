"""Where the files of the lake lie: a folder of this machine, or a bucket that speaks S3.

delta-rs never calls fsync, so on a disk the data files are synced here before a commit names them.
A bucket keeps an object once its writing is acknowledged; there is nothing to sync.
"""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlsplit

from django.conf import settings
from django.utils.translation import gettext as _
from pyarrow import fs

from xueqiao.kernel import errors

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

S3 = "s3"


class BadStore(errors.Refusal):
    """The settings name a place for the lake that cannot be used."""

    code = "lake.bad_store"


class Store(Protocol):
    """Files by names below the lake's top, such as ``bronze/statement/part=2024-03/0a.parquet``."""

    @property
    def options(self) -> dict[str, str]:
        """What delta-rs is told to reach it."""

    @property
    def files(self) -> fs.FileSystem:
        """The same for pyarrow."""

    def uri(self, name: str) -> str:
        """The address of a file or folder, as delta-rs takes it."""

    def path(self, name: str) -> str:
        """The address of a file or folder, as ``files`` takes it."""

    def make_folder(self, name: str) -> None:
        """A folder and those above it. A bucket has none."""

    def sync(self, names: Iterable[str]) -> None:
        """Make files and the folders they lie in survive a power cut."""

    def remove(self, names: Iterable[str]) -> None:
        """Remove files; those that are gone already are no error."""


@dataclass(frozen=True)
class Disk:
    """A folder of this machine."""

    root: Path
    options: dict[str, str] = field(default_factory=dict)
    files: fs.FileSystem = field(default_factory=fs.LocalFileSystem)

    def uri(self, name: str) -> str:
        return str(self.root / name)

    path = uri

    def make_folder(self, name: str) -> None:
        (self.root / name).mkdir(parents=True, exist_ok=True)

    def sync(self, names: Iterable[str]) -> None:
        paths = [self.root / name for name in names]
        for path in paths:
            _sync_file(path)
        folders = {folder for path in paths for folder in path.parents}
        for folder in sorted(folders):
            if folder.is_relative_to(self.root):
                _sync_folder(folder)

    def remove(self, names: Iterable[str]) -> None:
        for name in names:
            with suppress(OSError):
                (self.root / name).unlink()


@dataclass(frozen=True)
class Bucket:
    """Objects below ``s3://bucket/prefix``. Commits are kept apart by conditional writing."""

    address: str
    options: dict[str, str]
    files: fs.FileSystem

    def uri(self, name: str) -> str:
        return f"{self.address}/{name}"

    def path(self, name: str) -> str:
        return self.uri(name).partition("://")[2]

    def make_folder(self, name: str) -> None:
        del name

    def sync(self, names: Iterable[str]) -> None:
        del names

    def remove(self, names: Iterable[str]) -> None:
        for name in names:
            with suppress(OSError):
                self.files.delete_file(self.path(name))


def of(root: Path) -> Store:
    """Where the tables of a lake lie: its own folder, or for the lake of the settings their bucket.

    Locks and scratch space are in the folder in either case.
    """
    if settings.LAKE_URL and root == settings.LAKE:
        return bucket(settings.LAKE_URL, tuple(sorted(settings.LAKE_S3.items())))
    return Disk(root)


@cache
def bucket(address: str, access: tuple[tuple[str, str], ...]) -> Bucket:
    """A bucket by its address.

    Args:
        address: ``s3://bucket/prefix``.
        access: pairs of endpoint, key, secret, region; an empty value leaves it to the environment.

    Raises:
        BadStore: the address is not one of S3.
    """
    parts = urlsplit(address)
    if parts.scheme != S3 or not parts.netloc:
        text = _(
            "{address} is not a place for the lake. Write XUEQIAO_LAKE_URL as s3://bucket/folder."
        )
        raise BadStore(text.format(address=address))
    known = dict(access)
    endpoint = urlsplit(known.get("endpoint", ""))
    named = {
        "access_key": known.get("key"),
        "secret_key": known.get("secret"),
        "region": known.get("region") or "us-east-1",
        "endpoint_override": endpoint.netloc,
        "scheme": endpoint.scheme,
    }
    files = fs.S3FileSystem(**{name: value for name, value in named.items() if value})
    return Bucket(address.rstrip("/"), _delta_options(known), files)


def _delta_options(known: dict[str, str]) -> dict[str, str]:
    endpoint = known.get("endpoint", "")
    options = {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": known.get("key", ""),
        "AWS_SECRET_ACCESS_KEY": known.get("secret", ""),
        "AWS_REGION": known.get("region") or "us-east-1",
        "AWS_ALLOW_HTTP": "true" if endpoint.startswith("http://") else "",
        # Who commits a version second is refused by the bucket itself; no lock table is needed.
        "AWS_CONDITIONAL_PUT": "etag",
    }
    return {name: value for name, value in options.items() if value}


def _sync_file(path: Path) -> None:
    with path.open("rb") as handle:
        os.fsync(handle.fileno())


def _sync_folder(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
