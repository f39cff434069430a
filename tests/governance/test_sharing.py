"""Sharing agreements: signed by both, fetched by one, seen by both."""

from __future__ import annotations

import base64
import csv
import io
from datetime import timedelta

import pyarrow.parquet as pq
import pytest
from django.db import DatabaseError, transaction

from tests.governance.conftest import AT, TODAY
from tests.governance.lakes import LEARNERS, home_of
from tests.governance.test_open_data import content
from tests.world_parts import places, staff
from tests.world_parts.opened import agreed
from xueqiao.governance.designs import checking
from xueqiao.governance.models import LakeReading, SharedUse, SharingAgreement
from xueqiao.governance.sharing import agreements, making, using
from xueqiao.kernel import clock
from xueqiao.lake import pseudonyms
from xueqiao.network.models import InstitutionKind
from xueqiao.people import bothsides, rights, roles
from xueqiao.records import keys
from xueqiao.records.models import Scope, Source

SQL = """select learner_id, place_id, month from learner_month
join learner_place using (learner_id) where place_id is not null"""
ROWS = "select learner_id, day, activities from learner_day"


@pytest.fixture
def town(office):
    """A second body, with somebody who signs for it."""
    kind = InstitutionKind.TOWN_CENTRE
    office.where.centre = places.institution(office.where.town, kind, "合德镇社区教育中心（示例）")
    found = staff.person("centre", "周强", office.where.county.pk, AT)
    roles.grant(
        person_id=found.pk, kind="institution", place_id=office.where.town.pk,
        institution_id=office.where.centre.pk, valid_from=places.SINCE, at=AT,
    )  # fmt: skip
    return found


def drafted(office, code="DS-1", sql=SQL, shape="counts", **changes):
    day = clock.local_date(clock.now())
    return agreements.draft(
        request_key=code, by=office.institution, code=code, giving=office.where.institution,
        receiving=office.where.centre, text=agreed(office.where, day, **changes), at=AT,
        datasets=[agreements.Dataset("learners", "学习人数", sql, shape)],
    )  # fmt: skip


def signed(office, town, **changes):
    row = drafted(office, **changes)
    agreements.offer(agreement=row, by=office.province, at=clock.now())
    read = agreements.text_hash(row)
    for side, by in (("giving", office.institution), ("receiving", town)):
        agreements.sign(
            agreement=row, by=by, side=side, office="校长", text_hash=read, at=clock.now()
        )
    row.refresh_from_db()
    return row


def key_of(institution, *scopes):
    source = Source.objects.create(
        code=f"of-{institution.pk}-{len(scopes)}", name="x", authority={}, opened_at=AT,
        owner=institution,
    )  # fmt: skip
    pair = keys.create_key(source=source, scopes=list(scopes), at=AT)
    given = base64.b64encode(":".join(pair).encode()).decode()
    return {"authorization": f"Basic {given}"}


