"""The house: who may import whom, how long a file may be, what must not be said."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "src/xueqiao"
APPS = {p.parent.name for p in SOURCE.glob("*/models.py")} | {
    p.parent.parent.name for p in SOURCE.glob("*/models/__init__.py")
}
EDGES = {"web", "cli", "jobs"}


def python_files(*folders):
    return sorted(
        path
        for folder in folders
        for path in (ROOT / folder).rglob("*.py")
        if "migrations" not in path.parts
    )


def imports_of(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def test_the_import_contracts_hold():
    done = subprocess.run(
        [str(Path(sys.executable).parent / "lint-imports"), "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


def test_no_import_is_ignored():
    assert "ignore_imports" not in (ROOT / "pyproject.toml").read_text()


def test_only_the_own_app_and_the_edges_import_an_apps_models():
    found = []
    for path in python_files("src/xueqiao"):
        own = path.relative_to(SOURCE).parts[0].removesuffix(".py")
        names = set(imports_of(path))
        for name in names:
            match = re.match(r"xueqiao\.(\w+)\.models\b", name)
            # "from m import A" names both m and m.A; what is imported is m.A.
            is_whole = not any(other.startswith(f"{name}.") for other in names)
            if match and match[1] != own and own not in EDGES and is_whole:
                found.append(f"{path.relative_to(ROOT)} imports {name}")
    # rights.py answers with roles; the person behind a request is everybody's.
    assert [each for each in found if "xueqiao.people.models.Person" not in each] == []


@pytest.mark.parametrize("path", python_files("src/xueqiao", "tests", "tools", "bench"), ids=str)
def test_a_file_stays_under_400_lines(path):
    assert len(path.read_text().splitlines()) <= 400


def functions(path):
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node, (node.end_lineno or 0) - node.lineno + 1


def test_a_function_stays_under_70_lines():
    long = [
        f"{path.relative_to(ROOT)}:{node.name} {length}"
        for path in python_files("src/xueqiao")
        for node, length in functions(path)
        if length > 70
    ]
    assert long == []


def test_no_signals_and_no_save_overrides():
    found = []
    for path in python_files("src/xueqiao"):
        text = path.read_text()
        if "django.db.models.signals" in text or "django.dispatch" in text:
            found.append(f"{path.relative_to(ROOT)}: signals")
        if path.name.startswith("models") or "models" in path.parts:
            found += [
                f"{path.relative_to(ROOT)}: {node.name}"
                for node, _ in functions(path)
                if node.name in {"save", "delete", "clean"}
            ]
    assert found == []


def test_nothing_is_loaded_from_another_host():
    """Templates, styles and scripts name no address of another host."""
    found = []
    for path in SOURCE.rglob("*"):
        if path.suffix in {".html", ".css", ".js"} and "vendor" not in path.parts:
            found += [
                f"{path.relative_to(ROOT)}: {address}"
                for address in re.findall(
                    r"(?:src|href|url)\s*[=(]\s*[\"']?(https?://[^\"')\s]+)", path.read_text()
                )
            ]
    assert found == []


def test_the_lock_file_names_no_address():
    assert '"resolved"' not in (ROOT / "package-lock.json").read_text()


def test_nothing_is_left_unfinished():
    words = re.compile(
        r"\b(TO" + r"DO|FIX" + r"ME|XX" + r"X|HA" + r"CK|raise NotImplementedError)\b"
    )
    found = [
        f"{path.relative_to(ROOT)}:{number}"
        for path in python_files("src/xueqiao", "bench", "tools")
        for number, line in enumerate(path.read_text().splitlines(), start=1)
        if words.search(line)
    ]
    assert found == []
