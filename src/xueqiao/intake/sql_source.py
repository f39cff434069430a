"""A table or view of another database, read in the order of one column: PostgreSQL and MySQL.

Every read is a short one of its own in a session that may not write, so that a source is never held
up. Only hosts that the operator listed are connected to (``XUEQIAO_OUTBOUND_ALLOW``): a database
lies inside the network, and no page may say which one is asked.
"""

from __future__ import annotations

import datetime as dt
import re
import ssl
from contextlib import closing, contextmanager
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import psycopg
import pymysql
from django.utils.translation import gettext as _

from xueqiao.kernel import errors, hosts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

CONNECT_SECONDS = 10
QUERY_SECONDS = 60
PORTS = {"postgresql": 5432, "mysql": 3306}
_NAME = re.compile(r"[^\x00-\x1f]{1,128}")


class SourceFailed(errors.Refusal):
    """The other database cannot be reached, refuses the login, or refuses the question."""

    code = "intake.source_failed"
    status = 502


class TableUnfit(errors.Refusal):
    """The table or a column of it cannot be used."""

    code = "intake.table_unfit"
    status = 422


class Place(NamedTuple):
    """A row's place in the order of the table: the value of the cursor column, and of the key."""

    cursor: Any
    key: Any


class _Connection(Protocol):
    def cursor(self) -> Any: ...
    def close(self) -> None: ...


