"""Tables of schools: the column sets, faults by cell, credit once, conversions compared, by key."""

import base64
import csv
import io
from datetime import date

import pytest
from openpyxl import load_workbook

from tests.creditbank import factories as bank
from tests.hall import factories as network
from tests.service.factories import identity_number
from xueqiao.creditbank import ledger, standards
from xueqiao.creditbank.models import CreditLot, Outcome, Unit
from xueqiao.exchange.models import ResultLine, ResultSheet
from xueqiao.exchange.results import columns, reading, sheets, writing
from xueqiao.kernel import clock
from xueqiao.people import documents, rights
from xueqiao.records import keys
from xueqiao.records.models import Source
from xueqiao.web.console import exchange_work

AT = bank.AT
ANNA, LI = identity_number(1), identity_number(2)
Became = ResultLine.State


@pytest.fixture
def school(db):
    """A school with its manager, the province's officer, two learners and a unit of module AAA."""
    standards.load()
    where = bank.places()
    network.register()
    made = bank.institution()
    network.seat(made, where.county) if hasattr(network, "seat") else None

    class School:
        institution = made
        place = where.county
        manager = bank.manager("郑海燕", made, where.county)
        officer = bank.provincial(where.province)
        unit = Unit.objects.filter(module_code="AAA").latest("valid_from")
        anna, li = bank.person("王秀英", where.county), bank.person("李桂兰", where.county)

    documents.give(person_id=School.anna.pk, identity_hash=documents.hashed(ANNA))
    documents.give(person_id=School.li.pk, identity_hash=documents.hashed(LI))
    return School


def sender(school):
    return sheets.Sender(school.institution.pk, school.place.pk, person=school.manager)


