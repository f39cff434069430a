"""Open data: two persons decide, files of gold without small cells, described in DCAT."""

from __future__ import annotations

import csv
import io
import json
from datetime import timedelta

import pyarrow.parquet as pq
import pytest
from django.db import DatabaseError, transaction
from pyld import jsonld

from tests.governance.conftest import AT
from tests.governance.lakes import LEARNERS, home_of
from tests.world_parts.opened import open_text
from xueqiao.governance import deciding
from xueqiao.governance.designs import checking, columns
from xueqiao.governance.models import OpenDataset
from xueqiao.governance.opening import drafting, making, publishing
from xueqiao.governance.workbench import telling

# Born before 1950: 6 learners of Jiangsu; until 1969: 14; later: 22.
GROUPS = """case when birth_year < 1950 then 'a' when birth_year < 1970 then 'b' else 'c' end"""
SQL = f"""select learner_id, {GROUPS} as born, month, activities as sum_activities
from learner_month join learner using (learner_id)"""
MEANT = {
    "born": {"zh": "出生年代", "en": "when born"},
    "sum_activities": {"zh": "活动次数", "en": "activities"},
}
EARLY, LATE = AT, AT + timedelta(minutes=5)
DCAT, DCT, FOAF = (
    "http://www.w3.org/ns/dcat#",
    "http://purl.org/dc/terms/",
    "http://xmlns.com/foaf/0.1/",
)
XSD = "http://www.w3.org/2001/XMLSchema#"


# Of what this catalogue describes: the terms that DCAT 3 gives it (chapter 6), without those of all
# resources, which stand once; and of the classes that it borrows, the terms that it uses.
OF_ALL = {
    f"{DCT}title", f"{DCT}description", f"{DCT}issued", f"{DCT}modified", f"{DCT}license",
    f"{DCT}accessRights", f"{DCT}rights", f"{DCT}conformsTo",
}  # fmt: skip
OF_RESOURCES = OF_ALL | {
    f"{DCT}identifier", f"{DCT}publisher", f"{DCT}creator", f"{DCT}language", f"{DCT}type",
    f"{DCT}relation", f"{DCT}spatial", f"{DCT}temporal", f"{DCT}accrualPeriodicity",
    f"{DCT}provenance", f"{DCAT}contactPoint", f"{DCAT}keyword", f"{DCAT}theme",
    f"{DCAT}landingPage", f"{DCAT}version", f"{DCAT}distribution",
}  # fmt: skip
TERMS = {
    f"{DCAT}Catalog": OF_RESOURCES | {
        f"{FOAF}homepage", f"{DCAT}dataset", f"{DCAT}themeTaxonomy", f"{DCAT}record",
    },
    f"{DCAT}Dataset": OF_RESOURCES,
    f"{DCAT}Distribution": OF_ALL | {
        f"{DCAT}accessURL", f"{DCAT}downloadURL", f"{DCAT}byteSize", f"{DCAT}mediaType",
        f"{DCAT}packageFormat", f"{DCAT}compressFormat", f"{DCT}format",
    },
    f"{DCT}PeriodOfTime": {f"{DCAT}startDate", f"{DCAT}endDate"},
    f"{DCT}Location": {f"{DCT}identifier", f"{DCAT}bbox", f"{DCAT}centroid"},
    f"{FOAF}Agent": {f"{FOAF}name", f"{FOAF}homepage"},
}  # fmt: skip


def nodes(found):
    """Every node of an expanded document."""
    if isinstance(found, list):
        for each in found:
            yield from nodes(each)
    elif isinstance(found, dict):
        yield found
        yield from nodes([value for key, value in found.items() if key[0] != "@" or key == "@list"])


def content(answer):
    """All of a file that is answered; the client closes it behind the last byte."""
    assert answer.status_code == 200
    return b"".join(answer)


def drafted(office, code="by-age", **changes):
    given = {"sql": SQL, "meanings": MEANT} | changes
    return drafting.draft(
        request_key=code, by=office.analyst, code=code, text=open_text(office.where, **given), at=AT
    )


def published(office, code="by-age", **changes):
    row = drafted(office, code, **changes)
    publishing.ask(dataset=row, by=office.analyst, at=AT)
    assert making.work(now=AT) == 1
    return publishing.publish(dataset=row, by=office.province, at=AT)


def expected():
    """The groups of one month, counted in plain Python from what the lake was made of."""
    found = {"a": 0, "b": 0, "c": 0}
    for learner in range(1, LEARNERS + 1):
        # Whoever lives in no known place belongs to the whole of a province.
        if home_of(learner) != "elsewhere":
            born = 1940 + learner
            found["a" if born < 1950 else "b" if born < 1970 else "c"] += 1
    return found


