"""OULAD in the hall, recounted from the raw files by code that shares nothing with the load."""

import csv
import gzip
from collections import Counter, defaultdict
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db.models import Count, Sum

from tests.hall import factories
from xueqiao.hall import exports
from xueqiao.hall.intake import oulad, oulad_rows, places
from xueqiao.hall.models import Bucket, Completion, Enrolment, Offering, SeatMove
from xueqiao.kernel import ids
from xueqiao.network.models import Place
from xueqiao.people import identity
from xueqiao.people.models import OutsideAccount, Person
from xueqiao.records.models import LogEntry

AT = datetime(2026, 11, 1, tzinfo=UTC)
LOCAL = ZoneInfo("Asia/Shanghai")
STARTS = {"B": (2, 1), "J": (10, 1)}


def raw(name, folder=oulad_rows.FOLDER):
    opened = gzip.open if name.endswith("gz") else open
    with opened(folder / name, "rt") as file:
        return list(csv.DictReader(file))


def start_of(presentation):
    return date(int(presentation[:4]), *STARTS[presentation[4]])


def midnight(day):
    return datetime(day.year, day.month, day.day, tzinfo=LOCAL)


@pytest.fixture
def some(tmp_path):
    """Two presentations of the real files, every 90th learner, and all learners of odd kinds."""
    keep = [("AAA", "2013J"), ("BBB", "2014B")]
    info = [
        r for r in raw("studentInfo.csv.gz") if (r["code_module"], r["code_presentation"]) in keep
    ]
    info = [r for r in info if int(r["id_student"]) % 30 == 0]
    keys = {(r["code_module"], r["code_presentation"], r["id_student"]) for r in info}
    when = [
        r
        for r in raw("studentRegistration.csv.gz")
        if (r["code_module"], r["code_presentation"], r["id_student"]) in keys
    ]
    courses = [r for r in raw("courses.csv") if (r["code_module"], r["code_presentation"]) in keep]
    for name, rows in [
        ("courses.csv", courses),
        ("studentInfo.csv.gz", info),
        ("studentRegistration.csv.gz", when),
    ]:
        opened = gzip.open if name.endswith("gz") else open
        with opened(tmp_path / name, "wt", newline="") as file:
            write = csv.DictWriter(file, rows[0].keys())
            write.writeheader()
            write.writerows(rows)
    return tmp_path


def state():
    """Everything that the load wrote, without row numbers."""
    return {
        "offerings": list(
            Offering.objects.order_by("code").values_list("code", "title", "starts_on")
        ),
        "people": set(Person.objects.values_list("key", "sex", "birth_year", "home__code")),
        "links": set(OutsideAccount.objects.values_list("home_page", "name", "person__key")),
        "enrolments": set(
            Enrolment.objects.values_list("request_key", "state", "enrolled_at", "ended_at")
        ),
        "results": set(Completion.objects.values_list("request_key", "result", "completed_at")),
        "moves": Counter(SeatMove.objects.values_list("enrolment__request_key", "amount")),
        "log": Counter(LogEntry.objects.values_list("kind")),
        "taken": list(Bucket.objects.order_by("offering__code").values_list("taken", "capacity")),
    }


def seat_law_holds_everywhere():
    active = dict(
        Enrolment.objects.filter(state="active").values_list("bucket_id").annotate(n=Count("pk"))
    )
    moved = dict(SeatMove.objects.values_list("bucket_id").annotate(n=Sum("amount")))
    for bucket in Bucket.objects.all():
        assert bucket.taken == active.get(bucket.pk, 0) == moved.get(bucket.pk, 0)


@pytest.mark.slow
@pytest.mark.django_db
def test_the_whole_set_agrees_with_a_recount_of_the_files():
    factories.province_with_villages()
    counts = oulad.load(at=AT)
    info = raw("studentInfo.csv.gz")
    learners = {row["id_student"] for row in info}
    assert counts == oulad.Counts(22, len(learners), len(info), len(info))
    assert (len(learners), len(info)) == (28_785, 32_593)

    results = Counter(row["final_result"].lower() for row in info)
    counted = Completion.objects.values_list("result").annotate(n=Count("pk")).order_by()
    assert dict(counted) == results
    passed = sum(
        int(row["studied_credits"])
        for row in info
        if row["final_result"] in {"Pass", "Distinction"}
    )
    posted = Completion.objects.filter(result__in=["pass", "distinction"])
    assert posted.aggregate(n=Sum("studied_credits_hundredths"))["n"] == passed * 100
    assert passed == 1_134_445

    left = [row for row in raw("studentRegistration.csv.gz") if row["date_unregistration"]]
    unmarked = 93  # withdrawn without a day
    assert Enrolment.objects.filter(state="withdrawn").count() == len(left) + unmarked
    assert SeatMove.objects.filter(amount=1).count() == len(info)
    assert dict(LogEntry.objects.values_list("kind").annotate(n=Count("pk")).order_by()) == {
        "hall.enrolled": len(info),
        "hall.withdrawn": len(left) + unmarked,
        "hall.completed": len(info),
    }
    seat_law_holds_everywhere()
    assert exports.ENROLMENTS.count() == exports.COMPLETIONS.count() == len(info)