def test_both_sides_sign_and_then_the_key_of_one_fetches(client, office, town):
    row = drafted(office)
    address = f"/api/shared/{row.code}/learners/"
    mine = key_of(office.where.centre, Scope.SHARED_READ)
    assert client.get(address).status_code == 401
    assert client.get(address, headers=mine).json()["code"] == "lake.sharing_over"
    assert making.work(now=clock.now()) == 0, "nothing is made before both have signed"

    with pytest.raises(rights.NotAllowed):
        agreements.offer(agreement=row, by=office.institution, at=clock.now())
    agreements.offer(agreement=row, by=office.province, at=clock.now())
    read = agreements.text_hash(row)
    hand = {"agreement": row, "office": "校长", "text_hash": read, "at": clock.now()}
    with pytest.raises(bothsides.TextChanged):
        agreements.sign(**hand | {"text_hash": "0" * 64}, by=office.institution, side="giving")
    with pytest.raises(rights.NotAllowed):
        agreements.sign(**hand, by=town, side="giving")
    first = agreements.sign(**hand, by=office.institution, side="giving")
    assert agreements.sign(**hand, by=office.institution, side="giving") == first
    agreements.sign(**hand, by=town, side="receiving")

    waits = client.get(address, headers=mine)
    assert (waits.status_code, waits["Retry-After"]) == (503, "60")
    assert making.work(now=clock.now()) == 1
    text = content(client.get(f"{address}?format=csv", headers=mine)).decode("utf-8-sig")
    found = [int(line["persons"]) for line in csv.DictReader(io.StringIO(text))]
    assert found == [18] * 4, "two places and two months, no other province"
    assert client.get(f"{address}?format=xlsx", headers=mine).status_code == 404
    other = key_of(office.where.institution, Scope.SHARED_READ)
    assert client.get(address, headers=other).status_code == 404, "the giving side fetches nothing"
    narrow = key_of(office.where.centre, Scope.RESULTS_READ, Scope.ALL)
    assert client.get(address, headers=narrow).status_code == 403
    (use,) = SharedUse.objects.all()
    assert (use.kind, use.rows, use.by, bool(use.key)) == ("csv", 4, None, True)

    agreements.end(agreement=row, by=town, reason="not needed", at=clock.now())
    assert client.get(address, headers=mine).json()["code"] == "lake.sharing_over"
    assert making.sweep(now=clock.now()) == 1
    assert not making.making.folder(use.edition).exists()


def test_rows_of_persons_carry_keys_of_the_agreement_and_are_readings(office, town):
    with pytest.raises(agreements.MoreThanPurpose):
        drafted(office, code="DS-0", sql=ROWS, shape="rows")
    with pytest.raises(agreements.MoreThanPurpose):
        drafted(office, code="DS-0", purpose="research", leaving="rows")
    rows = {"purpose": "supervision", "leaving": "rows", "shape": "rows"}
    row = signed(office, town, sql=ROWS, **rows)
    assert making.work(now=clock.now()) == 1
    by = using.Asker(person=town)
    found = using.fetch(agreement="DS-1", dataset="learners", kind="parquet", by=by, at=clock.now())
    table = pq.read_table(found.path)
    assert table.column_names == [pseudonyms.COLUMN, "day", "activities"]
    # Only who is still a row of the database has a key.
    learners = [2 * n for n in range(1, LEARNERS + 1) if home_of(n) != "elsewhere"]
    known = pseudonyms.of(learners, purpose="agreement:DS-1")
    assert set(table[pseudonyms.COLUMN].to_pylist()) == set(known.values())
    assert found.edition.preview == [], "rows of persons stand in no table of the database"
    reading = LakeReading.objects.get()
    assert (reading.by, reading.tables) == (town, ["learner_day"])
    given = [{"agreement": "DS-1", "recipients": [office.where.centre.name]}]
    assert making.still_out() == given, "what a receipt of an erasure says"
    assert making.withdraw_all(at=clock.now()) == 1, "an erasure takes such files away"
    assert row.datasets.get().editions.kept().count() == 0
    # Rows that were read before the lake changed are not kept behind an erasure.
    old = making.making.Rows(table, {"learner_day": -1}, 0)
    assert making.keep(dataset=row.datasets.get(), rows=old, at=clock.now()) is None
    for code, sql in (
        ("DS-2", "select learner_id, learner_id * 2 as other from learner_day"),
        ("DS-3", "select learner_id, enrolment_id from enrolment"),
        ("DS-4", "select learner_id from (select learner_id as x, learner_id from learner_day)"),
    ):
        bad = drafted(office, code=code, sql=sql, **rows)
        with pytest.raises(checking.Linked):
            agreements.offer(agreement=bad, by=office.province, at=clock.now())


