"""Reads every file of a folder whatever commits say, to find values that should not be there."""

from __future__ import annotations

import pyarrow.parquet as pq


def files_with(root, *values):
    """Names of the files in which one of some texts occurs, as bytes or as a decoded value."""
    found = set()
    for path in sorted(each for each in root.rglob("*") if each.is_file()):
        raw = path.read_bytes()
        texts = [raw, *(decoded(path) if path.suffix == ".parquet" else ())]
        if any(value.encode() in text for value in values for text in texts):
            found.add(path.relative_to(root).as_posix())
    return found


def decoded(path):
    """Every column of a Parquet file as text; compressed bytes would hide what they hold."""
    for column in pq.ParquetFile(path).read().columns:
        yield "\n".join(map(str, flat(column.to_pylist()))).encode()


def flat(values):
    for value in values:
        if isinstance(value, dict):
            yield from flat(value.values())
        elif isinstance(value, list):
            yield from flat(value)
        else:
            yield value.hex() if isinstance(value, bytes) else value
