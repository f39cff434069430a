"""Research extracts: hidden well, alike for all recipients, written down, taken back."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
import random
from collections import Counter, defaultdict
from datetime import date, timedelta

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from django.db import DatabaseError, transaction
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.governance.conftest import AT, TODAY
from tests.governance.lakes import LEARNERS
from xueqiao.governance import deciding, readings
from xueqiao.governance.exporting import links
from xueqiao.governance.extracts import (
    anonymising,
    asking,
    copies,
    ending,
    handing,
    making,
    reading,
    recognising,
)
from xueqiao.governance.models import LakeReading, ResearchExtract
from xueqiao.kernel import lease
from xueqiao.lake.anonymity.ladders import Spot
from xueqiao.people.models import Person


def wish(place, **changes):
    given_ = asking.Wish(
        design="activity", known=("sex", "age", "home", "month"), follows=True,
        purpose="how often elders come back", ethics="IRB-2026-7",
        recipients=("梁思远，省开放大学", "Ada, a university"), place_id=place.pk,
        first_month=date(2024, 1, 1), last_month=date(2024, 12, 1), k=5, diversity=2,
        sensitive=(), valid_to=TODAY + timedelta(days=30),
    )  # fmt: skip
    return dataclasses.replace(given_, **changes)


@pytest.fixture
def ask(learners):
    """Ask and grant an extract of the office's province."""
    office = learners

    def asked(key="x", **changes):
        found = asking.ask(
            request_key=key, by=office.analyst, wish=wish(office.where.province, **changes), at=AT
        )
        return asking.decide(extract=found, by=office.province, is_granted=True, note="", at=AT)

    return asked


def made(extract):
    making.work(now=AT)
    extract.refresh_from_db()
    assert extract.state == "made", extract.failure
    return extract


def content(extract):
    """The bytes of all files of the present edition, by name."""
    return {
        file.name: (copies.folder(extract) / file.name).read_bytes()
        for file in extract.files.filter(edition=extract.edition)
    }


def table(extract, recipient=1):
    return pq.read_table(copies.folder(extract) / f"copy-{recipient:02d}-00001.parquet")


def classes(lines, known, *, follows):
    """Persons who are alike, by what a reader of the file can put together; and their lines."""
    told = defaultdict(list)
    for line in lines:
        told[line["person_key"]].append(tuple(line[name] for name in known))
    groups, rows = defaultdict(set), defaultdict(list)
    for line in lines:
        alike = tuple(sorted(set(told[line["person_key"]])))
        alike = alike if follows else tuple(line[name] for name in known)
        groups[alike].add(line["person_key"])
        rows[alike].append(line)
    return groups, rows


# --- what holds for any rows ---------------------------------------------------------------------

TREE = {
    1: Spot(None, 1, "32"), 2: Spot(1, 2, "3209"), 3: Spot(2, 3, "320924"),
    4: Spot(2, 3, "320923"), 5: Spot(3, 4, "320924100"), 6: Spot(5, 5, "320924100201"),
    7: Spot(4, 4, "320923100"),
}  # fmt: skip
MONTHS = tuple(date(2024, month, 1) for month in range(1, 7))
PEOPLE = st.lists(
    st.tuples(
        st.sampled_from("012"),
        st.none() | st.integers(1930, 2015),
        st.sampled_from((3, 4, 5, 6, 7)),
        st.sets(st.sampled_from(MONTHS), min_size=1, max_size=3),
        st.integers(0, 500),
        st.sampled_from(("pass", "fail", "open")),
    ),
    min_size=12,
    max_size=40,
)


def source(people, *, monthly):
    lines = []
    for number, (sex, born, home, months, size, result) in enumerate(people, 1):
        fixed = {"learner_id": 2 * number, "sex": sex, "birth_year": born, "home": home}
        if not monthly:
            lines.append({
                **fixed, "month": min(months), "best_result": result, "enrolments": 1 + size % 4,
                "completed": size % 4, "studied_hundredths": size,
            })  # fmt: skip
            continue
        lines += [
            {
                **fixed, "month": month, "days": 1 + size % 9, "activities": size,
                "attendances": size % 7, "seconds": 60 * size,
            }
            for month in sorted(months)
        ]  # fmt: skip
    return reading.Source(pa.Table.from_pylist(lines), TREE, {}, {}, "nbs")


