"""What a rule version says: as a fingerprint to sign, and as a sentence to read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import get_language, override

from xueqiao.creditbank import rules
from xueqiao.creditbank.models import RuleVersion, SourceKind, Unit
from xueqiao.creditbank.rulebook import rules_sentences
from xueqiao.network import institutions

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import date

    from xueqiao.creditbank.rulebook.rules_sentences import Language

LOCALES: dict[Language, str] = {"zh": "zh-hans", "en": "en"}


def text_hash(version: RuleVersion) -> str:
    """SHA-256 of all that a version says: whoever signs or publishes it does so with this."""
    end = version.valid_to.isoformat() if version.valid_to else None
    return rules.canonical_hash(
        {
            "rule": version.rule.code, "number": version.number, "body": version.body,
            "reserve_days": version.reserve_days, "source": version.source,
            "valid_from": version.valid_from.isoformat(), "valid_to": end,
        }
    )  # fmt: skip


def sentences(versions: Iterable[RuleVersion], language: Language) -> dict[int, str]:
    """The sentence of each version in one language, by its id. Two queries for all of them.

    The versions come with ``rule__programme__groups``, as ``matching.versions_in_force`` reads
    them.
    """
    rows = list(versions)
    bodies = {row.pk: rules.read(row.body) for row in rows}
    patterns = [pattern for body in bodies.values() for pattern in body.sources]
    units = _units({code for pattern in patterns for code in pattern.units}, language)
    issuers = _issuers({code for pattern in patterns for code in pattern.issuers}, rows)
    kinds = _kinds(language)
    return {
        row.pk: rules_sentences.sentence(
            bodies[row.pk], _names(row, language, units, issuers, kinds), language
        )
        for row in rows
    }


def sentence(version: RuleVersion, language: Language) -> str:
    """One version's sentence."""
    return sentences([version], language)[version.pk]


def reading() -> Language:
    """The language in which the present reader gets sentences."""
    return "en" if get_language() == "en" else "zh"


def _names(
    row: RuleVersion, language: Language, units: dict[str, str], issuers: dict[str, str],
    kinds: dict[str, str],
) -> rules_sentences.Names:  # fmt: skip
    programme = row.rule.programme
    title = f"title_{language}"
    targets = {part.code: getattr(part, title) for part in programme.groups.all()}
    return rules_sentences.Names(getattr(programme, title), targets, units, kinds, issuers)


def _units(codes: set[str], language: Language) -> dict[str, str]:
    rows = Unit.objects.filter(code__in=codes).order_by("valid_from", "pk")
    return {row.code: getattr(row, f"title_{language}") for row in rows}


def _issuers(codes: set[str], rows: list[RuleVersion]) -> dict[str, str]:
    day = max((row.valid_from for row in rows), default=None)
    return _issuer_names(codes, day) if codes and day else {}


def _issuer_names(codes: set[str], day: date) -> dict[str, str]:
    found = institutions.active(day).filter(code__in=codes)
    return dict(found.values_list("code", "name"))


def _kinds(language: Language) -> dict[str, str]:
    with override(LOCALES[language]):
        return {kind.value: str(kind.label) for kind in SourceKind}
