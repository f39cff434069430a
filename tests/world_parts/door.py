"""The door: a table with two rows that are wrong, a folder, a source that is silent."""

from __future__ import annotations

from datetime import timedelta

from tests.intake import tables as t
from xueqiao.intake import alarms, connections, contracts, running, uploads
from xueqiao.kernel import clock
from xueqiao.records import sources
from xueqiao.records.models import Quarantine, Source


def door():
    now = clock.now()
    source = sources.open_source(code="sheyang-marks", name="射阳县成绩表", at=now)
    Source.objects.filter(pk=source.pk).update(
        last_received_at=now - timedelta(days=3), silent_after_seconds=86_400
    )
    alarms.watch(now=now)
    agreed = contracts.save(source=source, name="学期成绩", mapping=t.mapping(), by=None, at=now)
    made = connections.for_uploads(source=source, contract=agreed, at=now)
    rows = [
        *t.ROWS,
        ["20260003", "睡觉", *t.ROWS[0][2:]],
        ["20260004", *t.ROWS[0][1:4], "三月", ""],
    ]
    uploads.hand_in(connection=made, token=_upload(rows))
    running.run(connection=made, at=now)
    folder = connections.create(
        source=source, kind="folder", name="每日目录", values={"folder": "sheyang"}, at=now
    )
    running.run(connection=folder, at=now)
    return {
        "connection": made.pk,
        "folder": folder.pk,
        "contract": agreed.pk,
        "held": Quarantine.objects.filter(form__startswith="contract:").latest("pk").pk,
        "table": f"{source.pk}/{_upload(rows[::-1])}",
    }


def _upload(rows):
    return uploads.receive(name="学期成绩.csv", blocks=[t.csv_bytes(rows)])
