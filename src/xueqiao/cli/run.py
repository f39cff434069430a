"""Runs a command, lists the commands, and turns refusals into one sentence."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import django
from django.core.management import ManagementUtility, get_commands, load_command_class
from django.db.utils import OperationalError
from django.utils import translation
from django.utils.translation import gettext as _

from xueqiao import config
from xueqiao.kernel import errors

if TYPE_CHECKING:
    from collections.abc import Mapping

REFUSED = 2


def execute(argv: list[str]) -> int:
    """Run; 0 when done, 2 when refused (the reason, in one sentence, on standard error)."""
    try:
        django.setup()
        translation.activate(reader_language(os.environ))
        if argv[1:] in ([], ["--help"], ["-h"], ["help"]):
            print(overview())
        else:
            ManagementUtility(argv).execute()
    except errors.Refusal as why:
        print(f"{why.code}: {why}", file=sys.stderr)
        return REFUSED
    except config.Misconfigured as why:
        print(why, file=sys.stderr)
        return REFUSED
    except OperationalError as why:
        print(database_text(why), file=sys.stderr)
        return REFUSED
    except KeyboardInterrupt:
        print(_("Stopped. The same command goes on where it was."), file=sys.stderr)
        return 130
    return 0


def reader_language(environ: Mapping[str, str]) -> str:
    """The language of the terminal: Chinese where its locale is Chinese, else English."""
    for name in ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"):
        if environ.get(name):
            return "zh-hans" if environ[name].startswith("zh") else "en"
    return "en"


def overview() -> str:
    """The commands of Xueqiao, a line each; Django's own are named at the end."""
    ours = sorted(name for name, app in get_commands().items() if app == "xueqiao.cli")
    others = sorted(name for name, app in get_commands().items() if app != "xueqiao.cli")
    width = max(map(len, ours))
    lines = [_("xueqiao <command> [options]     xueqiao <command> --help"), ""]
    for name in ours:
        help_text = str(load_command_class("xueqiao.cli", name).help)
        lines.append(f"  {name:{width}}  {help_text.splitlines()[0]}")
    lines += ["", _("Django's own: {names}").format(names=", ".join(others))]
    return "\n".join(lines)


def database_text(why: Exception) -> str:
    """What to do when the database does not answer."""
    reason = str(why).strip().splitlines()[0]
    return _(
        "The database cannot be used: {reason}. Check XUEQIAO_DATABASE_URL or XUEQIAO_HOME, free "
        "disk space, and whether the tables exist (xueqiao migrate)."
    ).format(reason=reason)
