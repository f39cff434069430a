"""The main job, step by step: from a learning event to a cockpit number.

Every step is an ordinary command that can be run again without harm, and commits as it goes. What
is finished is noted in ``demo.json`` in the home folder; a job that was stopped goes on.
"""

from __future__ import annotations

import json
import os
import shutil
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.core.management import call_command
from django.db import connection, connections
from django.utils.translation import gettext as _

from xueqiao import __version__
from xueqiao.cli import account
from xueqiao.kernel import errors

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import Console


class NotOurFolder(errors.Refusal):
    """``--reset`` would remove a folder that no demo made."""

    code = "demo.not_our_folder"


class NotASampleDatabase(errors.Refusal):
    """``--reset`` on PostgreSQL is left to the administrator."""

    code = "demo.reset_needs_sqlite"


@dataclass(frozen=True)
class Step:
    """One command of the main job, with what it does in words."""

    command: str
    title: str
    options: dict[str, Any]


def steps() -> list[Step]:
    """The main job in order."""
    return [
        Step("migrate", _("Tables"), {"verbosity": 0, "interactive": False}),
        Step("load_places", _("Places of both registers, census, boundaries"), {}),
        Step("load_institutions", _("Sample institutions"), {}),
        Step("load_people", _("Demo people and their roles"), {}),
        Step("load_catalogue", _("Courses, concepts, disciplines"), {}),
        Step("load_oulad_classes", _("Classes, enrolments, completions"), {}),
        Step("load_sample_classes", _("Classes open for enrolment"), {}),
        Step("load_cmi5_sample", _("One online course"), {}),
        Step("load_budgets", _("Sample budgets"), {}),
        Step("ingest", _("Learning records of three platforms"), {}),
        Step("load_standards", _("Qualification framework, standards, rules"), {}),
        Step("load_service_points", _("Service points, banks and alliances"), {}),
        Step("recognise", _("Credit for passed modules"), {}),
        Step("demo_recognition", _("One application for prior learning"), {}),
        Step("demo_panel", _("One application before a panel"), {}),
        Step("demo_conversion", _("One conversion into a programme"), {}),
        Step("demo_chain", _("Four ways of learning become one qualification"), {}),
        Step("request_certificates", _("Certificates asked for"), {"limit": 300}),
        Step("sign_certificates", _("Certificates signed"), {}),
        Step("demo_revocation", _("One certificate revoked"), {}),
        Step("seal_ledger", _("The ledger sealed under a signed root"), {}),
        Step("check_seals", _("Every sealed transfer checked"), {}),
        Step("extract", _("Rows copied into the lake"), {}),
        Step("build_lake", _("Stage and marts"), {}),
        Step("compute_indicators", _("Ten indicators at five levels"), {}),
        Step("demo_open_data", _("Two sets of open data"), {}),
    ]


def reset(home: Path) -> None:
    """Remove everything that the demo wrote.

    Raises:
        NotOurFolder: the folder holds files, but no mark of a demo.
        NotASampleDatabase: the data lie in PostgreSQL.
    """
    if connection.vendor != "sqlite":
        raise NotASampleDatabase(
            _(
                "The data lie in PostgreSQL. Drop and make the database there, then run the demo "
                "again."
            )
        )
    if not home.exists():
        return
    if any(home.iterdir()) and not (home / "demo.json").exists():
        raise NotOurFolder(
            _(
                "{home} was not made by the demo, so it is left alone. Remove it yourself, or set "
                "XUEQIAO_HOME to another folder."
            ).format(home=home)
        )
    connections.close_all()
    for path in home.iterdir():
        # The secrets stay: they are already in use by this process.
        if path.name == "keys":
            continue
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()


def run(*, console: Console) -> dict[str, Any]:
    """Do what is left of the main job; returns the account."""
    home: Path = settings.HOME
    home.mkdir(parents=True, exist_ok=True)
    noted = _read(home / "demo.json")
    if noted.get("version") != __version__:
        noted = {"version": __version__, "seconds": {}}
        _write(home / "demo.json", noted)
    todo = steps()
    for number, step in enumerate(todo, start=1):
        if step.command in noted["seconds"]:
            continue
        console.print(
            f"[bold]{number}/{len(todo)}[/bold] {step.title}  [dim]xueqiao {step.command}[/dim]"
        )
        start = time.monotonic()
        call_command(step.command, **step.options)
        noted["seconds"][step.command] = round(time.monotonic() - start, 1)
        _write(home / "demo.json", noted)
    if "account" not in noted:
        noted["account"] = account.collect()
        _write(home / "demo.json", noted)
    return noted


def _read(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text())
    except (FileNotFoundError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _write(path: Path, value: dict[str, Any]) -> None:
    # Written beside and moved into place, so that a kill leaves the old note or the new one.
    scratch = path.with_suffix(f".{os.getpid()}")
    with scratch.open("w") as text:
        json.dump(value, text, ensure_ascii=False, indent=1)
        text.flush()
        os.fsync(text.fileno())
    scratch.replace(path)