def test_only_cells_that_nobody_can_find_a_person_in_leave(
    client, office, django_capture_on_commit_callbacks, django_assert_max_num_queries
):
    assert expected() == {"a": 6, "b": 14, "c": 22}
    row = published(office)
    client.cookies["language"] = "en"
    with django_assert_max_num_queries(12):
        page = client.get("/data/by-age/").content.decode()
    assert "Cells under 10 persons are left out" in page
    text = content(client.get("/data/by-age/by-age.csv")).decode("utf-8-sig")
    lines = list(csv.DictReader(io.StringIO(text)))
    # The small group goes, and the next one with it: a total would give the small one away.
    assert [(line["born"], line["persons"]) for line in lines] == [("c", "22")] * 2
    assert [line["month"] for line in lines] == ["2024-03-01", "2024-04-01"]
    parquet = pq.read_table(io.BytesIO(content(client.get("/data/by-age/by-age.parquet"))))
    assert parquet["persons"].to_pylist() == [22, 22]
    edition = row.editions.get()
    assert (edition.rows, edition.hidden_cells) == (2, 4)
    assert [str(edition.first_day), str(edition.last_day)] == ["2024-03-01", "2024-04-30"]
    assert edition.preview == [["c", "2024-03-01", "22", "22"], ["c", "2024-04-01", "22", "22"]]
    assert client.get("/data/by-age/other.csv").status_code == 404

    publishing.ask_withdrawal(dataset=row, by=office.analyst, reason="wrong months", at=LATE)
    assert content(client.get("/data/by-age/by-age.csv")).decode("utf-8-sig") == text
    with django_capture_on_commit_callbacks(execute=True):
        publishing.withdraw(dataset=row, by=office.province, at=LATE)
    assert client.get("/data/by-age/by-age.csv").status_code == 404
    assert client.get("/data/by-age/").status_code == 410
    assert client.get("/data/catalog.jsonld").json()["dcat:dataset"] == []
    again = publishing.revise(dataset=row, by=office.analyst, at=LATE)
    assert (again.state, again.revision) == ("draft", 2)


def test_a_sum_that_few_have_a_part_in_hides_its_cell(office):
    """Everybody counts, and three of them bring the whole sum."""
    sql = """select learner_id, case when learner_id < 8 then activities else 0 end as sum_few
    from learner_day"""
    row = drafted(office, sql=sql, meanings={"sum_few": MEANT["born"]})
    publishing.ask(dataset=row, by=office.analyst, at=AT)
    assert making.work(now=AT) == 1
    assert row.editions.get().rows == 0


@pytest.mark.parametrize(
    ("changes", "refusal"),
    [
        ({"sql": "select place_id, learners from place_month", "shape": "facts"},
         checking.RestsOnPersons),
        ({"sql": "select count(*) as n from learner", "shape": "facts"}, checking.RestsOnPersons),
        ({"sql": "select line, fen from budget", "shape": "facts"}, checking.LevelTooHigh),
        ({"sql": "select learner_id from stage.event"}, telling.QueryFaulty),
        ({"sql": "select learner_id, l.learners from learner_place join place_month l "
                 "using (place_id)"}, checking.RestsOnPersons),
        ({"sql": "select place_id from place"}, checking.NobodyCounted),
        ({"sql": "select place_id from learner_place"}, telling.QueryFaulty),
        ({"meanings": {}}, columns.ColumnUndescribed),
    ],
)  # fmt: skip
def test_what_may_not_leave_is_refused_before_anybody_decides(office, changes, refusal):
    row = drafted(office, **changes)
    with pytest.raises(refusal):
        publishing.ask(dataset=row, by=office.analyst, at=AT)
    row.refresh_from_db()
    assert row.state == "draft"


def test_two_persons_decide_about_what_the_second_one_has_seen(office):
    row = drafted(office, sql="select code, name, level from place", shape="facts", meanings={})
    publishing.ask(dataset=row, by=office.province, at=AT)
    with pytest.raises(deciding.SamePerson):
        publishing.publish(dataset=row, by=office.province, at=AT)
    with pytest.raises(publishing.NotMade):
        publishing.publish(dataset=row, by=office.second, at=AT)
    with pytest.raises(DatabaseError), transaction.atomic():
        OpenDataset.objects.filter(pk=row.pk).update(sql="select 1")
    assert making.work(now=AT) == 1
    publishing.publish(dataset=row, by=office.second, at=AT)
    with pytest.raises(drafting.OpenWrongState):
        publishing.publish(dataset=row, by=office.second, at=AT)
    publishing.ask_withdrawal(dataset=row, by=office.second, reason="old", at=AT)
    with pytest.raises(deciding.SamePerson):
        publishing.withdraw(dataset=row, by=office.second, at=AT)
    kept = publishing.keep(dataset=row, by=office.province, reason="still right", at=AT)
    assert kept.state == "published"
    verbs = list(row.steps.order_by("number").values_list("verb", flat=True))
    assert verbs == ["draft", "ask", "publish", "leave", "keep"]


