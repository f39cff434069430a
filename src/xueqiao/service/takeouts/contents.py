"""What an export of everything holds: tables, certificates, evidence, statements."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING, Any

from xueqiao.creditbank import everything
from xueqiao.hall import queries as hall
from xueqiao.kernel import cells
from xueqiao.records import own
from xueqiao.service import sessions
from xueqiao.service.models import Appointment, Honour, IdentityCheck, SessionAct

if TYPE_CHECKING:
    from collections.abc import Iterator

    from xueqiao.people.models import Person

README = """学桥 · 全部数据导出 / Xueqiao, export of everything

tables/*.csv    每类数据一张表，UTF-8，可用 Excel 打开 / one table a kind, opens in Excel
tables/*.json   同样的内容，供程序读取 / the same, for programs
certificates/   签名证书原文，可独立验证 / the signed certificates, byte for byte
evidence/       提交过的材料 / the files handed in as evidence
statements.ndjson  学习记录（xAPI 2.0），每行一条 / learning records, one a line

amount_hundredths: 1/100 学分 / 1/100 credit. 时间为 UTC / instants are UTC.
"""


def parts(person: Person) -> Iterator[tuple[str, bytes]]:
    """Path and content of each file, in order."""
    yield "README.txt", README.encode()
    yield "tables/person.json", _json([_person(person)])
    for table in [*everything.tables(person), *_tables(person)]:
        rows = [[_plain(value) for value in row] for row in table.rows]
        yield f"tables/{table.name}.csv", _csv(table.columns, rows)
        named = [dict(zip(table.columns, row, strict=True)) for row in rows]
        yield f"tables/{table.name}.json", _json(named)
    yield from everything.files(person)
    lines = (json.dumps(each, ensure_ascii=False) for each in own.statements(person.pk))
    yield "statements.ndjson", "".join(f"{line}\n" for line in lines).encode()


def _person(person: Person) -> dict[str, Any]:
    return {
        "key": str(person.key),
        "name": person.name,
        "name_en": person.name_en,
        "sex": person.sex,
        "birth_year": person.birth_year,
        "home": person.home.name if person.home else None,
        "opened_at": _plain(person.opened_at),
        "identity_document_known": bool(person.identity_hash),
    }


def _tables(person: Person) -> Iterator[everything.Table]:
    classes = hall.my_classes(person)
    yield everything.Table(
        "classes",
        ("title", "institution", "starts_on", "ends_on", "state"),
        [
            (each.offering.title, each.offering.institution.name, each.offering.starts_on,
             each.offering.ends_on, each.state)
            for each in classes
        ],
    )  # fmt: skip
    visits = Appointment.objects.filter(person=person).order_by("pk")
    columns = ("slot__node__name", "slot__kind", "slot__starts_at", "state", "note", "booked_at")
    yield _table("appointments", columns, visits)
    held = ("node__name", "helper__name", "purpose", "started_at", "ended_at", "consent_sha256")
    yield _table("counter_sessions", held, sessions.of(person).order_by("pk"))
    acts = SessionAct.objects.filter(session__person=person).order_by("pk")
    yield _table("counter_acts", ("session_id", "kind", "about", "at"), acts)
    checks = IdentityCheck.objects.filter(person=person).order_by("pk")
    yield _table("identity_checks", ("document", "is_first", "checked_at"), checks)
    given = Honour.objects.filter(person=person).order_by("pk")
    said = ("kind", "title", "reason", "document", "amount_fen", "given_on", "withdraws_id")
    yield _table("honours", said, given)


def _table(name: str, columns: tuple[str, ...], rows: Any) -> everything.Table:
    titles = tuple(each.replace("__", "_") for each in columns)
    return everything.Table(name, titles, rows.values_list(*columns))


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, bool | int | str):
        return value
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def _csv(columns: tuple[str, ...], rows: list[list[Any]]) -> bytes:
    scratch = io.StringIO()
    # Excel takes a file without a byte order mark for the local 8-bit encoding.
    scratch.write("\ufeff")
    writer = csv.writer(scratch)
    writer.writerow(columns)
    writer.writerows([cells.plain(value) for value in row] for row in rows)
    return scratch.getvalue().encode()


def _json(rows: list[dict[str, Any]]) -> bytes:
    return json.dumps(rows, ensure_ascii=False, indent=1).encode()
