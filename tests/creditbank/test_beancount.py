"""The export of the ledger: its own arithmetic, and what bean-check says where it is installed."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections import defaultdict
from decimal import Decimal

import pytest
from django.core.management import call_command

from tests.creditbank import factories
from tests.creditbank.test_reversal import LATER, Court
from xueqiao.creditbank import beancount, expiry
from xueqiao.creditbank.models import Account, CreditLot

pytestmark = pytest.mark.django_db
BEAN_CHECK = os.environ.get("XUEQIAO_BEAN_CHECK") or shutil.which("bean-check")


@pytest.fixture
def court():
    """A ledger with every kind of voucher: posted, reserved, lapsed, given back, reversed."""
    court = Court()
    lot, other = court.lot(6000), court.lot(6000, module="BBB")
    court.approve(court.request((lot, 1800)))
    court.request((other, 900), key="waits")
    CreditLot.objects.filter(pk=other.pk).update(valid_to=factories.DAY)
    expiry.expire_due(now=LATER)
    court.carry_out(court.ask(lot))
    court.lot(333, module="CCC")
    return court


def book(text):
    """What a reader of the file alone finds: sums of postings, and the asserted balances."""
    sums, asserted = defaultdict(Decimal), {}
    for line in text.splitlines():
        if found := re.match(r"  (\S+)  (-?[\d.]+) (XF|CAP)$", line):
            sums[found[1]] += Decimal(found[2])
        if found := re.match(r"\S+ balance (\S+) (-?[\d.]+) ~ 0.00 ", line):
            asserted[found[1]] = Decimal(found[2])
    return sums, asserted


def test_the_postings_of_the_file_give_the_balances_that_it_asserts(court):
    sums, asserted = book("\n".join(beancount.lines()))
    assert {name: sums[name] for name in asserted} == asserted
    assert len(asserted) == Account.objects.count()
    assert sum(sums.values()) == 0
    assert any(held for held in asserted.values())


def test_reasons_cannot_break_out_of_their_quotes():
    issue, lot = factories.account("issue"), factories.account("lot", no_overdraw=True)
    factories.post(issue, lot, 5, 'say "no"\\')
    text = "\n".join(beancount.lines())
    assert r'voucher: "say \"no\"\\"' in text
    assert "0.05 XF" in text


@pytest.mark.skipif(not BEAN_CHECK, reason="bean-check is not installed")
def test_bean_check_accepts_the_ledger_and_finds_a_changed_amount(court, tmp_path):
    file = tmp_path / "ledger.beancount"
    call_command("export_ledger", to=file)
    said = subprocess.run([BEAN_CHECK, file], check=False, capture_output=True, text=True)
    assert (said.returncode, said.stdout, said.stderr) == (0, "", "")
    text = file.read_text(encoding="utf-8")
    broken = text.replace(" 3.33 ~", " 3.32 ~", 1)
    assert broken != text
    file.write_text(broken, encoding="utf-8")
    said = subprocess.run([BEAN_CHECK, file], check=False, capture_output=True, text=True)
    assert said.returncode == 1
    assert "Balance failed" in said.stderr
