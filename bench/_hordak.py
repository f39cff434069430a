"""django-hordak on the same PostgreSQL: run by ``bench.beside`` with an interpreter that has it.

    python bench/_hordak.py postgresql://… <postings> <history>

It works in a schema of its own and drops it. Prints postings a second and what a balance costs, as
JSON. Nothing of Xueqiao is imported here.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import time
import urllib.parse

import django
from django.conf import settings

SCHEMA = f"hordak_bench_{os.getpid()}"


def configure(url: str) -> None:
    parts = urllib.parse.urlsplit(url)
    settings.configure(
        INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", "mptt", "hordak"],
        DATABASES={
            "default": {
                "ENGINE": "django.db.backends.postgresql", "NAME": parts.path[1:],
                "USER": parts.username, "PASSWORD": parts.password, "HOST": parts.hostname,
                "PORT": parts.port, "OPTIONS": {"options": f"-c search_path={SCHEMA}"},
            }
        },
        USE_TZ=True, DEFAULT_AUTO_FIELD="django.db.models.BigAutoField", CURRENCIES=("EUR",),
        DEFAULT_CURRENCY="EUR",
    )  # fmt: skip
    django.setup()


def main(url: str, postings: int, history: int) -> None:
    configure(url)
    from django.core.management import call_command  # noqa: PLC0415 - after Django is ready
    from django.db import connection, transaction  # noqa: PLC0415

    with connection.cursor() as run:
        run.execute(f"drop schema if exists {SCHEMA} cascade")
        run.execute(f"create schema {SCHEMA}")
    try:
        call_command("migrate", verbosity=0, interactive=False)
        print(json.dumps(measure(transaction, postings, history)))
    finally:
        with connection.cursor() as run:
            run.execute(f"drop schema {SCHEMA} cascade")


def measure(transaction, postings: int, history: int) -> dict[str, float]:
    from hordak.models import Account, Leg, Transaction  # noqa: PLC0415 - after Django is ready
    from hordak.models.core import AccountType  # noqa: PLC0415
    from moneyed import Money  # noqa: PLC0415

    made = {"currencies": ["EUR"]}
    bank = Account.objects.create(name="bank", code="1", type=AccountType.asset, **made)
    income = Account.objects.create(name="income", code="2", type=AccountType.income, **made)
    one = Money("1.00", "EUR")
    start = time.perf_counter()
    for _n in range(postings):
        income.transfer_to(bank, one)
    rate = postings / (time.perf_counter() - start)
    small = balance(bank)
    for first in range(0, history, 5_000):
        size = min(5_000, history - first)
        with transaction.atomic():
            groups = Transaction.objects.bulk_create([Transaction() for _n in range(size)])
            legs = [Leg(transaction=each, account=bank, debit=one) for each in groups]
            legs += [Leg(transaction=each, account=income, credit=one) for each in groups]
            Leg.objects.bulk_create(legs)
    return {"postings": rate, "balance_small_ms": small, "balance_ms": balance(bank)}


def balance(account) -> float:
    spent = []
    for _n in range(5):
        start = time.perf_counter()
        account.get_balance()
        spent.append(time.perf_counter() - start)
    return statistics.median(spent) * 1e3


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
