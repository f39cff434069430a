"""Writes src/xueqiao/sample/funds/budgets_2020.csv (示例) from the places and census loaded.

Run once where the census changes: XUEQIAO_HOME=… python tools/make_sample_budgets.py
The rule is funds/rules.py: sample_fen; tests/funds compares the file with it.
"""

from __future__ import annotations

import csv
import os
from datetime import date

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "xueqiao.settings")
django.setup()

from xueqiao.funds import budgets, intake, rules  # noqa: E402 - needs the setup
from xueqiao.network import population, tree  # noqa: E402

PROVINCES = ("32", "43")
DAY = date(2023, 6, 30)  # the day of the statistical register


def main() -> None:
    counties = [
        place
        for place in tree.places(register="nbs", level=3, day=DAY)
        if place.code.startswith(PROVINCES)
    ]
    residents = population.residents_of([place.pk for place in counties])
    intake.SAMPLE.parent.mkdir(exist_ok=True)
    with intake.SAMPLE.open("w", encoding="utf-8", newline="") as file:
        write = csv.writer(file, lineterminator="\n")
        write.writerow(intake.COLUMNS)
        for place in counties:
            if people := residents.get(place.pk, 0):
                write.writerow(
                    [
                        place.code,
                        place.name,
                        2020,
                        budgets.LIFELONG_EDUCATION,
                        rules.sample_fen(place.code, people),
                        "2020-03-01",
                        "示例：按2020年常住人口生成，不是真实预算",
                        1,
                    ]
                )


if __name__ == "__main__":
    main()
