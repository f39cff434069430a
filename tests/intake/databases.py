"""Databases of another platform: a MariaDB started for the tests, and the tests' own PostgreSQL."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
import uuid
from contextlib import closing, contextmanager

import psycopg
import pymysql
import pytest
from django.db import connection

from tests.intake.other import free_port

_PATH = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", "/usr/local/sbin"])


class Table:
    """A table of grades, in a database that can be asked by ``values``."""

    def __init__(self, engine, connect, values, name, quote):
        self.engine, self._connect, self.values = engine, connect, values
        self.name, self._quote = name, quote

    def run(self, text, rows=()):
        with closing(self._connect()) as base, closing(base.cursor()) as asked:
            text = text.format(table=self.quoted)
            if rows:
                asked.executemany(text, rows)
            else:
                asked.execute(text)

    @property
    def quoted(self):
        return ".".join(f"{self._quote}{part}{self._quote}" for part in self.name.split("."))

    def count(self):
        with closing(self._connect()) as base, closing(base.cursor()) as asked:
            asked.execute(f"SELECT count(*) FROM {self.quoted}")
            return asked.fetchone()[0]


@contextmanager
def mariadb(folder):
    """Settings of a MariaDB on loopback that nobody else knows; stopped when the block ends."""
    server = shutil.which("mariadbd", path=_PATH)
    if server is None:
        pytest.skip("MariaDB is not installed")
    data, port = folder / "data", free_port()
    user = ["--user=root"] if os.geteuid() == 0 else []
    with (folder / "log").open("w") as log:
        subprocess.run(
            ["mariadb-install-db", f"--datadir={data}", "--skip-test-db",
             "--auth-root-authentication-method=normal", *user],
            check=True, stdout=log, stderr=log, env=os.environ | {"PATH": _PATH},
        )  # fmt: skip
        job = subprocess.Popen(
            [server, "--no-defaults", f"--datadir={data}", f"--socket={folder / 's'}",
             f"--port={port}", "--bind-address=127.0.0.1", f"--pid-file={folder / 'pid'}",
             "--innodb-flush-log-at-trx-commit=0", *user],
            stdout=log, stderr=log,
        )  # fmt: skip
        values = {
            "engine": "mysql", "host": "127.0.0.1", "port": str(port), "database": "school",
            "user": "reader", "password": "r3ad", "tls": "off",
        }  # fmt: skip
        try:
            _make_school(port, job, folder / "log")
            yield values
        finally:
            job.terminate()
            job.wait(60)


def _make_school(port, job, log):
    for _try in range(300):
        assert job.poll() is None, log.read_text()
        try:
            base = pymysql.connect(host="127.0.0.1", port=port, user="root", autocommit=True)
            break
        except pymysql.MySQLError:
            time.sleep(0.1)
    else:
        raise AssertionError(log.read_text())
    with closing(base), closing(base.cursor()) as asked:
        asked.execute("CREATE DATABASE school CHARACTER SET utf8mb4")
        # It could write; what we open may not, and says so.
        asked.execute("CREATE USER 'reader'@'%' IDENTIFIED BY 'r3ad'")
        asked.execute("GRANT ALL ON school.* TO 'reader'@'%'")


def in_mariadb(values):
    def connect():
        return pymysql.connect(
            host=values["host"], port=int(values["port"]), user=values["user"],
            password=values["password"], database="school", charset="utf8mb4", autocommit=True,
        )  # fmt: skip

    name = f"grades{uuid.uuid4().hex[:8]}"
    table = Table("mysql", connect, values | {"table": name}, name, "`")
    table.run(
        "CREATE TABLE {table} (`id` BIGINT PRIMARY KEY, `who` VARCHAR(40), `course` VARCHAR(80), "
        "`points` DECIMAL(5,2), `changed` DATETIME(6), `per%cent` INT, KEY (`changed`))"
    )
    return table


def in_postgresql():
    about = connection.settings_dict
    values = {
        "engine": "postgresql", "host": about["HOST"], "port": str(about["PORT"] or 5432),
        "database": about["NAME"], "user": about["USER"], "password": about["PASSWORD"],
        "tls": "off",
    }  # fmt: skip

    def connect():
        return psycopg.connect(
            host=values["host"], port=values["port"], dbname=values["database"],
            user=values["user"], password=values["password"], autocommit=True,
        )  # fmt: skip

    name = f"school.grades{uuid.uuid4().hex[:8]}"
    table = Table("postgresql", connect, values | {"table": name}, name, '"')
    table.run("CREATE SCHEMA IF NOT EXISTS school")
    table.run(
        'CREATE TABLE {table} ("id" BIGINT PRIMARY KEY, "who" TEXT, "course" TEXT, '
        '"points" NUMERIC(5,2), "changed" TIMESTAMP, "per%%cent" INT)'.replace("%%", "%")
    )
    return table
