"""Files of other platforms: each row is a statement or lies in quarantine with a reason."""

import csv
import gzip
import json
import re
import shutil

import pytest
from django.core.management import call_command

from tests.records import erasing, recount
from tests.records import factories as f
from xueqiao.intake import feed, files, funmooc, moodle, oulad, repair
from xueqiao.kernel import clock
from xueqiao.records import summary
from xueqiao.records.models import Actor, Batch, Delivery, Quarantine, Source, Statement
from xueqiao.records.statements import BatchResult

HEADING = ",".join(moodle.HEADING)
ROW = (
    '"5/03/18, 15:00",-,-,Course: Web,System,Course viewed,'
    "The user with id '793' viewed the course with id '113'.,web,198.18.223.145"
)


def told(each):
    return each.received, each.accepted, each.duplicate, each.reasons


def run(folder, which=moodle):
    return feed.run(feed=which.FEED, folder=folder)


def logs(folder, **texts):
    """A folder of Moodle logs, each given as text or bytes."""
    (folder / "moodle").mkdir(exist_ok=True)
    for name, text in texts.items():
        data = text if isinstance(text, bytes) else text.encode()
        (folder / "moodle" / f"{name}.csv.gz").write_bytes(gzip.compress(data, mtime=0))
    return folder


@pytest.mark.slow
@pytest.mark.django_db
def test_the_whole_sample_agrees_with_an_independent_recount_and_comes_once():
    for which in (funmooc, moodle, oulad):
        run(recount.SAMPLE, which)
    rows = Statement.objects.count(), Batch.objects.count(), Quarantine.objects.count()

    found = {each.source: told(each) for each in summary.by_source()}

    assert found == {
        "funmooc": recount.funmooc(), "moodle": recount.moodle(), "oulad": recount.oulad(),
    }  # fmt: skip
    assert rows[0] == sum(accepted for _received, accepted, *_rest in found.values())
    again = [run(recount.SAMPLE, which) for which in (funmooc, moodle, oulad)]
    assert (Statement.objects.count(), Batch.objects.count(), Quarantine.objects.count()) == rows
    assert [each.received for each in again] == [22_000, 64_422, 216_577]


@pytest.mark.django_db
def test_two_exports_agree_with_the_recount_and_a_new_mapping_gives_duplicates(
    tmp_path, monkeypatch
):
    (tmp_path / "moodle").mkdir()
    for name in ("module3-sp17", "module3-sp18"):
        shutil.copy(recount.SAMPLE / "moodle" / f"{name}.csv.gz", tmp_path / "moodle")
    run(tmp_path)
    [first] = summary.by_source()
    assert told(first) == recount.moodle(tmp_path)
    assert first.received == 1420

    newer = feed.Feed("moodle", "Moodle", moodle.FEED.version + 1, moodle.handed)
    again = feed.run(feed=newer, folder=tmp_path)

    assert (again.accepted, again.duplicate) == (0, first.accepted)
    assert again.quarantined == first.received - first.accepted
    assert Statement.objects.count() == first.accepted


@pytest.mark.django_db
def test_a_row_equal_to_an_earlier_one_is_held_and_says_which(tmp_path):
    later = ROW.replace("15:00", "15:01")
    logs(tmp_path, one=f"{HEADING}\n{ROW}\n{later}\n{ROW}\n{later}\n{ROW}")
    assert run(tmp_path) == BatchResult(5, 2, 0, 3)
    rows = list(Quarantine.objects.order_by("position"))
    assert {each.reason for each in rows} == {"row_repeated"}
    told = [[int(number) for number in re.findall(r"\d+", each.detail)] for each in rows]
    assert told == [[4, 2], [5, 3], [6, 2]]
    assert run(tmp_path) == BatchResult(5, 2, 0, 3), "the same export adds nothing"
    assert (Quarantine.objects.count(), Statement.objects.count()) == (3, 2)


@pytest.mark.django_db
def test_what_was_refused_for_another_reason_is_not_also_a_repeat(tmp_path):
    gone = ROW.replace("5/03/18", "31/02/18")
    logs(tmp_path, one=f"{HEADING}\n{gone}\n{gone}")
    assert run(tmp_path) == BatchResult(2, 0, 0, 2)
    assert {each.reason for each in Quarantine.objects.all()} == {"time_impossible"}