def test_what_is_signed_is_what_stands_there(office, town):
    row = signed(office, town)
    with pytest.raises(DatabaseError), transaction.atomic():
        SharingAgreement.objects.filter(pk=row.pk).update(purpose_text="anything")
    with pytest.raises(DatabaseError), transaction.atomic():
        row.datasets.update(sql=ROWS)
    with pytest.raises(bothsides.WrongState):
        agreements.amend(
            agreement=row, by=town, text=agreed(office.where, TODAY), datasets=[], at=AT
        )
    assert agreements.holds(row, clock.local_date(clock.now()))
    # Even a data set that was slipped in behind the verbs does not leave.
    extra = row.datasets.create(code="more", title="more", sql=ROWS, shape="rows")
    assert not agreements.holds(row, clock.local_date(clock.now()))
    extra.delete()
    after = agreements.renew(
        agreement=row, by=town, code="DS-1-2", agreed_to=row.agreed_to + timedelta(days=365),
        at=clock.now(),
    )  # fmt: skip
    assert (after.valid_from, after.renews) == (row.agreed_to, row)
    assert [each.sql for each in after.datasets.all()] == [SQL]
    fresh = SharingAgreement.objects.get(pk=row.pk)
    with pytest.raises(bothsides.WrongState):
        agreements.renew(
            agreement=fresh, by=town, code="DS-1-3", agreed_to=after.agreed_to, at=clock.now()
        )
    verbs = list(row.steps.order_by("number").values_list("verb", flat=True))
    assert verbs == ["draft", "offer", "sign_giving", "sign_receiving", "renew"]


def test_the_pages_lead_from_the_draft_to_the_log_of_uses(
    client, office, town, django_assert_max_num_queries
):
    client.cookies["language"] = "en"
    client.post("/sign-in/demo/", {"username": "demo-institution"})
    page = client.get("/console/lake/sharing/new/")
    day = clock.local_date(clock.now())
    given = vars(agreed(office.where, day))
    given["place"] = given.pop("place_id")
    given |= {
        "request_key": page.context["form"].initial["request_key"], "code": "DS-9",
        "giving": office.where.institution.code, "receiving": office.where.centre.code,
        "set-TOTAL_FORMS": "2", "set-INITIAL_FORMS": "0", "set-0-code": "learners",
        "set-0-title": "x", "set-0-shape": "counts", "set-0-sql": SQL, "set-1-shape": "facts",
    }  # fmt: skip
    assert client.post("/console/lake/sharing/new/", given | {"legal_basis": ""}).status_code == 422
    made = client.post("/console/lake/sharing/new/", given)
    assert made.status_code == 302, made.context["form"].errors
    one = made.url
    assert client.post(f"{one}offer/").status_code == 403
    client.post("/sign-in/demo/", {"username": "demo-province"})
    assert one in client.get("/console/").content.decode(), "drafts wait for the steward"
    assert client.post(f"{one}offer/").status_code == 302
    row = SharingAgreement.objects.get()
    for who, side in (("institution", "giving"), ("centre", "receiving")):
        client.post("/sign-in/demo/", {"username": f"demo-{who}"})
        assert one in client.get("/console/").content.decode(), "to sign"
        form = {f"{side}-side": side, f"{side}-text_hash": agreements.text_hash(row)}
        data = form | {"for": side, f"{side}-office": "head"}
        assert client.post(f"{one}sign/", data).status_code == 302
        assert one not in client.get("/console/").content.decode()
    assert making.work(now=clock.now()) == 1
    with django_assert_max_num_queries(12):
        assert "parquet/" in client.get(one).content.decode()
    assert len(content(client.get(f"{one}files/learners/csv/"))) > 20
    with django_assert_max_num_queries(12):
        assert "周强" in client.get(f"{one}uses/").content.decode()
    assert client.post(f"{one}end/", {"reason": ""}).status_code == 422
    assert client.post(f"{one}end/", {"reason": "done"}).status_code == 302
    assert client.get(f"{one}files/learners/csv/").status_code == 403
    client.post("/sign-in/demo/", {"username": "demo-county"})
    assert client.get(one).status_code == 403
