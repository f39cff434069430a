"""Every package that travels with Xueqiao must allow distribution under Apache-2.0.

Reads the licence of each installed package that the product needs at run time (not the tools of the
tests), and fails for one whose licence is unknown or not in the list.
"""

from __future__ import annotations

import re
import sys
from importlib import metadata

from packaging.requirements import Requirement

ALLOWED = re.compile(
    r"\b(MIT|BSD|Apache|ISC|PSF|Python Software Foundation|MPL|Mozilla Public|Unlicense|Zlib|0BSD|"
    r"Public Domain|CC0|EPL-2\.0|OFL|Open Font License|LGPL|Lesser General Public)\b",
    re.IGNORECASE,
)
# LGPL: psycopg and frozendict are separate, replaceable libraries, imported and not copied
# (docs/decisions/0002-stack.md).
LGPL_ACCEPTED = {"psycopg", "psycopg-binary", "frozendict"}
# Offered under the EPL 2.0 or the GPL; it is taken under the EPL (decision 68).
CHOSEN = {"asyncssh": "EPL-2.0"}


def needed(name: str, extras: frozenset[str], seen: dict[str, metadata.Distribution]) -> None:
    """Collect a package and everything it needs at run time."""
    key = re.sub(r"[-_.]+", "-", name).lower()
    if key in seen:
        return
    try:
        found = metadata.distribution(name)
    except metadata.PackageNotFoundError:
        return  # needed on another platform only
    seen[key] = found
    for line in found.requires or []:
        requirement = Requirement(line)
        marks = [{"extra": extra} for extra in extras] or [{"extra": ""}]
        if requirement.marker is None or any(requirement.marker.evaluate(m) for m in marks):
            needed(requirement.name, frozenset(requirement.extras), seen)


def licence(found: metadata.Distribution) -> str:
    """What the package says of its licence, from the three places where it may say so."""
    about = found.metadata
    classifiers = [c.split("::")[-1] for c in about.get_all("Classifier") or [] if "License" in c]
    said = [about.get("License-Expression") or "", *classifiers, (about.get("License") or "")[:200]]
    return " / ".join(part.strip() for part in said if part.strip())


def main() -> int:
    """Print the packages that may not travel; 1 when there are any."""
    seen: dict[str, metadata.Distribution] = {}
    needed("xueqiao", frozenset(), seen)
    bad = []
    for key, found in sorted(seen.items()):
        text = CHOSEN.get(key) or licence(found)
        copyleft = re.search(r"GPL|General Public", text) and key not in LGPL_ACCEPTED
        if not ALLOWED.search(text) or copyleft:
            bad.append(f"{key} {found.version}: {text or 'no licence stated'}")
    print("\n".join(bad) if bad else f"{len(seen)} packages, all fit for Apache-2.0")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
