"""Message catalogues: take the msgids out of the code, keep the .po files in order, check them.

    python tools/messages.py            write every src/xueqiao/<app>/locale/zh_Hans/…/django.po
    python tools/messages.py --check    change nothing; exit 1 and say why where one is incomplete

Each app keeps the messages of its own Python files; the web keeps those of all templates and of the
packages that are no Django app (kernel, lake, jobs). Files are sorted by msgid, without locations.
"""

from __future__ import annotations

import argparse
import ast
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import polib
from babel.messages.extract import extract_python
from django.conf import settings
from django.utils.translation.template import templatize

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "src/xueqiao"
CATALOGUE = "locale/zh_Hans/LC_MESSAGES/django.po"
METADATA = {
    "Project-Id-Version": "xueqiao",
    "Language": "zh_Hans",
    "MIME-Version": "1.0",
    "Content-Type": "text/plain; charset=utf-8",
    "Content-Transfer-Encoding": "8bit",
    "Plural-Forms": "nplurals=1; plural=0;",
}
KEYWORDS = {
    "_": None,
    "gettext": None,
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
    "npgettext_lazy": ((1, "c"), 2, 3),
}
FIELDS = {
    "msgctxt": "msgctxt",
    "msgid": "msgid",
    "msgid_plural": "msgid_plural",
    "msgstr": "msgstr",
    "msgstr[0]": "msgstr",
}
LITERAL = r"""u?(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")"""
TEMPLATE_CALL = re.compile(
    rf"(?<!\w)(n?p?gettext|_)\(\s*({LITERAL}(?:\s*,\s*{LITERAL})*)", re.DOTALL
)
PLACEHOLDER = re.compile(r"%\((\w+)\)[sd]|\{(\w*)(?:![rs])?(?::[^{}]*)?\}")


class Message(NamedTuple):
    """What makes a message one: its context, its text, its plural text ("" where there is none)."""

    context: str
    text: str
    plural: str


def from_python(path: Path) -> Iterator[Message]:
    with path.open("rb") as file:
        for _line, function, texts, _comments in extract_python(file, list(KEYWORDS), [], {}):
            parts = [texts] if isinstance(texts, str) else list(texts or ())
            yield from as_message(
                function or "_", [part for part in parts if isinstance(part, str)]
            )


def from_template(path: Path) -> Iterator[Message]:
    code = templatize(path.read_text(encoding="utf-8"), origin=str(path))
    for found in TEMPLATE_CALL.finditer(code):
        literals = re.findall(LITERAL, found[2], re.DOTALL)
        yield from as_message(found[1], [ast.literal_eval(each) for each in literals])


def as_message(function: str, texts: list[str]) -> Iterator[Message]:
    """The message of one call; nothing where the text is not a literal."""
    name = function.removesuffix("_lazy")
    context = texts.pop(0) if "p" in name.removesuffix("gettext") and texts else ""
    if texts and texts[0]:
        plural = texts[1] if name.startswith("n") and len(texts) > 1 else ""
        yield Message(context, texts[0], plural)


def home_of(path: Path) -> str:
    """The app whose catalogue holds the messages of a file."""
    first = path.relative_to(SOURCE).parts[0]
    return first if (SOURCE / first / "apps.py").is_file() and path.suffix == ".py" else "web"


def extract() -> dict[str, set[Message]]:
    """All messages of the code, by app."""
    found: dict[str, set[Message]] = {}
    for path in sorted(SOURCE.rglob("*.py")):
        if "migrations" not in path.parts:
            found.setdefault(home_of(path), set()).update(from_python(path))
    for path in sorted(SOURCE.rglob("templates/**/*")):
        if path.suffix in {".html", ".txt"}:
            found.setdefault("web", set()).update(from_template(path))
    return {app: messages for app, messages in found.items() if messages}


def translation(entry: polib.POEntry) -> str:
    return entry.msgstr_plural.get(0, "") if entry.msgid_plural else entry.msgstr


