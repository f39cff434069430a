"""Serving over HTTP by granian."""

from __future__ import annotations

import socket

from django.conf import settings
from django.db import connection
from django.utils.translation import gettext as _
from granian import Granian
from granian.constants import Interfaces

from xueqiao.kernel import errors


class PortInUse(errors.Refusal):
    """Another program listens there."""

    code = "serve.port_in_use"


class NothingLoaded(errors.Refusal):
    """There are no tables yet."""

    code = "serve.nothing_loaded"


def serve(*, port: int, host: str = "127.0.0.1", threads: int = 4, workers: int = 1) -> None:
    """Serve until interrupted.

    Raises:
        NothingLoaded: the database has no tables.
        PortInUse: the port is taken.
    """
    check_loaded()
    check_port(host, port)
    connection.close()
    Granian(
        "xueqiao.web.wsgi:application",
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        workers=workers,
        blocking_threads=threads,
        log_access=settings.DEBUG,
    ).serve()


def check_loaded() -> None:
    """Refuse when there is nothing to serve."""
    if "network_place" not in connection.introspection.table_names():
        raise NothingLoaded(
            _(
                "There is nothing to serve in {home}. Run: xueqiao demo (sample data), or: xueqiao "
                "migrate (an empty platform)."
            ).format(home=settings.HOME)
        )


def check_port(host: str, port: int) -> None:
    """Refuse when the port is taken."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as why:
            raise PortInUse(
                _(
                    "Port {port} is in use by another program. Stop that one, or choose another: "
                    "xueqiao serve --port {other}"
                ).format(port=port, other=port + 1)
            ) from why