@pytest.mark.django_db
def test_days_results_and_people_are_those_of_the_source(some):
    factories.province_with_villages()
    oulad.load(at=AT, folder=some)
    lengths = {
        (r["code_module"], r["code_presentation"]): int(r["module_presentation_length"])
        for r in raw("courses.csv", some)
    }
    when = {
        (r["code_module"], r["code_presentation"], r["id_student"]): r
        for r in raw("studentRegistration.csv.gz", some)
    }
    rows = raw("studentInfo.csv.gz", some)
    found = {
        row.request_key: row
        for row in Enrolment.objects.select_related("completion", "person", "offering")
    }
    assert len(found) == len(rows)
    for row in rows:
        module, presentation, learner = (
            row["code_module"],
            row["code_presentation"],
            row["id_student"],
        )
        enrolment = found[f"oulad:{module}:{presentation}:{learner}"]
        start = start_of(presentation)
        end = start + timedelta(days=lengths[module, presentation])
        source = when[module, presentation, learner]
        if source["date_registration"]:
            day = start + timedelta(days=int(source["date_registration"]))
            assert enrolment.enrolled_at == midnight(day)
        gone = source["date_unregistration"]
        ended = midnight(start + timedelta(days=int(gone))) if gone else None
        if row["final_result"] == "Withdrawn":
            assert enrolment.ended_at == (ended or midnight(end))
            assert enrolment.completion.completed_at == enrolment.ended_at
        else:
            assert (enrolment.ended_at, enrolment.completion.completed_at) == (ended, midnight(end))
        assert enrolment.completion.studied_credits_hundredths == 100 * int(row["studied_credits"])
        person = enrolment.person
        assert person.key == ids.stable_uuid("oulad", learner)
        assert person.sex == {"M": "1", "F": "2"}[row["gender"]]
        assert person.is_sample
        assert identity.person_of("https://oulad.example", learner) == person.pk


@pytest.mark.django_db
def test_a_second_load_adds_nothing_and_a_stopped_one_goes_on(some, monkeypatch):
    factories.province_with_villages()
    enrol, calls = oulad._enrol, []

    def stops_after_one(*arguments):
        if calls:
            raise KeyboardInterrupt
        calls.append(arguments)
        enrol(*arguments)

    monkeypatch.setattr(oulad, "_enrol", stops_after_one)
    with pytest.raises(KeyboardInterrupt):
        oulad.load(at=AT, folder=some)
    half = state()
    monkeypatch.undo()
    oulad.load(at=AT, folder=some)
    whole = state()
    oulad.load(at=AT + timedelta(days=1), folder=some)
    assert state() == whole
    assert half["enrolments"] < whole["enrolments"]
    assert len(whole["enrolments"]) == len(raw("studentInfo.csv.gz", some))
    seat_law_holds_everywhere()


@pytest.mark.django_db
def test_homes_follow_the_residents_and_never_change():
    factories.province_with_villages()
    homes = places.homes(province="32")
    chosen = [homes.choose(str(number)) for number in range(2000)]
    again = places.homes(province="32")
    assert chosen == [again.choose(str(number)) for number in range(2000)]
    first = set(
        Place.objects.filter(code__startswith="320102", level=5).values_list("pk", flat=True)
    )
    share = sum(home in first for home in chosen) / 2000
    assert 0.71 < share < 0.79
    assert len(set(chosen)) == 12


@pytest.mark.django_db
def test_without_places_it_says_what_to_run_first(some):
    with pytest.raises(places.NetworkMissing, match="load_places"):
        oulad.load(at=AT, folder=some)
    assert Offering.objects.count() == 0


def test_ages_lie_in_the_band_of_the_first_presentation():
    rows = defaultdict(list)
    for row in raw("studentInfo.csv.gz"):
        rows[row["id_student"]].append(row)
    bands = {"0-35": (16, 35), "35-55": (36, 55), "55<=": (56, 85)}
    for learner in oulad_rows.learners():
        first = min(
            rows[learner.name], key=lambda r: (start_of(r["code_presentation"]), r["code_module"])
        )
        youngest, oldest = bands[first["age_band"]]
        assert youngest <= start_of(first["code_presentation"]).year - learner.birth_year <= oldest
