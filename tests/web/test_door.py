"""The door in the console: connections, tables and contracts, quarantine, alarms."""

import io
import json
from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from openpyxl import load_workbook

from tests import world as small
from tests.intake import tables as t
from tests.records import factories as f
from tests.web.test_console import sign_in, world
from xueqiao.intake import alarms
from xueqiao.intake.models import Alarm, Connection, Contract, Run
from xueqiao.kernel import clock
from xueqiao.people.models import Person
from xueqiao.records import quarantine
from xueqiao.records.models import HeldState, Quarantine, Source, Statement

pytestmark = pytest.mark.django_db
__all__ = ["sign_in", "small", "world"]


@pytest.fixture
def operator(world, sign_in, settings, tmp_path):
    settings.HOME, settings.DROPS = tmp_path / "home", tmp_path / "drops"
    (settings.DROPS / "school-3").mkdir(parents=True)
    return sign_in("operator")


def form_of(**changes):
    """What the editor sends for the mapping of ``tests/intake/tables.py``."""
    made = t.mapping()
    sent = {"encoding": "utf-8", "delimiter": ",", "heading": "1", "sheet": ""}
    sent |= {f"col-{part}": name for part, name in made["columns"].items()}
    sent |= {f"const-{part}": text for part, text in made["constants"].items()}
    sent |= {"code-verb-from": list(made["codes"]["verb"]),
             "code-verb-to": list(made["codes"]["verb"].values()),
             "time_format": made["time_format"]}  # fmt: skip
    return sent | changes


def uploaded(client, data, name="成绩.csv", **typed):
    sent = {"file": SimpleUploadedFile(name, data), "new_source": "县 开放大学"} | typed
    return client.post("/console/tables/", sent)


def test_a_table_comes_in_from_upload_to_its_last_row(operator):
    rows = [*t.ROWS, ["20260003", "睡觉", *t.ROWS[0][2:]]]
    answer = uploaded(operator, t.csv_bytes(rows, encoding="gbk"))
    assert answer.status_code == 302
    page = operator.get(answer.url)
    assert page.context["chosen"]["layout"]["encoding"] == "gb18030"
    assert page.context["chosen"]["columns"]["actor_name"] == "学号"
    assert page.context["refusal"].pointer == "actor_home", "what is missing is named"

    page = operator.post(answer.url, form_of(encoding="gb18030", to="preview"))
    assert [bool(row.reason) for row in page.context["rows"]] == [False, False, True]
    assert [wrong for _text, wrong in page.context["rows"][2].cells].count(True) == 1
    assert not Statement.objects.filter(source__code="县-开放大学").exists()

    saved = operator.post(answer.url, form_of(encoding="gb18030", to="save", name="成绩"))
    made = Connection.objects.get()
    assert saved.url == f"/console/connections/{made.pk}/"
    assert (made.source.name, made.source.code) == ("县 开放大学", "县-开放大学")
    assert (made.contract.name, made.contract.version) == ("成绩", 1)
    run = Run.objects.get()
    assert (run.received, run.accepted, run.duplicate, run.quarantined) == (3, 2, 0, 1)
    assert run.begun_by is not None
    assert operator.get(saved.url).status_code == 200

    again = SimpleUploadedFile("next.csv", t.csv_bytes([*t.ROWS, ["4", *t.ROWS[0][1:]]]))
    operator.post(f"/console/connections/{made.pk}/table/", {"file": again})
    run = Run.objects.latest("pk")
    assert (run.received, run.accepted, run.duplicate, run.quarantined) == (3, 1, 2, 0)


