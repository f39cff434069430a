"""Compares every stored value of a home with the plain-Python evaluator over its exports.

    XUEQIAO_HOME=… python -m tests.monitor.real

Prints one JSON object: how many values were compared, and the first that differ.
"""

from __future__ import annotations

import json
import os
from types import SimpleNamespace


def exported():
    """Every export as a list of dicts, by the name of its bronze table."""
    import pyarrow as pa  # noqa: PLC0415

    from xueqiao.kernel import cursor  # noqa: PLC0415 - after Django is ready
    from xueqiao.lake import catalogue  # noqa: PLC0415
    from xueqiao.lake.sources import Log  # noqa: PLC0415

    world = {}
    for source in catalogue.sources():
        if isinstance(source, Log):
            found = source.after(cursor.Position(), 10**7)
            rows = found.to_pylist() if isinstance(found, pa.Table) else list(found)
        else:
            rows = [row for table in source.read() for row in table.to_pylist()]
        for row in rows:
            row.pop("text", None)
        world[source.table.removeprefix("bronze.")] = rows
    return SimpleNamespace(**world)


def stored():
    from xueqiao.monitor.models import IndicatorValue  # noqa: PLC0415 - after Django is ready

    columns = (
        "indicator", "register_id", "place_id", "period", "numerator", "denominator", "expected",
        "reported", "source_class",
    )  # fmt: skip
    return {row[:4]: row[4:] for row in IndicatorValue.objects.values_list(*columns)}


def kind(numerator, samples):
    if samples == 0:
        return "real"
    return "sample" if samples == numerator else "mixed"


def compare():
    from tests.monitor import evaluator  # noqa: PLC0415 - after Django is ready
    from xueqiao.monitor.models import IndicatorRun  # noqa: PLC0415

    as_of = IndicatorRun.objects.latest("pk").as_of
    found = stored()
    wanted = {
        key: (have, want, expected, reported, kind(have, samples))
        for key, (have, want, samples, expected, reported) in evaluator.evaluate(
            exported(), as_of
        ).items()
    }
    wrong = [
        {"key": key, "stored": found.get(key), "evaluated": wanted.get(key)}
        for key in sorted(found.keys() | wanted.keys(), key=str)
        if found.get(key) != wanted.get(key)
    ]
    codes = sorted({key[0] for key in wanted})
    return {"compared": len(wanted), "codes": codes, "wrong": len(wrong), "first": wrong[:5]}


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "xueqiao.settings")
    import django

    django.setup()
    print(json.dumps(compare(), default=str))  # noqa: T201 - the answer to who started it
