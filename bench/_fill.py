"""Fill a store quickly: ``python -m bench._fill <first> <count>``, through the verb that drains."""

from __future__ import annotations

import os
import sys
import uuid

import django
import msgspec

from bench._load import statement

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "xueqiao.settings")
django.setup()

from xueqiao.kernel import clock  # noqa: E402 - Django is set up now
from xueqiao.records import checking, deliveries, sources, statements  # noqa: E402

A_BATCH, A_GROUP = 100, 20
# As many people as have about 20 statements each: a query for one finds as much in any store.
EACH = 20


def parcels(source, first: int):
    """Batches of new statements, checked as those that come over HTTP."""
    for start in range(first, first + A_BATCH * A_GROUP, A_BATCH):
        items = []
        for number in range(start, start + A_BATCH):
            made = statement(number, 1) | {"id": str(uuid.uuid4())}
            made["actor"] = {
                "account": {"homePage": "https://lms.example", "name": f"p{number // EACH}"}
            }
            items.append(checking.Incoming(msgspec.json.encode(made).decode(), made))
        yield statements.parcel(
            source_id=source.pk, batch=checking.check(items, strict=True),
            received_at=clock.now(), batch_key=f"fill:{start}",
        )  # fmt: skip


def main(first: int, count: int) -> None:
    source = sources.open_source(code="school", name="school", at=clock.now())
    for start in range(first, first + count, A_BATCH * A_GROUP):
        statements.store_acknowledged(list(parcels(source, start)))
    deliveries.count_anew()


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