def test_a_changed_mapping_is_the_next_version(operator):
    first = uploaded(operator, t.csv_bytes(t.ROWS)).url
    operator.post(first, form_of(to="save", name="成绩"))
    source = Source.objects.get(code="县-开放大学")
    second = uploaded(operator, t.csv_bytes(t.ROWS[:1]), source=source.pk, new_source="").url
    sent = form_of(to="save", name="成绩", repeats="count")
    told = operator.post(second, sent)
    assert (told.status_code, told.context["replaced"].version) == (422, 1)
    assert Contract.objects.count() == 1
    assert operator.post(second, sent | {"replaces": 0}).status_code == 422
    operator.post(second, sent | {"replaces": told.context["replaced"].pk})
    assert list(Contract.objects.order_by("pk").values_list("version", flat=True)) == [1, 2]
    assert Connection.objects.get().contract.version == 2
    for address in (
        "/console/contracts/",
        f"/console/contracts/{Contract.objects.latest('pk').pk}/",
    ):
        assert "成绩" in operator.get(address).content.decode()


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"name": ""}, "name"), ({"col-time": ""}, "time"), ({"heading": "x"}, ""),
        ({"heading": "99"}, ""), ({"time_format": "HH"}, "time_format"),
        ({"col-verb": "no such column"}, "columns"),
        ({"code-verb-to": ["done", "seen"]}, "verb"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_mapping_is_said_and_nothing_is_kept(operator, changes, pointer):
    address = uploaded(operator, t.csv_bytes(t.ROWS)).url
    answer = operator.post(address, form_of(to="save", name="成绩") | changes)
    assert answer.status_code == 422
    assert answer.context["refusal"].pointer == pointer
    assert not Contract.objects.exists()
    assert not Connection.objects.exists()


@pytest.mark.parametrize("data", [b"", b"\0\1\2", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"])
def test_a_file_that_is_no_table_is_refused_beside_its_field(operator, data):
    answer = uploaded(operator, data)
    assert answer.status_code == 422
    assert answer.context["form"].errors["file"]


def test_a_table_needs_a_source(operator):
    answer = uploaded(operator, t.csv_bytes(t.ROWS), new_source=" ")
    assert answer.context["form"].errors["new_source"]


def test_the_empty_table_fits_its_contract(operator):
    operator.post(uploaded(operator, t.csv_bytes(t.ROWS)).url, form_of(to="save", name="成绩"))
    answer = operator.get(f"/console/connections/{Connection.objects.get().pk}/empty-table/")
    sheet = load_workbook(io.BytesIO(answer.content)).active
    assert [cell.value for cell in sheet[1]] == t.HEADING[:3] + t.HEADING[3:]


def connect(client, **changes):
    sent = {"source": f.source().pk, "name": "Drop", "folder": "school-3"} | changes
    return client.post("/console/connections/new/folder/", sent)


def test_a_connection_is_made_planned_paused_tested_run_and_replayed(operator, settings):
    answer = connect(operator)
    made = Connection.objects.get()
    address = f"/console/connections/{made.pk}/"
    assert answer.url == address

    def post(verb, **sent):
        operator.post(f"{address}{verb}/", sent)
        made.refresh_from_db()

    post("settings", name="Drop folder", folder="school-3", contract=agreed().pk)
    assert (made.name, made.contract.name) == ("Drop folder", "成绩")
    t.laid(settings.DROPS / "school-3", "a.csv", t.csv_bytes(t.ROWS))
    post("test")
    assert not Run.objects.exists()
    assert not Statement.objects.filter(source=made.source).exists()
    post("run")
    assert Run.objects.get().state == "done"
    assert Statement.objects.filter(source=made.source).count() == 2
    post("schedule", every_minutes="30", quota_day="1000")
    assert (made.every_minutes, made.quota_day) == (30, 1000)
    post("pause", to="pause")
    assert made.paused_at
    post("run")
    assert Run.objects.count() == 1
    post("pause", to="resume")
    post("replay", run=Run.objects.get().pk)
    assert Run.objects.latest("pk").is_replay
    page = operator.get(address).content.decode()
    assert "school-3" in page
    assert operator.get("/console/connections/?kind=folder&q=Drop").context["list"].count == 1


def agreed():
    from tests.intake.test_drops import agreed as make  # noqa: PLC0415 - only this test needs it

    return make()


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"folder": ""}, "folder"), ({"name": ""}, "name"), ({"source": 0}, "source"),
        ({"folder": "../home"}, "folder"), ({"folder": "/etc"}, "folder"),
    ],
)  # fmt: skip
def test_a_setting_that_is_missing_or_unfit_is_said_beside_its_field(operator, changes, field):
    answer = connect(operator, **changes)
    assert answer.status_code == 422
    assert field in answer.context["form"].errors


