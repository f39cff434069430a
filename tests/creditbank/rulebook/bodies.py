"""Bodies of rules for the tests of checks and sentences."""

from __future__ import annotations

from datetime import date

from hypothesis import HealthCheck, settings

from xueqiao.creditbank import rules
from xueqiao.creditbank.rulebook import rules_lint

DAY = date(2026, 9, 1)
# A busy machine is no finding.
patient = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


def body(**changes):
    given = {
        "sources": [{"source_kinds": ["formal"]}],
        "cardinality": {"kind": "sum"},
        "targets": [{"code": "ELECTIVE"}],
        "value": {"kind": "ratio", "numerator": 1, "denominator": 2},
    }
    return rules.read({**given, **changes})


def made(field="IT", level=5, issuer="school"):
    return rules.LotFacts(
        unit_code="", source_kind="converted", field=field, level=level, obtained=DAY,
        valid_to=None, hops=1, is_active=True, issuer=issuer,
    )  # fmt: skip


def rule(code="R-1", *, programme="P-1", level=5, worth=5000, total=8000, gives=("IT",), **changes):
    return rules_lint.Rule(
        code=code, programme=programme, body=body(**changes),
        destination=rules.Destination(level), worth={"ELECTIVE": worth}, total_hundredths=total,
        made=tuple(made(name, level) for name in gives),
    )  # fmt: skip