class SqlSource:
    """One table, open for reading.

    Attributes:
        heading: the names of its columns.
    """

    def __init__(self, connection: _Connection, quote: str, config: Mapping[str, Any]) -> None:
        self._connection, self._quote = connection, quote
        self.table = ".".join(self._name(part) for part in str(config["table"]).split("."))
        self._cursor, self._key = str(config["cursor"]), str(config["key"])
        self.heading = self._columns()
        for name in (self._cursor, self._key):
            if name not in self.heading:
                text = _("The table {table} has no column “{name}”. It has: {found}.")
                found = ", ".join(self.heading)[:300]
                raise TableUnfit(text.format(table=config["table"], name=name, found=found))

    def rows(self, *, after: Place | None, until: Any, limit: int) -> list[tuple[Any, ...]]:
        """The next rows in the order of cursor and key.

        Args:
            after: the place of the last row that was read; its key None: from its cursor on.
            until: the highest value of the cursor column; None: all.
        """
        cursor, key = self._name(self._cursor), self._name(self._key)
        conditions, values = [f"{cursor} IS NOT NULL"], []
        if after is not None and after.key is None:
            conditions.append(f"{cursor} >= %s")
            values.append(after.cursor)
        elif after is not None:
            conditions.append(f"({cursor} > %s OR ({cursor} = %s AND {key} > %s))")
            values += [after.cursor, after.cursor, after.key]
        if until is not None:
            conditions.append(f"{cursor} <= %s")
            values.append(until)
        return self._ask(
            f"SELECT * FROM {self.table} WHERE {' AND '.join(conditions)} "  # noqa: S608 - quoted
            f"ORDER BY {cursor}, {key} LIMIT {int(limit)}",
            values,
        )

    def beyond(self, value: Any, limit: int) -> list[tuple[Any, ...]]:
        """Rows whose cursor lies above a value."""
        cursor, key = self._name(self._cursor), self._name(self._key)
        return self._ask(
            f"SELECT * FROM {self.table} WHERE {cursor} > %s "  # noqa: S608 - quoted
            f"ORDER BY {cursor}, {key} LIMIT {int(limit)}",
            [value],
        )

    def place(self, row: Sequence[Any]) -> Place:
        return Place(row[self.heading.index(self._cursor)], row[self.heading.index(self._key)])

    def has_empty_cursor(self) -> bool:
        """Whether a row has nothing in the cursor column, so that it would never come."""
        cursor = self._name(self._cursor)
        asked = f"SELECT 1 FROM {self.table} WHERE {cursor} IS NULL LIMIT 1"  # noqa: S608 - quoted
        return bool(self._ask(asked, []))

    def now(self, *, is_aware: bool) -> dt.datetime:
        """The source's own clock, with or without a zone as its time columns have it."""
        asked = "SELECT CURRENT_TIMESTAMP" if is_aware else "SELECT LOCALTIMESTAMP"
        found: dt.datetime = self._ask(asked, [])[0][0]
        return found

    def _columns(self) -> list[str]:
        with self._failing(), closing(self._connection.cursor()) as asked:
            asked.execute(f"SELECT * FROM {self.table} LIMIT 0")  # noqa: S608 - quoted
            return [column[0] for column in asked.description]

    def _ask(self, text: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
        with self._failing(), closing(self._connection.cursor()) as asked:
            asked.execute(text, list(values))
            return list(asked.fetchall())

    def _name(self, text: str) -> str:
        if not _NAME.fullmatch(text):
            raise TableUnfit(_("“{name}” cannot be a name here.").format(name=text[:80]))
        # A percent sign would be read as the place of a value.
        doubled = text.replace(self._quote, self._quote * 2).replace("%", "%%")
        return f"{self._quote}{doubled}{self._quote}"

    @contextmanager
    def _failing(self) -> Iterator[None]:
        with failing():
            yield


@contextmanager
def failing() -> Iterator[None]:
    """Turn what a driver raises into a sentence."""
    try:
        yield
    except (psycopg.Error, pymysql.MySQLError, OSError) as why:
        said = " ".join(str(why.args[-1] if why.args else why).split())[:300]
        text = _("The database did not answer: {why}")
        raise SourceFailed(text.format(why=said or type(why).__name__)) from why


@contextmanager
def opened(config: Mapping[str, Any]) -> Iterator[SqlSource]:
    """The table of a connection's settings; closed when the block ends.

    Raises:
        NotAllowed: the operator has not listed the host.
        SourceFailed: it cannot be reached, or refuses.
        TableUnfit: the table has no such columns.
    """
    engine, host = str(config["engine"]), str(config["host"])
    port = int(config.get("port") or PORTS[engine])
    if not hosts.is_listed(host, port):
        text = _(
            "{host} is not among the hosts that may be connected to. Let the operator list it."
        )
        raise hosts.NotAllowed(text.format(host=host[:80]), pointer="host")
    open_ = _postgresql if engine == "postgresql" else _mysql
    with failing():
        connection = open_(config, host, port)
    with closing(connection):
        yield SqlSource(connection, '"' if engine == "postgresql" else "`", config)


def _postgresql(config: Mapping[str, Any], host: str, port: int) -> _Connection:
    modes = {"verify": "verify-full", "encrypt": "require", "off": "disable"}
    tls = str(config.get("tls") or "verify")
    connection = psycopg.connect(
        host=host,
        port=port,
        dbname=str(config["database"]),
        user=str(config["user"]),
        password=str(config.get("password") or ""),
        sslmode=modes[tls],
        connect_timeout=CONNECT_SECONDS,
        application_name="xueqiao",
        options=f"-c statement_timeout={QUERY_SECONDS * 1000} -c default_transaction_read_only=on "
        "-c client_encoding=UTF8",
        autocommit=True,
        sslrootcert="system" if tls == "verify" else "",
    )
    connection.read_only = True
    return connection


def _mysql(config: Mapping[str, Any], host: str, port: int) -> _Connection:
    tls = str(config.get("tls") or "verify")
    context = ssl.create_default_context()
    if tls == "encrypt":
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    connection = pymysql.connect(
        host=host,
        port=port,
        database=str(config["database"]),
        user=str(config["user"]),
        password=str(config.get("password") or ""),
        charset="utf8mb4",
        connect_timeout=CONNECT_SECONDS,
        read_timeout=QUERY_SECONDS,
        write_timeout=QUERY_SECONDS,
        local_infile=False,
        autocommit=True,
        **({"ssl_disabled": True} if tls == "off" else {"ssl": context}),
    )
    with closing(connection.cursor()) as asked:
        asked.execute("SET SESSION TRANSACTION READ ONLY")
    found: _Connection = connection
    return found


def as_text(value: Any) -> str:
    """A value of a column as the cell of a table.

    >>> as_text(Decimal("10.50")), as_text(True), as_text(dt.timedelta(hours=25))
    ('10.50', 'true', '25:00:00')
    """
    if value is None:
        return ""
    for types, write in _WRITTEN:
        if isinstance(value, types):
            return write(value)
    return str(value)


def _clock(value: dt.timedelta) -> str:
    minutes, seconds = divmod(int(value.total_seconds()), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{seconds:02}"


_WRITTEN: tuple[tuple[Any, Callable[[Any], str]], ...] = (
    (bool, lambda value: "true" if value else "false"),
    (Decimal, lambda value: format(value, "f")),
    ((dt.datetime, dt.date, dt.time), lambda value: value.isoformat()),
    (dt.timedelta, _clock),
    ((bytes, bytearray, memoryview), lambda value: bytes(value).decode(errors="replace")),
)