@pytest.mark.parametrize(
    ("kind", "changes", "field"),
    [
        ("lrs", {"endpoint": "https://10.0.0.7/xapi/"}, "endpoint"),
        ("lrs", {"endpoint": "http://lrs.example/xapi/"}, "endpoint"),
        ("moodle", {"site": "https://192.168.1.1/"}, "site"),
        ("sftp", {"host": "10.0.0.7"}, "host"),
    ],
)
def test_what_may_not_be_called_is_said_beside_its_field(operator, kind, changes, field):
    sent = {"source": f.source().pk, "name": "x", "site": "https://a.example", "token": "t",
            "endpoint": "https://lrs.example/", "host": "h.example", "fingerprint": "SHA256:x",
            "user": "u", "version": "1.0.3", "authentication": "basic", "auth": "basic",
            "secret": "s", "name_people_by": "id", "password": "p"}  # fmt: skip
    answer = operator.post(f"/console/connections/new/{kind}/", sent | changes)
    assert answer.status_code == 422
    assert field in answer.context["form"].errors
    assert not Connection.objects.exists()


def test_two_schedules_at_once_are_refused(operator):
    connect(operator)
    address = f"/console/connections/{Connection.objects.get().pk}/schedule/"
    answer = operator.post(address, {"every_minutes": "5", "daily_at": "02:30"})
    assert answer.status_code == 422
    assert "daily_at" in answer.context["plan"].errors


@pytest.mark.parametrize("kind", ["nowhere", "feed"])
def test_there_is_no_form_for_a_kind_that_is_not_offered(operator, kind):
    assert operator.get(f"/console/connections/new/{kind}/").status_code == 404


def test_every_kind_has_its_form(operator):
    kinds = operator.get("/console/connections/new/").context["kinds"]
    assert len(kinds) >= 4
    for kind in kinds:
        assert operator.get(f"/console/connections/new/{kind.code}/").status_code == 200


def quarantined(count=3):
    f.store(*(f.statement(verb=None) for _ in range(count)), f.statement(actor={"mbox": "=1+1"}))
    return Quarantine.objects.filter(batch__source__code="school").order_by("pk")


def test_an_item_is_mended_on_its_page(operator):
    held = quarantined()[0]
    address = f"/console/records/quarantine/{held.pk}/"
    assert operator.get(address).context["now"] == held.text
    wrong = operator.post(f"{address}mend/", {"text": "{"})
    assert (wrong.status_code, wrong.context["now"]) == (422, "{")
    whole = json.loads(held.text) | {"verb": {"id": "http://school.example/read"}}
    right = operator.post(f"{address}mend/", {"text": json.dumps(whole)})
    assert right.url == address
    held.refresh_from_db()
    assert held.state == HeldState.ACCEPTED
    assert held.repairs.count() == 2
    page = operator.get(address)
    assert page.context["can_repair"] is False
    again = operator.post(f"{address}mend/", {"text": held.text})
    assert again.status_code == 409


def test_many_are_looked_at_and_then_mended_by_a_rule(operator):
    quarantined()
    rule = {"source": "school", "column": "", "old": '"=1+1"', "new": '"mailto:a@b.example"'}
    page = operator.get("/console/records/quarantine/rule/?source=school")
    assert page.context["form"]["source"].value() == "school"
    look = operator.post("/console/records/quarantine/rule/", {**rule, "to": "look"})
    assert (look.context["look"]["count"], look.context["look"]["good"]) == (1, 1)
    operator.post("/console/records/quarantine/rule/", {**rule, "to": "mend"})
    waiting = Quarantine.objects.waiting().filter(batch__source__code="school")
    assert waiting.count() == 3
    nothing = operator.post("/console/records/quarantine/rule/", {"source": "school", "to": "look"})
    assert nothing.status_code == 422


def test_a_repeat_is_told_in_the_language_of_whoever_reads(operator):
    row = quarantined()[0]
    Quarantine.objects.filter(pk=row.pk).update(reason="row_repeated", detail="14 = 13")
    pages = [f"/console/records/quarantine/{row.pk}/", "/console/records/quarantine/?source=school"]
    for language, said in (("zh-hans", "第 14 行与第 13 行"), ("en", "Row 14 of the file equals")):
        operator.cookies["language"] = language
        assert all(said in operator.get(each).content.decode() for each in pages)