@pytest.mark.embedded
@settings(max_examples=20, deadline=None)
@given(people=PEOPLE, k=st.integers(5, 8), design=st.sampled_from(("activity", "completions")),
       follows=st.booleans(), drop=st.sampled_from(("", "sex", "age", "home")))  # fmt: skip
def test_any_extract_is_k_anonymous_and_l_diverse(people, k, design, follows, drop):
    monthly = design == "activity"
    known = ["sex", "age", "home", "month" if monthly else "last_completed"]
    known = [name for name in known if name != drop]
    sensitive = [] if monthly else ["best_result"]
    extract = ResearchExtract(
        design=design, known=known, follows=follows, sensitive=sensitive, k=k,
        diversity=1 if monthly else 2, place_id=1, first_month=date(2024, 1, 1),
    )  # fmt: skip
    given_ = source(people, monthly=monthly)
    learners = set(given_.facts["learner_id"].to_pylist())
    try:
        found = anonymising.anonymise(extract, given_, learners)
    except (anonymising.TooFewPersons, anonymising.NotDiverse):
        return
    lines = [{**each, "person_key": each["learner_id"]} for each in found.rows.to_pylist()]
    groups, rows = classes(lines, known, follows=follows and monthly)
    assert min(len(group) for group in groups.values()) == found.told["k"]["reached"] >= k
    if sensitive:
        assert all(len({line["best_result"] for line in each}) >= 2 for each in rows.values())
    young = {2 * n for n, person in enumerate(people, 1) if (person[1] or 0) > 2010}
    assert not young & {line["learner_id"] for line in lines}
    for name in known:
        alone = defaultdict(set)
        for line in lines:
            alone[line[name]].add(line["learner_id"])
        assert min(map(len, alone.values())) >= k, "no small place, no rare age singles anybody out"
    again = anonymising.anonymise(extract, given_, learners)
    assert again.rows.equals(found.rows)
    assert again.told == found.told


# --- the whole way -------------------------------------------------------------------------------


def test_a_copy_for_each_recipient_differs_in_keys_and_order_only(ask):
    extract = made(ask())
    one, two = table(extract, 1), table(extract, 2)
    keys = [set(each["person_key"].to_pylist()) for each in (one, two)]
    assert not keys[0] & keys[1]
    rest = one.column_names[1:]
    plain = [Counter(tuple(line[name] for name in rest) for line in each.to_pylist())
             for each in (one, two)]  # fmt: skip
    assert plain[0] == plain[1]
    assert one.select(rest) != two.select(rest), "the order is the copy's own"
    groups, _rows = classes(one.to_pylist(), extract.known, follows=True)
    assert min(map(len, groups.values())) >= extract.k
    told = json.loads(content(extract)["copy-02-report.json"])
    assert (told["recipient"], told["mark"]) == (extract.recipients[1], copies.mark(extract, 2))
    assert told["reached"]["k"] == {"asked": 5, "reached": min(map(len, groups.values()))}
    assert {file["name"] for file in told["files"]} < set(content(extract))
    text = content(extract)["copy-01-00001.csv"].decode("utf-8-sig")
    assert [list(line) for line in csv.reader(io.StringIO(text))][1:] == [
        [str(value) for value in line.values()] for line in one.to_pylist()
    ]
    assert not (copies.folder(extract) / "rows.parquet").exists()


def test_two_runs_give_equal_bytes_and_a_killed_one_goes_on(ask, monkeypatch):
    extract = made(ask())
    first = content(extract)
    copies.remove(extract)
    extract.files.all().delete()
    ResearchExtract.objects.filter(pk=extract.pk).update(state="granted", report={}, made_at=None)
    assert making.step(number=extract.pk, at=AT)
    assert making.step(number=extract.pk, at=AT), "the first recipient's copy"
    dead = f"{lease.owner().partition('/')[0]}/999999/1"
    ResearchExtract.objects.filter(pk=extract.pk).update(owner=dead)
    written = (copies.folder(extract) / "copy-01-00001.csv").stat().st_mtime_ns
    assert content(made(extract)) == first
    assert (copies.folder(extract) / "copy-01-00001.csv").stat().st_mtime_ns == written