def read_all() -> dict[str, dict[Message, str]]:
    """The Chinese of every catalogue there is, by app."""
    files = sorted(SOURCE.glob(f"*/{CATALOGUE}"))
    return {path.relative_to(SOURCE).parts[0]: read(path) for path in files}


def read(path: Path) -> dict[Message, str]:
    """The Chinese of one catalogue, even where Git merged it by union and it makes half a sense.

    Of several translations of one message the first counts; an entry without one is left out.
    """
    found: dict[Message, str] = {}
    parts: dict[str, str] = {}
    field = ""
    for line in [*path.read_text(encoding="utf-8").splitlines(), 'msgid ""']:
        key, _space, rest = line.partition(" ")
        if key in FIELDS:
            # A context or an id begins the next entry; the id behind a context does not.
            if key == "msgctxt" or (key == "msgid" and set(parts) != {"msgctxt"}):
                keep(parts, found)
                parts = {}
            field = FIELDS[key]
            parts[field] = parts.get(field) or literal(rest)
        elif line.startswith('"') and field:
            parts[field] += literal(line)
        else:
            field = ""
    return found


def keep(parts: dict[str, str], found: dict[Message, str]) -> None:
    message = Message(
        parts.get("msgctxt", ""), parts.get("msgid", ""), parts.get("msgid_plural", "")
    )
    if message.text and parts.get("msgstr"):
        found.setdefault(message, parts["msgstr"])


def literal(text: str) -> str:
    return polib.unescape(text.strip()[1:-1]) if text.strip().startswith('"') else ""


def complete(
    app: str, messages: set[Message], catalogues: dict[str, dict[Message, str]]
) -> polib.POFile:
    """The app's catalogue with exactly the code's messages; other apps' texts are taken over."""
    others = [name for name in catalogues if name != app]
    known = {m: text for name in [*others, app] for m, text in catalogues.get(name, {}).items()}
    file = polib.POFile(wrapwidth=98)
    file.metadata = METADATA
    for message in sorted(messages, key=lambda each: (each.text, each.context, each.plural)):
        entry = polib.POEntry(msgid=message.text, msgctxt=message.context or None)
        text = known.get(message, "")
        if message.plural:
            entry.msgid_plural, entry.msgstr_plural = message.plural, {0: text}
        else:
            entry.msgstr = text
        file.append(entry)
    return file


def problems(app: str, file: polib.POFile) -> Iterator[str]:
    """What is missing or does not fit in a completed catalogue."""
    for entry in file:
        chinese = translation(entry)
        if not chinese:
            yield f"{app}: no Chinese for {entry.msgid!r}"
            continue
        asked, given = placeholders(entry.msgid_plural or entry.msgid), placeholders(chinese)
        if asked != given:
            yield f"{app}: {entry.msgid!r} names {sorted(asked)}, its Chinese {sorted(given)}"


def placeholders(text: str) -> set[str]:
    return {first or second for first, second in PLACEHOLDER.findall(text)}


def main() -> int:
    parser = argparse.ArgumentParser(description="Keep the message catalogues complete and sorted.")
    parser.add_argument("--check", action="store_true", help="change nothing; exit 1 if incomplete")
    only_check = parser.parse_args().check
    settings.configure()
    catalogues, found = read_all(), []
    for app, messages in extract().items():
        file = complete(app, messages, catalogues)
        found += problems(app, file)
        path = SOURCE / app / CATALOGUE
        before = path.read_text(encoding="utf-8") if path.is_file() else ""
        if str(file) + "\n" == before:
            continue
        if only_check:
            found.append(
                f"{app}: {path.relative_to(ROOT)} is not up to date; run tools/messages.py"
            )
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(str(file) + "\n", encoding="utf-8")
    print(
        "\n".join(found) or "Every message has its Chinese.",
        file=sys.stderr if found else sys.stdout,
    )
    return 1 if found and only_check else 0


if __name__ == "__main__":
    sys.exit(main())