def test_all_of_a_list_of_one_reason_are_left_out_or_tried_again(operator):
    quarantined()
    address, every = (
        "/console/records/quarantine/chosen/",
        "?source=school&reason=invalid&state=any",
    )
    operator.post(f"{address}?source=school&state=any", {"to": "dismiss-all"})
    assert Quarantine.objects.waiting().filter(batch__source__code="school").count() == 4
    operator.post(f"{address}{every}&q=1%2B1", {"to": "dismiss-all"})
    assert Quarantine.objects.waiting().filter(batch__source__code="school").count() == 3
    operator.post(f"{address}{every}", {"to": "again-all"})
    ours = Quarantine.objects.filter(batch__source__code="school").order_by("pk")
    assert [each.repairs.get().state for each in ours] == ["open"] * 3 + ["dismissed"]
    assert operator.get(f"/console/records/quarantine/{every}").context["can_try_all"]


def test_two_who_try_the_same_at_once_are_told(operator, monkeypatch):
    first, *_rest = quarantined()

    def overtaken(**_how):
        raise quarantine.NotWaiting("This item was repaired before.")

    monkeypatch.setattr(quarantine, "take_again", overtaken)
    page = operator.post(
        "/console/records/quarantine/chosen/", {"chosen": [first.pk], "to": "again"}, follow=True
    )
    assert page.status_code == 200
    assert "This item was repaired before." in page.content.decode()


def test_the_chosen_are_left_out_or_tried_again(operator):
    first, second, *_rest = quarantined()
    operator.post("/console/records/quarantine/chosen/", {"chosen": [first.pk], "to": "dismiss"})
    operator.post(
        "/console/records/quarantine/chosen/", {"chosen": [second.pk, "x"], "to": "again"}
    )
    ours = Quarantine.objects.filter(batch__source__code="school").order_by("pk")
    states = list(ours.values_list("state", flat=True))
    assert states == ["dismissed", "open", "open", "open"]
    assert second.repairs.count() == 1
    assert operator.get("/console/records/quarantine/?source=school").context["list"].count == 3
    assert (
        operator.get("/console/records/quarantine/?source=school&state=any").context["list"].count
        == 4
    )


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_the_file_for_the_owner_has_every_cell_and_runs_no_formula(operator, kind):
    rows = [["=cmd|' /C calc'!A0", "睡觉", *t.ROWS[0][2:]]]
    operator.post(uploaded(operator, t.csv_bytes(rows)).url, form_of(to="save", name="成绩"))
    answer = operator.get(f"/console/records/quarantine/file.{kind}?source=县-开放大学")
    data = b"".join(answer.streaming_content)
    if kind == "csv":
        text = data.decode("utf-8-sig")
        assert "'=cmd|" in text
        assert "睡觉" in text
        return
    sheet = load_workbook(io.BytesIO(data)).active
    heading = [cell.value for cell in sheet[1]]
    row = dict(zip(heading, (cell.value for cell in sheet[2]), strict=True))
    assert row["学号"].startswith("'=cmd")
    assert {"学号", "动作", "得分"} <= set(heading)


def test_an_alarm_is_on_the_work_list_until_somebody_looks_after_it(operator):
    now = clock.now()
    source = f.source()
    Source.objects.filter(pk=source.pk).update(
        last_received_at=now - timedelta(days=2), silent_after_seconds=3600
    )
    alarms.watch(now=now)

    def waits():
        return [group.code for group in operator.get("/console/").context["groups"]]

    assert "alarms" in waits()
    alarm = Alarm.objects.get()
    operator.post("/console/alarms/acknowledge/", {"chosen": [f"data-{alarm.pk}", "sources-x"]})
    assert "alarms" in waits(), "of the data, or of nothing"
    operator.post("/console/alarms/acknowledge/", {"chosen": [f"sources-{alarm.pk}"]})
    alarm.refresh_from_db()
    assert isinstance(alarm.acknowledged_by, Person)
    assert "alarms" not in waits()
    assert operator.get("/console/alarms/").context["list"].count == 1
    Source.objects.filter(pk=source.pk).update(last_received_at=now)
    alarms.watch(now=now)
    assert operator.get("/console/alarms/").context["list"].count == 0
    for days, span, count in (
        (30, "month", 1),
        (32, "month", 0),
        (32, "year", 1),
        (367, "year", 0),
    ):
        Alarm.objects.update(closed_at=now - timedelta(days))
        found = operator.get(f"/console/alarms/?show={span}").context["list"]
        assert found.count == count, (days, span)
