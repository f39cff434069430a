"""A programme with parts, rules into it, a qualification at its end, and lots of all kinds."""

from __future__ import annotations

from datetime import date

from tests.creditbank import factories
from tests.creditbank.test_conversion import Bank
from xueqiao.creditbank import lots, rulebodies, rules
from xueqiao.creditbank.models import (
    ConversionRule,
    CountingScope,
    CreditGroup,
    CreditLot,
    Level,
    Programme,
    Qualification,
    RuleVersion,
    SourceKind,
    TransferAgreement,
    Unit,
)

AT, DAY = factories.AT, factories.DAY
CARE = "SAMPLE-ELDERCARE-U1"


class Campus(Bank):
    """The bank of ``test_conversion`` with a programme of 20 credits of its own.

    Parts: CORE (12 credits) with the courses C1 (4) and C2 (3) in it, FREE (8 credits).
    """

    def __init__(self, **programme):
        super().__init__()
        self.level = Level.objects.get(framework__code="SAMPLE-QF10", number=5)
        facts = {
            "code": "P", "title_zh": "专业", "title_en": "Programme", "level": self.level,
            "scope": CountingScope.objects.get(code="SAMPLE-BACHELOR"), "total_hundredths": 2000,
            "cap_numerator": 3, "cap_denominator": 4, "is_sample": True, "source": "test",
            "institution": factories.institution(),
        }  # fmt: skip
        self.programme = Programme.objects.create(**{**facts, **programme})
        self.parts = {}
        for code, worth, above in (("CORE", 1200, ""), ("C1", 400, "CORE"), ("C2", 300, "CORE"),
                                   ("FREE", 800, "")):  # fmt: skip
            self.parts[code] = CreditGroup.objects.create(
                programme=self.programme, code=code, title_zh=code, title_en=code,
                credit_hundredths=worth, parent=self.parts.get(above),
                kind="course" if above else "group",
            )  # fmt: skip

    def rule(self, code, *, source_kinds=(), at_least=1, how=None, value=None, targets=(), **more):
        """A published rule; ``at_least`` and ``source_kinds`` of the only pattern."""
        pattern = {"at_least_hundredths": at_least, "source_kinds": list(source_kinds)}
        body = {
            "sources": more.pop("sources", [pattern]), "cardinality": how or {"kind": "sum"},
            "targets": [
                each if isinstance(each, dict) else {"code": each} for each in targets or ["FREE"]
            ],
            "value": value or {"kind": "ratio"}, "level_gap": 4, **more,
        }  # fmt: skip
        rule = ConversionRule.objects.create(
            code=code, agreement=TransferAgreement.objects.get(code="SAMPLE-AGREEMENT-1"),
            programme=self.programme, title_zh=code, title_en=code,
        )  # fmt: skip
        return RuleVersion.objects.create(
            rule=rule, number=1, body=rulebodies.rule(body, self.programme), reserve_days=60,
            valid_from=date(2013, 1, 1), source="test", state=RuleVersion.State.PUBLISHED,
            published_at=AT,
        )  # fmt: skip

    def qualification(self, **requirements):
        asked = {
            "total_hundredths": 2000,
            "groups": [
                {"code": "CORE", "least_hundredths": 1000, "units": ["OULAD-AAA-U1"]},
                {"code": "FREE", "units": ["OULAD-BBB-U1"]},
            ],
        }  # fmt: skip
        return Qualification.objects.create(
            code="Q", version="1", title_zh="资历", title_en="Qualification",
            programme=self.programme, level=self.level, institution=self.programme.institution,
            requirements=rulebodies.requirements({**asked, **requirements}, self.programme),
            reserve_days=30, valid_from=date(2013, 1, 1), is_sample=True, source="test",
        )  # fmt: skip

    def manager(self, name, institution):
        return factories.manager(name, institution, self.places.county)

    def certificate(self, credits=300, unit=CARE, kind=SourceKind.CERTIFICATE, **facts):  # noqa: A002
        """A lot that an outcome of any kind became; certificate facts as in ``lots.Draft``."""
        self.count += 1
        measures = lots.Measures()
        draft = lots.Draft(
            key=f"test:{self.count}", person_id=self.learner.pk, unit=Unit.objects.get(code=unit),
            institution_id=None, issuer=facts.pop("issuer", "ISSUER"), number=str(self.count),
            result="pass", amount_hundredths=credits, source_kind=SourceKind(kind),
            obtained=facts.pop("obtained", date(2014, 1, 1)), event_at=AT,
            rule=measures.rule("prior.credit", DAY), reasons="", valid_to=None,
            evidence_sha256=(), source="test", **facts,
        )  # fmt: skip
        (pk,) = lots.post_recognised(drafts=[draft], now=AT)
        return CreditLot.objects.get(pk=pk)


def body(**more):
    """A body by ratio 1:1 of whatever lots into one target."""
    plain = {
        "sources": [{}], "cardinality": {"kind": "sum"}, "targets": [{"code": "T"}],
        "value": {"kind": "ratio"},
    }  # fmt: skip
    return rules.read({**plain, **more})