@pytest.mark.django_db
def test_repeats_are_taken_in_bulk_and_an_overlapping_export_brings_only_what_is_new(tmp_path):
    logs(tmp_path, one="\n".join([HEADING, ROW, ROW, ROW.replace("5/03/18", "31/02/18")]))
    run(tmp_path)
    done = repair.mend_many(held=Quarantine.objects.all(), rule=None, by=None, at=clock.now())
    assert done == {"accepted": 1}, "a row that no try makes a statement keeps its reason"
    assert {each.reason: each.state for each in Quarantine.objects.all()} == {
        "row_repeated": "accepted", "time_impossible": "open",
    }  # fmt: skip
    [source] = summary.by_source()
    assert told(source) == (3, 2, 0, {"time_impossible": 1})
    first, second = map(json.loads, Statement.objects.order_by("pk").values_list("text", flat=True))
    assert first.pop("id") != second.pop("id")
    assert first == second

    logs(tmp_path, two="\n".join([HEADING, ROW, ROW.replace("15:00", "15:01"), ROW, ROW]))
    run(tmp_path)
    [source] = summary.by_source()
    assert told(source) == (7, 3, 2, {"time_impossible": 1, "row_repeated": 1})
    assert Statement.objects.count() == 3


@pytest.mark.django_db
def test_an_erasure_finds_a_held_repeat_and_a_new_export_does_not_bring_it_back(tmp_path):
    logs(tmp_path, one=f"{HEADING}\n{ROW}\n{ROW}")
    run(tmp_path)
    erasing.finish(erasing.by_person("account|https://moodle-oman.example|793"))
    assert Statement.objects.count() == 0
    assert [each.text for each in Quarantine.objects.all()] == [""]
    logs(tmp_path, two=f"{HEADING}\n{ROW}\n{ROW}\n{ROW}")
    run(tmp_path)
    assert Statement.objects.count() == 0
    assert not Quarantine.objects.filter(text__contains="793").exists()


@pytest.mark.django_db
def test_the_same_file_under_another_name_is_the_same_delivery(tmp_path):
    logs(tmp_path, one=f"{HEADING}\n{ROW}", two=f"{HEADING}\n{ROW}")
    assert run(tmp_path) == BatchResult(1, 1, 0, 0)
    assert Delivery.objects.count() == 1


@pytest.mark.django_db
def test_a_row_becomes_a_statement_in_the_zone_of_its_site(tmp_path):
    run(logs(tmp_path, one=f"{HEADING}\n{ROW}"))
    row = Statement.objects.select_related("verb", "activity", "actor").get()
    assert json.loads(row.text) == {
        "id": str(row.uuid),
        "actor": {"account": {"homePage": "https://moodle-oman.example", "name": "793"}},
        "verb": {"id": "http://id.tincanapi.com/verb/viewed", "display": {"en": "viewed"}},
        "object": {
            "id": "https://moodle-oman.example/course/113",
            "definition": {
                "type": "http://adlnet.gov/expapi/activities/course", "name": {"en": "Web"},
            },
        },
        "context": {"platform": "Moodle"},
        "timestamp": "2018-03-05T15:00:00+04:00",
    }  # fmt: skip
    assert f"{row.event_at:%Y-%m-%d %H:%M}" == "2018-03-05 11:00"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("change", "reason", "pointer"),
    [
        (("5/03/18", "29/02/18"), "time_impossible", "Time"),
        (("5/03/18, 15:00", "yesterday"), "time_impossible", "Time"),
        ((",web,", ",cli,"), "not_a_learner", "Origin"),
        ((",web,", ",restore,"), "not_a_learner", "Origin"),
        (("Course viewed", "Log report viewed"), "export", "Event name"),
        (("The user with id '793' viewed the course with id '113'.", ""), "description_empty",
         "Description"),
        (("The user with id '793'", "?? ????? '793'"), "text_damaged", "Description"),
        (("The user with id '793'", "Somebody"), "nobody", "Description"),
        (("Course viewed", "Course painted"), "event_unknown", "Event name"),
        ((" with id '113'", ""), "event_unknown", "Event name"),
        ((",web,", ",web,more,"), "columns", ""),
    ],
)  # fmt: skip
def test_a_row_that_is_not_believed_says_why(tmp_path, change, reason, pointer):
    assert run(logs(tmp_path, one=f"{HEADING}\n{ROW.replace(*change)}")) == BatchResult(1, 0, 0, 1)
    held = Quarantine.objects.get()
    assert (held.reason, held.pointer) == (reason, pointer)
    assert [*csv.reader([held.text])] == [*csv.reader([ROW.replace(*change)])]


