"""Tracking logs laid into a folder, plain or packed by gzip: taken in line by line."""

from __future__ import annotations

import gzip
import hashlib
import zlib
from contextlib import closing
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from xueqiao.intake import drops, openedx
from xueqiao.intake.files import FileUnreadable
from xueqiao.intake.folder import Folder, below_drops, check
from xueqiao.intake.kinds import File, Kind, Portion, Setting

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator, Mapping

    from xueqiao.intake.drops import Found

LINES_A_PORTION = 1000
# A day of a large platform, unpacked; and an answer with a long essay in it.
MOST_BYTES = 8 * 1024 * 1024 * 1024
MOST_BYTES_A_LINE = 1024 * 1024
ENDINGS = (".log", ".gz", ".json", ".jsonl", ".ndjson", ".txt")


def pull(config: Mapping[str, Any], watermark: dict[str, Any]) -> Iterator[Portion]:
    said = f"openedx {openedx.VERSION} {config['site']} {config['name_people_by']}"
    return drops.each_file(
        Folder(below_drops(str(config["folder"])), endings=ENDINGS),
        version=hashlib.sha256(said.encode()).hexdigest(),
        read=lambda found: portions(found, config, watermark),
        watermark=watermark,
    )


def portions(
    found: Found, config: Mapping[str, Any], watermark: dict[str, Any]
) -> Iterator[Portion]:
    """The lines of one file. Begins behind the line at which a stopped run left this file.

    Raises:
        FileUnreadable: the file is damaged, not UTF-8, or has a line that no log has.
    """
    site, people = str(config["site"]).rstrip("/"), str(config["name_people_by"])
    begin = watermark.get("line", 0) if watermark.get("file") == found.digest else 0
    with closing(_lines(found)) as lines:
        rest = iter(each for each in lines if each.number > begin)
        part = list(islice(rest, LINES_A_PORTION))
        while part:
            # Whether a portion ends its file is known when the next one has been read.
            following = list(islice(rest, LINES_A_PORTION))
            items = [
                item
                for line in part
                for item in openedx.items(line.text, site=site, name_people_by=people)
            ]
            last = part[-1].number
            come = {"name": found.name, "line": last}
            if following:
                come["file"] = found.digest
            file = File(found.name, found.digest, is_last=not following)
            yield Portion(f"{found.digest}:{last}", items, come, file)
            part = following


class _Line(NamedTuple):
    number: int
    text: str


def _lines(found: Found) -> Generator[_Line, None, None]:
    """Lines that hold something, with their numbers from 1."""
    try:
        with found.path.open("rb") as plain:
            is_packed = plain.read(2) == b"\x1f\x8b"
            plain.seek(0)
            if is_packed:
                with gzip.open(plain) as unpacked:
                    yield from _split(unpacked, found.name)
            else:
                yield from _split(plain, found.name)
    except (OSError, EOFError, zlib.error) as why:
        text = _("{name} is damaged and cannot be unpacked ({why}). Fetch it again.")
        raise FileUnreadable(text.format(name=found.name, why=why)) from why
    except UnicodeDecodeError as why:
        text = _("{name} is not UTF-8.")
        raise FileUnreadable(text.format(name=found.name)) from why


def _split(file: Any, name: str) -> Iterable[_Line]:
    size, number = 0, 0
    while raw := file.readline(MOST_BYTES_A_LINE + 1):
        size, number = size + len(raw), number + 1
        if len(raw) > MOST_BYTES_A_LINE or size > MOST_BYTES:
            text = _("{name} grows beyond what a log is, in line {number}. Split it.")
            raise FileUnreadable(text.format(name=name, number=number))
        text = raw.decode().strip()
        if text:
            yield _Line(number, text)


KIND = Kind(
    "openedx",
    gettext_lazy("Open edX, tracking logs in a folder"),
    (
        Setting(
            "folder", gettext_lazy("Name of the folder"),
            help=gettext_lazy("Below the folder XUEQIAO_DROPS, such as school-3."),
        ),
        Setting(
            "site", gettext_lazy("Address of the platform"), "url",
            help=gettext_lazy("The home page of its accounts: https://mooc.example"),
        ),
        Setting(
            "name_people_by", gettext_lazy("Learners are known by"), "choice",
            choices=(
                ("user_id", gettext_lazy("Number of the user")),
                ("username", gettext_lazy("User name")),
            ),
        ),
    ),
    pull,
    help=gettext_lazy("Takes in tracking.log files, plain or packed by gzip, line by line."),
    check=check,
)  # fmt: skip
