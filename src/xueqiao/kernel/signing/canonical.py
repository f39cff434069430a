"""From a JSON-LD document to canonical N-Quads (RDFC-1.0), with nothing lost on the way.

JSON-LD drops what its contexts do not define. A signature over what is left would let anybody add
claims that look signed, so everything that would be dropped is refused ("safe mode").
Contexts are the files of this package; no address is ever opened.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pyld import jsonld
from pyld.canon import URDNA2015
from pyld.context_resolver import ContextResolver

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = Path(__file__).parent
CREDENTIALS = "https://www.w3.org/ns/credentials/v2"
CLR = "https://purl.imsglobal.org/spec/clr/v2p0/context-2.0.1.json"
OPEN_BADGES = "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json"
OPEN_BADGES_EXTENSIONS = "https://purl.imsglobal.org/spec/ob/v3p0/extensions.json"
DATA_INTEGRITY = "https://w3id.org/security/data-integrity/v2"
MULTIKEY = "https://w3id.org/security/multikey/v1"
FILES = {
    CREDENTIALS: "credentials-v2.jsonld",
    CLR: "clr-2.0.1.json",
    OPEN_BADGES: "open-badges-3.0.3.json",
    OPEN_BADGES_EXTENSIONS: "open-badges-extensions.json",
    DATA_INTEGRITY: "data-integrity-v2.jsonld",
    MULTIKEY: "multikey-v1.jsonld",
}
# A transcript of sixty rows takes none; each pair of parts that look alike takes two.
MOST_STEPS = 2000
DEEPEST = 40
# pyld completes relative names with a base. This one makes them stand out, to be refused.
RELATIVE = "relative-name://refused/"


class NotCanonical(ValueError):  # noqa: N818 - the reason, not an error of the program
    """The document cannot be signed or checked as it stands."""


class UnknownContext(NotCanonical):
    """It names a context that is not one of ours; ``name`` says which."""

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


class UnknownTerm(NotCanonical):
    """It uses a word that its contexts do not define; ``term`` says which."""

    def __init__(self, term: str) -> None:
        super().__init__(term)
        self.term = term


# Contexts that a caller vouches for beside ours: the tests add the one of the W3C examples.
EXTRA: dict[str, dict[str, Any]] = {}
# Resolved contexts, kept for the life of the process: parsing them is most of the work.
RESOLVED: dict[str, Any] = {}


@cache
def context(url: str) -> dict[str, Any]:
    """The text of a pinned context.

    Raises:
        UnknownContext: not one of this package's.
    """
    if url in EXTRA:
        return EXTRA[url]
    if url not in FILES:
        raise UnknownContext(url)
    found: dict[str, Any] = json.loads((HERE / "contexts" / FILES[url]).read_text("utf-8"))
    return found


def load(url: str, _options: Any = None) -> dict[str, Any]:
    """The document loader: pinned files, never the network."""
    return {
        "contentType": "application/ld+json",
        "contextUrl": None,
        "documentUrl": url,
        "document": context(url),
        "tag": "static",
    }


class _Bounded(URDNA2015):  # type: ignore[misc] # pyld has no types
    """Canonical naming that gives up where many nameless parts look alike.

    To tell them apart takes a time that grows with the factorial of their number, and anybody may
    hand a document in.
    """

    def __init__(self) -> None:
        super().__init__()
        self.steps = 0

    def hash_n_degree_quads(self, id_: Any, issuer: Any) -> Any:
        """One step of telling alike parts apart, counted."""
        self.steps += 1
        if self.steps > MOST_STEPS:
            raise NotCanonical("too many parts that look alike")
        return super().hash_n_degree_quads(id_, issuer)


def canonize(document: dict[str, Any]) -> str:
    """Canonical N-Quads of a document.

    Raises:
        UnknownContext, UnknownTerm: something would be lost.
        NotCanonical: not JSON-LD, or nested deeper than ``DEEPEST``.
    """
    _check_contexts(document)
    options = {
        "documentLoader": load,
        "contextResolver": ContextResolver(RESOLVED, load),
        "base": RELATIVE,
        "processingMode": "json-ld-1.1",
    }
    try:
        expanded = jsonld.expand(document, dict(options), on_property_dropped=_refuse)
        for node in _nodes(expanded):
            _check_node(node)
        dataset = jsonld.to_rdf(expanded, {**options, "produceGeneralizedRdf": False})
        text: str = _Bounded().main(dataset, {**options, "format": "application/n-quads"})
    except (jsonld.JsonLdError, RecursionError, KeyError, TypeError, AttributeError) as why:
        # pyld answers some malformed input with Python's own errors.
        raise NotCanonical(str(why)) from why
    return text


def _refuse(term: object) -> None:
    raise UnknownTerm(str(term))


def _check_contexts(document: dict[str, Any], depth: int = 1) -> None:
    named = document.get("@context")
    for entry in named if isinstance(named, list) else [named]:
        if not isinstance(entry, str):
            raise UnknownContext(json.dumps(entry, ensure_ascii=False)[:80])
        context(entry)
    for name, value in document.items():
        if name != "@context":
            _check_plain(value, depth)


def _check_plain(value: object, depth: int) -> None:
    """Below the top there are no nulls, which expansion drops in silence, and no own contexts.

    A credential inside a credential has its own, from the same files.
    """
    if depth > DEEPEST:
        raise NotCanonical("nested too deeply")
    if value is None:
        raise UnknownTerm("null")
    if isinstance(value, list):
        for entry in value:
            _check_plain(entry, depth + 1)
    elif isinstance(value, dict) and "@context" in value:
        types = value.get("type")
        if not isinstance(types, list) or "VerifiableCredential" not in types:
            raise UnknownContext("@context")
        _check_contexts(value, depth + 1)
    elif isinstance(value, dict):
        for entry in value.values():
            _check_plain(entry, depth + 1)


def _nodes(value: object) -> Iterator[dict[str, Any]]:
    if isinstance(value, list):
        for entry in value:
            yield from _nodes(entry)
    elif isinstance(value, dict):
        yield value
        for key, entry in value.items():
            if key not in {"@id", "@type", "@value"}:
                yield from _nodes(entry)


def _check_node(node: dict[str, Any]) -> None:
    """Names that are no addresses would be dropped, or completed with whatever base there is."""
    if "@value" in node:
        return
    types = node.get("@type", [])
    for name in [node.get("@id", "_:"), *(types if isinstance(types, list) else [types])]:
        if not isinstance(name, str) or ":" not in name or name.startswith(RELATIVE):
            raise UnknownTerm(str(name).removeprefix(RELATIVE))