@pytest.mark.django_db
def test_an_enrolment_is_the_enrolled_one_s_and_a_damaged_name_is_left_out(tmp_path):
    enrolled = ROW.replace("Course viewed", "User enrolled in course").replace(
        "'793' viewed", "'47' enrolled the user with id '793' using the enrolment method 'm' in"
    )
    run(logs(tmp_path, one=f"{HEADING}\n{enrolled.replace('Web', '??? ????')}"))
    row = json.loads(Statement.objects.get().text)
    assert row["actor"]["account"]["name"] == "793"
    assert row["context"]["extensions"] == {"https://moodle-oman.example/xapi/done-by": "47"}
    assert "name" not in row["object"]["definition"]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("data", "said"),
    [
        (gzip.compress(f"{HEADING}\n{ROW}".encode())[:60], "damaged"),
        (b"not an archive", "damaged"),
        (gzip.compress(f"{HEADING}\n{ROW}".encode("utf-16")), "heading"),
        (gzip.compress(f"{HEADING}\n\x81{ROW}".encode("latin-1")), "UTF-8"),
        (gzip.compress(b"a,b\n1,2"), "heading"),
        (gzip.compress(b""), "heading"),
        (gzip.compress(f'{HEADING}\n"{ROW}'.encode()), "CSV"),
    ],
    # Packed bytes hold the time of packing, so they cannot name a case.
    ids=["cut", "no-archive", "utf-16", "latin-1", "other-heading", "empty", "open-quote"],
)
def test_a_file_that_cannot_be_read_is_refused_whole_and_said_in_one_sentence(tmp_path, data, said):
    logs(tmp_path, a=f"{HEADING}\n{ROW}")
    (tmp_path / "moodle" / "b.csv.gz").write_bytes(data)
    with pytest.raises(files.FileUnreadable, match=said) as why:
        run(tmp_path)
    assert "b.csv.gz" in str(why.value)
    assert Statement.objects.count() == 0, "no half-written state"


@pytest.mark.django_db
def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(files.FileUnreadable, match=r"statements\.jsonl\.gz"):
        run(tmp_path, funmooc)


@pytest.mark.django_db
def test_lines_of_xapi_are_kept_or_held_one_by_one(tmp_path):
    good, bad = f.statement(), f.statement(actor={})
    lines = [json.dumps(good), json.dumps(bad), "{", json.dumps(good), "", "[" * 9000]
    (tmp_path / "funmooc").mkdir()
    path = tmp_path / "funmooc" / "statements.jsonl.gz"
    path.write_bytes(gzip.compress("\n".join(lines).encode()))
    assert run(tmp_path, funmooc) == BatchResult(5, 1, 1, 3)
    assert summary.by_source()[0].reasons == {"not_json": 2, "invalid": 1}


@pytest.fixture
def university(tmp_path):
    """A small OULAD; call it with rows of registrations and of results."""
    folder = tmp_path / "oulad"
    folder.mkdir()
    (folder / "courses.csv").write_text(
        "code_module,code_presentation,module_presentation_length\nAAA,2013J,268\n"
    )
    (folder / "assessments.csv").write_text(
        "code_module,code_presentation,id_assessment,assessment_type,date,weight\n"
        "AAA,2013J,1752,TMA,19,10.0\nAAA,2013J,1757,Exam,,100.0\n"
    )

    def write(registrations=(), results=()):
        for name, rows in (("studentRegistration", registrations), ("studentAssessment", results)):
            heading = ",".join(oulad._HEADINGS[f"{name}.csv.gz"])
            text = "\n".join([heading, *rows]) + "\n"
            (folder / f"{name}.csv.gz").write_bytes(gzip.compress(text.encode(), mtime=0))
        return run(tmp_path, oulad)

    return write