def test_results_and_credit_come_one_row_a_learner_and_diverse(ask):
    for design, column, known in (
        ("completions", "best_result", ("sex", "age", "home", "last_completed")),
        ("credit", "main_kind", ("age", "home", "last_credited")),
    ):
        extract = made(ask(design, design=design, known=known, sensitive=(column,)))
        lines = table(extract).to_pylist()
        assert len({line["person_key"] for line in lines}) == len(lines) == extract.rows > 30
        groups, rows = classes(lines, known, follows=False)
        assert min(map(len, groups.values())) >= 5
        assert min(len({line[column] for line in each}) for each in rows.values()) >= 2
        assert extract.report["diversity"]["columns"][0]["reached"] >= 2


def test_unfollowed_months_have_keys_of_their_own(ask):
    extract = made(ask(follows=False, known=("home", "month")))
    keys = Counter(table(extract)["person_key"].to_pylist())
    assert set(keys.values()) == {1}
    step = extract.report["columns"][1]["step"]
    assert step == "month", "months fit without being followed"


def test_what_cannot_be_hidden_is_not_made(ask, office):
    extract = ask(k=50)
    making.work(now=AT)
    extract.refresh_from_db()
    assert (extract.state, extract.files.count()) == ("failed", 0)
    assert "Fewer than 50" in extract.failure
    assert not (copies.home() / extract.key.hex).exists()


def test_who_asks_does_not_decide_and_what_was_asked_stays(office, ask):
    own = wish(office.where.province)
    with pytest.raises(asking.ExtractTooWide) as why:
        asking.ask(request_key="k", by=office.analyst, wish=dataclasses.replace(own, k=4), at=AT)
    assert why.value.pointer == "k"
    for changes, pointer in (
        ({"recipients": ()}, "recipients"),
        ({"ethics": " "}, "ethics"),
        ({"known": ()}, "known"),
        ({"sensitive": ("best_result",)}, "sensitive"),
        ({"valid_to": TODAY}, "valid_to"),
    ):
        with pytest.raises(asking.ExtractIncomplete) as lacking:
            asking.ask(
                request_key="k", by=office.analyst, wish=dataclasses.replace(own, **changes), at=AT
            )
        assert lacking.value.pointer == pointer
    asked = asking.ask(request_key="own", by=office.province, wish=own, at=AT)
    assert asking.ask(request_key="own", by=office.province, wish=own, at=AT) == asked
    with pytest.raises(deciding.SamePerson):
        asking.decide(extract=asked, by=office.province, is_granted=True, note="", at=AT)
    with pytest.raises(deciding.ReasonMissing):
        asking.decide(extract=asked, by=office.second, is_granted=False, note=" ", at=AT)
    assert not making.work(now=AT), "nothing is made before it is granted"
    with pytest.raises(DatabaseError), transaction.atomic():
        ResearchExtract.objects.filter(pk=asked.pk).update(k=7)


# --- handing out and taking back -----------------------------------------------------------------


def test_every_handing_out_is_a_line_and_others_get_nothing(ask, office):
    extract = made(ask())
    file = extract.files.get(recipient=2, kind="csv")
    with pytest.raises(handing.ExtractOfAnother):
        handing.take(file=file, by=office.province, at=AT)
    assert handing.take(file=file, by=office.analyst, at=AT).exists()
    link = handing.make_link(file=file, by=office.analyst, at=AT)
    assert handing.follow(link=link, at=AT).file == file
    with pytest.raises(links.LinkOver):
        handing.follow(link=link, at=AT + links.LASTS + timedelta(seconds=1))
    lines = list(LakeReading.objects.order_by("number"))
    assert [(each.what, each.rows, each.detail["recipient"]) for each in lines] == [
        ("extract", extract.rows, 2)
    ] * 2
    assert [bool(each.detail["way"]) for each in lines] == [False, True]
    assert readings.check() is None
    late = AT + timedelta(days=30)
    with pytest.raises(handing.ExtractOver):
        handing.take(file=file, by=office.analyst, at=late)
    assert ending.sweep(now=late) == 1
    extract.refresh_from_db()
    assert (extract.state, (copies.home() / extract.key.hex).exists()) == ("expired", False)
    assert list(ResearchExtract.objects.to_destroy(office.analyst)) == [extract]
    ending.confirm_destroyed(extract=extract, by=office.analyst, at=late)
    assert not ResearchExtract.objects.to_destroy(office.analyst)


