"""Rules and conversions of the older form are carried over by migration 0009."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BEFORE = """
import json
from datetime import UTC, date, datetime
import django
django.setup()
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

call_command("migrate", "creditbank", "0008_rulebook", verbosity=0)
state = MigrationExecutor(connection).loader.project_state([("creditbank", "0008_rulebook")])
bank = lambda name: state.apps.get_model("creditbank", name).objects
at, day = datetime(2026, 1, 1, tzinfo=UTC), date(2026, 1, 1)
named = {"is_sample": True, "source": "s"}
framework = bank("QualificationFramework").create(
    code="F", version="1", name_zh="F", name_en="F", valid_from=day, **named)
level = bank("Level").create(
    framework=framework, number=5, name_zh="5", name_en="5", knowledge="", skills="",
    competence="", source="s")
scope = bank("CountingScope").create(code="S", name_zh="S", name_en="S", **named)
programme = bank("Programme").create(
    code="P", title_zh="P", title_en="P", level=level, scope=scope, total_hundredths=8000,
    cap_numerator=1, cap_denominator=2, **named)
target = bank("CreditGroup").create(
    programme=programme, code="E", title_zh="E", title_en="E", credit_hundredths=5000)
agreement = bank("TransferAgreement").create(
    code="A", title_zh="A", title_en="A", giving="g", receiving="r", valid_from=day, **named)
rule = bank("ConversionRule").create(
    code="R", agreement=agreement, programme=programme, title_zh="R", title_en="R")
version = bank("RuleVersion").create(
    rule=rule, number=1, state="published", pattern={"units": ["U"], "fields": []}, target=target,
    ratio_numerator=5, ratio_denominator=9, level_gap=1, hop_limit=1, cap_numerator=1,
    cap_denominator=2, reserve_days=60, valid_from=day, published_at=at, source="s")
person = state.apps.get_model("people", "Person").objects.create(
    key="0" * 32, name="n", opened_at=at)
group = lambda key: bank("TransferGroup").create(
    key=key, request_hash="", kind="k", event_at=at, posted_at=at)
account = bank("Account").create(
    code="lot:1", unit="XF", kind="lot", no_overdraw=True, opened_at=at)
conversion = bank("Conversion").create(
    request_key="c", request_hash="", person=person, version=version, asked_by=person,
    granted_hundredths=1000, state="approved", state_since=at, asked_at=at, reserved_until=at,
    reservation=group("reserve:c"))
settled = group(f"convert:{conversion.pk}")
made = bank("CreditLot").create(
    account=account, person=person, level=level, field="f", title_zh="l", title_en="l",
    amount_hundredths=1000, source_kind="converted", obtained=day, conversion=conversion,
    state_since=at)
bank("ConversionUse").create(conversion=conversion, lot=made, amount_hundredths=1800)

call_command("migrate", verbosity=0)
from xueqiao.creditbank import rules
from xueqiao.creditbank.models import Conversion, ConversionUse, RuleVersion

body = RuleVersion.objects.get().body
now = Conversion.objects.get()
try:
    RuleVersion.objects.update(body={})
    guarded = False
except Exception:
    guarded = True
print(json.dumps({
    "body": body, "normal": rules.write(rules.read(body)) == body,
    "results": list(now.results.values_list("target__code", "granted_hundredths")),
    "made": ConversionUse.objects.get().made_hundredths,
    "settled": now.settlement_id == settled.pk, "guarded": guarded,
}))
"""


@pytest.mark.embedded
@pytest.mark.slow
def test_what_was_published_and_converted_is_carried_over(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", BEFORE], cwd=ROOT, capture_output=True, text=True, check=False,
        env={
            **os.environ, "XUEQIAO_HOME": str(tmp_path), "XUEQIAO_DATABASE_URL": "",
            "DJANGO_SETTINGS_MODULE": "xueqiao.settings", "PYTHONPATH": str(ROOT / "src"),
        },
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout.splitlines()[-1]) == {
        "body": {
            "sources": [{"units": ["U"]}], "cardinality": {"kind": "sum"},
            "targets": [{"code": "E"}],
            "value": {"kind": "ratio", "numerator": 5, "denominator": 9},
            "limits": [{"on": "rule", "numerator": 1, "denominator": 2}], "level_gap": 1,
        },
        "normal": True, "results": [["E", 1000]], "made": 1000, "settled": True, "guarded": True,
    }  # fmt: skip