def table(of, *rows):
    """A CSV of a set; a row names the cells it fills."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow([each.title for each in of.columns])
    for row in rows:
        writer.writerow([row.get(each.name, "") for each in of.columns])
    return out.getvalue().encode()


def course(school, **cells):
    return {
        "student": "2012001", "name": "王秀英", "identity": ANNA, "course": school.unit.title_zh,
        "level": "20", "category": "30", "credit": "60", "score": "85", "obtained": "201406",
        **cells,
    }  # fmt: skip


def conversion(**cells):
    return {
        "name": "王秀英", "identity": ANNA, "school": "SAMPLE", "origin": "01", "from_course": "x",
        "from_body": "夜校", "score": "80", "obtained": "201306", "course_code": "C1",
        "course": "社会学概论", "credit": "3", "converted": "201406", **cells,
    }  # fmt: skip


def upload(school, content, of=columns.COURSES, name="成绩.csv"):
    return sheets.upload(content=content, name=name, of=of, sender=sender(school), at=AT)


def accepted(school, *rows, of=columns.COURSES):
    made = upload(school, table(of, *rows), of)
    assert made.faults == []
    return sheets.accept(sheet=made, by=school.officer, at=AT)


def states(sheet):
    return list(sheet.lines.order_by("number").values_list("state", flat=True))


def test_the_sets_have_the_columns_of_the_exchange():
    assert [len(each.columns) for each in columns.SETS.values()] == [15, 24, 20]
    for each in columns.SETS.values():
        names = [column.name for column in each.columns]
        assert len(names) == len(set(names))


@pytest.mark.parametrize("code", list(columns.SETS))
def test_a_template_holds_the_headings_and_is_read_back(school, code):
    of = columns.SETS[code]
    book = load_workbook(io.BytesIO(writing.template(of)))
    assert [cell.value for cell in book.active[1]] == [each.title for each in of.columns]
    with pytest.raises(reading.TableUnreadable):
        upload(school, writing.template(of), of, name="empty.xlsx")


def test_wrong_cells_are_named_and_nothing_counts(school):
    made = upload(
        school,
        table(
            columns.COURSES,
            course(school, identity="320924196001010001", credit="many", obtained="209901"),
            course(school, level="99", score="", course=""),
            course(school),
            course(school),
        ),
    )
    assert made.state == ResultSheet.State.FAULTY
    assert [fault["cell"] for fault in made.faults] == [
        "C2", "H2", "K2", "E3", "F3", "J3", "A5",
    ]  # fmt: skip
    assert all(ANNA not in fault["text"] for fault in made.faults)
    with pytest.raises(sheets.SheetSettled):
        sheets.accept(sheet=made, by=school.officer, at=AT)
    assert CreditLot.objects.count() == 0


def test_no_identity_number_is_kept(school):
    made = upload(school, table(columns.COURSES, course(school)))
    line = made.lines.get()
    assert ANNA not in str(line.cells)
    assert ANNA not in line.identity_hash
    assert len(line.cells) == len(columns.COURSES.columns) - 1


def test_a_table_without_the_columns_or_of_another_set_is_refused_by_name(school):
    with pytest.raises(reading.TableUnreadable, match="学号"):
        upload(school, "姓名,身份证号\n王,1\n".encode())
    with pytest.raises(reading.TableUnreadable):
        upload(school, b"")


def test_a_passed_course_becomes_credit_of_its_learner_once(school):
    done = accepted(
        school,
        course(school),
        course(school, student="2", name="李桂兰", identity=LI, score="缺考"),
        course(school, student="3", identity=identity_number(9), name="无名"),
        course(school, student="4", name="李桂香", identity=LI),
        course(school, student="5", name="李桂兰", identity=LI, course="没有这样的单元"),
        course(school, student="6", name="李桂兰", identity=LI, score="合格", credit="0.5"),
    )
    assert states(done) == [
        Became.RECOGNISED, Became.NOT_PASSED, Became.NO_ACCOUNT, Became.OTHER_NAME, Became.NO_UNIT,
        Became.RECOGNISED,
    ]  # fmt: skip
    lots = {lot.person_id: lot for lot in CreditLot.objects.all()}
    assert lots[school.anna.pk].amount_hundredths <= school.unit.credit_hundredths
    assert lots[school.li.pk].amount_hundredths == 50
    assert lots[school.anna.pk].decision.decided_by == school.officer
    assert lots[school.anna.pk].obtained == date(2014, 6, 1)
    balance = ledger.balance if hasattr(ledger, "balance") else None
    assert balance is None or balance(lots[school.li.pk].account_id) == 50
    assert sheets.accept(sheet=done, by=school.officer, at=AT).pk == done.pk
    assert CreditLot.objects.count() == 2


def test_the_same_result_in_a_later_table_adds_nothing(school):
    accepted(school, course(school))
    again = accepted(school, course(school, remark="第二次"), course(school, student="7"))
    # The second has another number and the same unit: live credit of a unit counts once.
    assert states(again) == [Became.KNOWN, Became.KNOWN]
    assert (CreditLot.objects.count(), Outcome.objects.count()) == (1, 1)


def test_two_lines_of_one_unit_in_one_table_make_one_lot(school):
    done = accepted(school, course(school), course(school, student="8"))
    assert states(done) == [Became.RECOGNISED, Became.KNOWN]


def test_the_same_file_is_the_same_sheet_until_it_is_sent_back(school):
    content = table(columns.COURSES, course(school))
    first = upload(school, content)
    assert upload(school, content).pk == first.pk
    with pytest.raises(sheets.NoReason):
        sheets.refuse(sheet=first, by=school.officer, reason=" ", at=AT)
    sheets.refuse(sheet=first, by=school.officer, reason="缺少成绩单", at=AT)
    assert upload(school, content).pk != first.pk


def test_a_corrected_copy_of_a_faulty_table_takes_its_place(school):
    bad = table(columns.COURSES, course(school, credit="x"))
    first = upload(school, bad)
    assert upload(school, bad).pk != first.pk
    assert ResultSheet.objects.count() == 1


def test_nobody_accepts_what_they_sent_and_a_school_accepts_nothing(school):
    made = upload(school, table(columns.COURSES, course(school)))
    with pytest.raises(rights.NotAllowed):
        sheets.accept(sheet=made, by=school.manager, at=AT)
    ResultSheet.objects.filter(pk=made.pk).update(by=school.officer)
    with pytest.raises(sheets.OwnSheet):
        sheets.accept(sheet=made, by=school.officer, at=AT)
    assert list(sheets.waiting(school.officer, AT)) == []


@pytest.mark.parametrize("code", list(columns.SETS))
def test_a_table_waits_on_the_work_list_with_its_school_and_its_set(school, code):
    row = course(school) if code == columns.COURSES.code else conversion()
    made = upload(school, table(columns.SETS[code], row), columns.SETS[code])
    group = exchange_work.sheets_waiting(school.officer, clock.local_date(clock.now()))
    [item] = group.items
    assert item.detail == f"{made.institution.name} · {made.get_kind_display()}"


def test_conversions_of_a_school_are_compared_and_make_no_credit(school):
    done = accepted(
        school, conversion(), conversion(identity=identity_number(9), name="无名"),
        of=columns.COURSE_CONVERSIONS,
    )  # fmt: skip
    assert states(done) == [Became.REPORTED, Became.NO_ACCOUNT]
    assert CreditLot.objects.count() == 0


def test_what_the_bank_holds_is_given_back_in_the_set_and_kept(school):
    accepted(school, course(school, credit="0.5"))
    rows = writing.given(
        of=columns.COURSES, sender=sender(school), school="S", since=date(2014, 1, 1),
        until=date(2015, 1, 1), at=AT,
    )  # fmt: skip
    said = dict(zip([each.name for each in columns.COURSES.columns], rows[0], strict=True))
    assert len(rows) == 1
    assert (said["student"], said["name"], said["identity"]) == ("2012001", "王秀英", "")
    assert (said["credit"], said["obtained"], said["score"]) == ("0.5", "201406", "85")
    kept = ResultSheet.objects.get(state=ResultSheet.State.GIVEN)
    assert (kept.rows, kept.by) == (1, school.manager)


# By program


@pytest.fixture
def source(school):
    return Source.objects.create(
        code="school-1", name="教务系统", authority={}, owner=school.institution, opened_at=AT
    )


def basic(source, *scopes):
    pair = keys.create_key(source=source, scopes=scopes, at=clock.now())
    return {"authorization": "Basic " + base64.b64encode(":".join(pair).encode()).decode()}


def seated(school):
    from xueqiao.network.models import Seat  # noqa: PLC0415 - the one test module that needs it

    Seat.objects.get_or_create(
        institution=school.institution, register=network.register(), place=school.place,
        defaults={"valid_from": bank.SINCE},
    )  # fmt: skip


def test_a_program_sends_a_table_and_asks_what_became_of_it(client, school, source):
    seated(school)
    content = table(columns.COURSES, course(school))
    writer = basic(source, "results/write")
    sent = client.post("/api/results/courses/", content, content_type="text/csv", headers=writer)
    assert (sent.status_code, sent.json()["state"]) == (202, "ready")
    number = sent.json()["sheet"]
    sheets.accept(sheet=ResultSheet.objects.get(pk=number), by=school.officer, at=AT)
    asked = client.get(f"/api/results/sheets/{number}/", headers=writer).json()
    assert (asked["state"], asked["became"]) == ("accepted", {"recognised": 1})

    reader = basic(source, "results/read")
    query = "?since=2014-01-01&until=2014-12-31"
    found = client.get(f"/api/results/courses/{query}", headers=reader).json()
    assert found["columns"] == [each.title for each in columns.COURSES.columns]
    assert len(found["rows"]) == 1
    as_csv = client.get(f"/api/results/courses/{query}&format=csv", headers=reader)
    assert b"".join(as_csv.streaming_content).decode("utf-8-sig").count("\n") == 2


def test_faults_come_back_by_cell(client, school, source):
    seated(school)
    content = table(columns.COURSES, course(school, credit="x"))
    headers = basic(source, "results/write")
    sent = client.post("/api/results/courses/", content, content_type="text/csv", headers=headers)
    assert sent.status_code == 422
    assert [each["cell"] for each in sent.json()["faults"]] == ["H2"]


@pytest.mark.parametrize(
    ("scopes", "path", "status", "code"),
    [
        (["all"], "/api/results/courses/?since=2014-01-01&until=2014-12-31", 403,
         "records.scope_too_small"),
        (["results/read"], "/api/results/nothing/", 404, "exchange.set_unknown"),
        (["results/read"], "/api/results/courses/", 422, "exchange.days_unfit"),
        (["results/read"], "/api/results/courses/?since=2014-02-01&until=2014-01-01", 422,
         "exchange.days_unfit"),
        (["results/read"], "/api/results/sheets/999999/", 404, "exchange.set_unknown"),
    ],
)  # fmt: skip
def test_a_program_is_refused_with_a_code(  # noqa: PLR0917
    client, school, source, scopes, path, status, code
):
    seated(school)
    answer = client.get(path, headers=basic(source, *scopes))
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_a_key_without_a_school_or_no_key_opens_nothing(client, school, source):
    assert client.get("/api/results/courses/").status_code == 401
    Source.objects.filter(pk=source.pk).update(owner=None)
    headers = basic(source, "results/write")
    sent = client.post("/api/results/courses/", b"x", content_type="text/csv", headers=headers)
    assert sent.json()["code"] == "exchange.key_without_school"
    assert ResultSheet.objects.count() == 0