def test_an_erasure_withdraws_it_and_the_next_edition_is_without_who_is_gone(ask, office):
    extract = made(ask())
    before = table(extract)
    link = handing.make_link(file=extract.files.first(), by=office.analyst, at=AT)
    Person.objects.filter(pk=57).delete()
    assert not ending.withdraw(months={"2023-12"}, is_of_persons=False, at=AT), "before its period"
    assert ending.withdraw(months={"2024-03"}, is_of_persons=False, at=AT) == 1
    extract.refresh_from_db()
    assert (extract.state, (copies.home() / extract.key.hex).exists()) == ("withdrawn", False)
    with pytest.raises(handing.ExtractOver):
        handing.follow(link=link, at=AT)
    made(ending.make_again(extract=extract, by=office.analyst, at=AT))
    extract.refresh_from_db()
    after = table(extract)
    keys = [set(each["person_key"].to_pylist()) for each in (before, after)]
    assert (extract.edition, len(keys[0]) - len(keys[1])) == (2, 1)
    assert not keys[0] & keys[1], "editions cannot be joined: the difference would tell who"
    assert extract.report["left_out"]["gone"] is None, "one person is fewer than five"


def test_copies_of_the_next_edition_are_to_be_destroyed_in_turn(ask, office):
    extract = made(ask())
    handing.take(file=extract.files.get(recipient=2, kind="csv"), by=office.analyst, at=AT)
    given_ = [{"extract": extract.pk, "recipients": ["Ada, a university"]}]
    assert ending.still_out(months=["2024-03"], is_of_persons=False) == given_
    assert ending.still_out(months=["2023-12"], is_of_persons=False) == []
    ending.withdraw(months=(), is_of_persons=True, at=AT)
    ending.confirm_destroyed(extract=extract, by=office.analyst, at=AT)
    assert ending.still_out(months=(), is_of_persons=True) == []
    extract = made(ending.make_again(extract=extract, by=office.analyst, at=AT))
    handing.take(
        file=extract.files.get(edition=2, recipient=1, kind="csv"), by=office.analyst, at=AT
    )
    ending.end(extract=extract, by=office.analyst, note="", at=AT)
    assert list(ResearchExtract.objects.to_destroy(office.analyst)) == [extract]


def test_who_is_erased_while_it_is_made_is_in_no_copy(ask):
    extract = ask()
    assert making.step(number=extract.pk, at=AT)
    Person.objects.filter(pk=57).delete()
    assert made(extract).edition == 2
    assert ending.sweep(now=AT) == 0
    assert {each.name for each in (copies.home() / extract.key.hex).iterdir()} == {"2"}


def test_a_found_file_leads_to_its_recipient(ask, office):
    extract = made(ask(known=("age", "month")))
    part = b"\n".join(content(extract)["copy-02-00001.csv"].splitlines()[:9])
    found = recognising.recognise(content=part)
    assert [(each.extract, each.recipient, each.keys) for each in found] == [(extract, 2, 8)]
    ending.end(extract=extract, by=office.province, note="misused", at=AT)
    assert recognising.recognise(content=part)[0].name == "Ada, a university", (
        "also when it is gone"
    )
    with pytest.raises(recognising.NotReadable):
        recognising.recognise(content=b"PAR1 and nothing behind it")


def test_without_keys_the_order_speaks_until_rows_are_sorted_anew(ask):
    people = [("1", 1960, 6, {MONTHS[0]}, 7 * number, "open") for number in range(LEARNERS)]
    extract = ask(known=("sex",))
    read = source(people, monthly=True)
    read = dataclasses.replace(read, tree=TREE | {extract.place_id: TREE[1]})
    assert making.hide(extract, read, AT)
    plain = table(made(extract), 2).drop_columns(["person_key"])
    sink = io.BytesIO()
    pq.write_table(plain, sink)
    assert [each.recipient for each in recognising.recognise(content=sink.getvalue())] == [2]
    order = list(range(plain.num_rows))
    random.Random(3).shuffle(order)
    shuffled = io.BytesIO()
    pq.write_table(plain.take(order), shuffled)
    assert recognising.recognise(content=shuffled.getvalue()) == []