@pytest.mark.django_db
def test_a_registration_is_one_fact_or_two_each_on_its_day(university):
    done = university(["AAA,2013J,11391,-159,", "AAA,2013J,30268,-92,12", "AAA,2013J,7,,3"])
    assert done == BatchResult(received=5, accepted=4, duplicate=0, quarantined=1)
    rows = Statement.objects.order_by("pk").values_list("actor__name", "verb__iri", "event_at")
    assert [(name, verb.rpartition("/")[2], f"{at:%Y-%m-%d %H:%M}") for name, verb, at in rows] == [
        ("11391", "registered", "2013-04-24 16:00"),
        ("30268", "registered", "2013-06-30 16:00"),
        ("30268", "unregistered", "2013-10-12 16:00"),
        ("7", "unregistered", "2013-10-03 16:00"),
    ]
    assert Quarantine.objects.get().reason == "time_missing"
    assert Actor.objects.filter(home_page="https://oulad.example").count() == 3


@pytest.mark.django_db
def test_a_result_is_completed_with_a_score_and_a_banked_one_only_scored(university):
    university(results=["1752,11391,18,False,78", "1757,11391,-1,True,60"])
    completed, banked = map(
        json.loads, Statement.objects.order_by("pk").values_list("text", flat=True)
    )
    assert completed["verb"]["id"] == "http://adlnet.gov/expapi/verbs/completed"
    assert completed["result"] == {"score": {"scaled": 0.78, "raw": 78, "min": 0, "max": 100}}
    assert completed["object"]["id"] == "https://oulad.example/AAA/2013J/assessment/1752"
    assert completed["timestamp"] == "2013-10-19T00:00:00+08:00"
    assert banked["verb"]["id"] == "http://adlnet.gov/expapi/verbs/scored"
    assert banked["context"]["extensions"] == {"https://oulad.example/xapi/banked": True}
    registered = completed["context"]["registration"]
    assert banked["context"]["registration"] == registered


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("1752,1,18,False,", "score_missing"), ("1752,1,18,False,101", "score_impossible"),
        ("1752,1,18,False,-1", "score_impossible"), ("1752,1,18,False,ten", "score_impossible"),
        ("9,1,18,False,50", "reference_unknown"), ("1752,1,,False,50", "time_missing"),
        ("1752,1,soon,False,50", "time_impossible"), ("1752,1,18,False", "columns"),
        ("1752,1,999999999999,False,50", "time_impossible"),
    ],
)  # fmt: skip
def test_a_result_that_is_not_believed_says_why(university, row, reason):
    assert university(results=[row]) == BatchResult(1, 0, 0, 1)
    held = Quarantine.objects.get()
    assert (held.reason, held.text) == (reason, row)


@pytest.mark.django_db
def test_a_fault_in_a_table_that_others_refer_to_refuses_the_delivery(university, tmp_path):
    (tmp_path / "oulad" / "courses.csv").write_text(
        "code_module,code_presentation,module_presentation_length\nAAA,2013K,268\n"
    )
    with pytest.raises(files.FileUnreadable, match="line 2"):
        university(["AAA,2013J,11391,-159,"])


@pytest.mark.django_db
def test_the_command_says_what_became_of_every_row(tmp_path, capsys):
    logs(tmp_path, one="\n".join([HEADING, ROW, ROW.replace("5/03", "31/02")]))
    call_command("ingest", only=["moodle"], folder=tmp_path)
    said = capsys.readouterr().out
    assert [int(n) for n in re.findall(r"\d+", said.splitlines()[0])] == [2, 1, 0, 1]
    with pytest.raises(feed.FeedUnknown):
        call_command("ingest", only=["mars"], folder=tmp_path)


@pytest.mark.django_db
def test_a_key_is_made_for_a_new_source_and_opens_the_door(client, capsys):
    call_command("create_key", source="县开放大学", scope=["all"])
    made = json.loads(capsys.readouterr().out)
    assert f.post(client, f.statement(), f.basic(made["key"], made["secret"])).status_code == 200
    assert Source.objects.get().name == "县开放大学"