def test_files_are_made_anew_when_they_are_due_and_the_tables_changed(office, monkeypatch):
    row = published(office, sql="select code, name from place", shape="facts", meanings={})
    later = AT + timedelta(days=40)
    assert making.work(now=later) == 0, "nothing changed"
    first = row.editions.get()
    type(first).objects.filter(pk=first.pk).update(versions={"place": -1})
    assert making.work(now=AT + timedelta(days=1)) == 0, "not due yet"
    assert making.work(now=later) == 1
    assert list(row.editions.order_by("number").values_list("number", flat=True)) == [1, 2]
    # Where it cannot be made, why stands at the data set, and what was made is served.
    row.editions.update(versions={"place": -1})
    OpenDataset.objects.filter(pk=row.pk).update(asked_at=None, state="draft")
    OpenDataset.objects.filter(pk=row.pk).update(sql="select nothing from place")
    OpenDataset.objects.filter(pk=row.pk).update(asked_at=AT, state="published")
    assert making.work(now=later + timedelta(days=40)) == 0
    row.refresh_from_db()
    assert "nothing" in row.failure
    assert row.editions.count() == 2


def one(node, term):
    """The single value of a term of an expanded node."""
    (found,) = node[term]
    return found.get("@value", found.get("@id", found))


def test_the_catalogue_is_json_ld_with_what_dcat_ap_asks_for(client, office):
    published(office)
    answer = client.get("/data/catalog.jsonld")
    assert answer["Content-Type"] == "application/ld+json"
    (catalogue,) = jsonld.expand(answer.json())
    assert catalogue["@type"] == [f"{DCAT}Catalog"]
    for term in ("title", "description"):
        languages = {text["@language"] for text in catalogue[DCT + term]}
        assert languages == {"zh", "en"}
    (publisher,) = catalogue[f"{DCT}publisher"]
    assert publisher[f"{FOAF}name"]
    (dataset,) = catalogue[f"{DCAT}dataset"]
    assert dataset["@type"] == [f"{DCAT}Dataset"]
    assert dataset[f"{DCT}title"]
    assert dataset[f"{DCT}description"]
    for term in ("publisher", "accessRights", "accrualPeriodicity", "issued", "modified"):
        assert len(dataset[DCT + term]) == 1, "at most one, says DCAT-AP"
    (period,) = dataset[f"{DCT}temporal"]
    assert period[f"{DCAT}endDate"] == [{"@type": f"{XSD}date", "@value": "2024-04-30"}]
    assert one(dataset[f"{DCT}spatial"][0], f"{DCT}identifier") == "32"
    files = dataset[f"{DCAT}distribution"]
    assert [one(file, f"{DCAT}mediaType").rsplit("/", 1)[1] for file in files] == [
        "csv",
        "vnd.apache.parquet",
    ]
    for file in files:
        assert file["@type"] == [f"{DCAT}Distribution"]
        assert one(file, f"{DCAT}accessURL").endswith("/data/by-age/")
        size = file[f"{DCAT}byteSize"]
        address = one(file, f"{DCAT}downloadURL").split("/", 3)[3]
        length = len(content(client.get(f"/{address}")))
        assert size == [{"@type": f"{XSD}nonNegativeInteger", "@value": str(length)}]
        (checksum,) = file["http://spdx.org/rdf/terms#checksum"]
        assert one(checksum, "http://spdx.org/rdf/terms#algorithm").endswith("sha256")
        assert one(file, f"{DCT}license") == "https://creativecommons.org/licenses/by/4.0/"
    for node in nodes(catalogue):
        of = {term for term in node if term.startswith((DCAT, DCT, FOAF))}
        for kind in node.get("@type", []) if isinstance(node.get("@type"), list) else []:
            of -= TERMS.get(kind, {f"{DCT}description"})
        assert not of, "terms that the vocabularies do not give to such a thing"
    # Whatever is not an absolute address has lost its meaning on the way.
    triples = jsonld.to_rdf(answer.json(), {"format": "application/n-quads"})
    assert triples.count(f"<{DCAT}Distribution>") == 2
    assert "csvw#name" in triples


def test_the_page_carries_its_description_and_nothing_can_break_out_of_it(client, office):
    row = published(office, title_en="</script><b>", code="by-age")
    client.cookies["language"] = "en"
    page = client.get(f"/data/{row.code}/").content.decode()
    block = page.split('<script type="application/ld+json">')[1].split("</script>")[0]
    assert jsonld.expand(json.loads(block))[0]["@type"] == [f"{DCAT}Dataset"]
    assert "\\u003c/script\\u003e" in block


def test_the_lists_ask_as_much_for_three_as_for_one(client, office, django_assert_num_queries):
    client.cookies["language"] = "en"
    facts = {"sql": "select code, name from place", "shape": "facts", "meanings": {}}
    published(office, "places-1", **facts)
    with django_assert_num_queries(2):
        client.get("/data/")
    for number in (2, 3):
        copy = OpenDataset.objects.get(code="places-1")
        copy.pk, copy.code, copy.request_key = None, f"places-{number}", f"places-{number}"
        copy.save()
    with django_assert_num_queries(2):
        page = client.get("/data/?q=county").content.decode()
    assert page.count('href="/data/places-') == 3
