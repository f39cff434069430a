"""Standards as anybody reads them, as an editor writes them, and as other systems fetch them."""

from __future__ import annotations

import json

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.creditbank.standards.test_case import foreign
from tests.web.test_console import sign_in, world
from xueqiao.creditbank.models import Level, QualificationFramework, Standard
from xueqiao.creditbank.standards.case import reading

pytestmark = pytest.mark.django_db
__all__ = ["sign_in", "world"]
CASE = "/ims/case/v1p1"


def head(**changed):
    level = Level.objects.get(framework__code="SAMPLE-QF10", number=3)
    said = {
        "code": "CARE", "version": "1", "title_zh": "养老护理", "title_en": "Elder care",
        "level": level.pk, "field": "care", "owner": "省学分银行", "valid_from": "2026-01-01",
        "source": "测试 test",
    }  # fmt: skip
    return said | changed


def unit(**changed):
    said = {
        **head(), "code": "CARE-U1", "credit_hundredths": "2.5", "notional_hours": "40",
        "outcomes": "能协助进食\n\n能测体温", "criteria": "实操考核", "module_code": "",
    }  # fmt: skip
    return said | changed


def drafted(client):
    answer = client.post("/console/standards/new/", head())
    assert answer.status_code == 302
    address = answer.url
    assert client.post(f"{address}units/new/", unit()).status_code == 302
    return address


def test_a_standard_goes_from_a_draft_to_what_everybody_reads(world, sign_in, client):
    address = drafted(sign_in("institution"))
    row = Standard.objects.get(code="CARE")
    assert row.units.get().outcomes == ["能协助进食", "能测体温"]
    assert client.get("/standards/CARE/1/").status_code == 404

    refused = sign_in("institution").post(f"{address}publish/")
    published = sign_in("province").post(f"{address}publish/")

    assert (refused.status_code, published.url) == (403, address)
    page = client.get("/standards/CARE/1/").content.decode()
    assert "Elder care" in page
    assert "能测体温" in page
    rows = client.get("/standards/?q=省学分银行").context["list"]
    assert [each.code for each in rows.page.rows] == ["CARE"]
    assert client.get(f"{address}units/new/").status_code == 404


def test_who_wrote_it_is_told_why_it_is_not_published(world, sign_in):
    client = sign_in("province")
    address = drafted(client)
    page = client.post(f"{address}publish/", follow=True).content.decode()
    assert "Somebody else has to publish it" in page
    assert Standard.objects.get(code="CARE").is_draft


def test_the_next_version_stands_beside_the_one_before(world, sign_in, client):
    address = drafted(sign_in("institution"))
    sign_in("province").post(f"{address}publish/")
    answer = sign_in("institution").post(
        f"{address}next/", {"version": "2", "valid_from": "2026-06-01"}
    )
    second = Standard.objects.get(code="CARE", version="2")
    assert answer.url == f"/console/standards/{second.pk}/"
    editor = sign_in("institution")
    old = second.units.get()
    editor.post(f"{answer.url}units/{old.pk}/", unit(credit_hundredths="3"))
    assert "2.5" in editor.get(f"{answer.url}compare/").content.decode()

    sign_in("province").post(f"{answer.url}publish/")

    page = client.get("/standards/CARE/compare/").content.decode()
    assert ("<del>2.5</del>" in page, "<ins>3</ins>" in page) == (True, True)
    assert str(Standard.objects.get(code="CARE", version="1").valid_to) == "2026-06-01"
    sign_in("province").post(f"{answer.url}retire/", {"day": "2027-01-01", "reason": "过时"})
    assert str(Standard.objects.get(code="CARE", version="2").valid_to) == "2027-01-01"


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"credit_hundredths": "two"}, "credit_hundredths"),
        ({"credit_hundredths": "0"}, "credit_hundredths"),
        ({"notional_hours": "0"}, "notional_hours"),
        ({"source": ""}, "source"),
    ],
    ids=["words", "nothing", "hours", "source"],
)
def test_what_was_typed_stays_beside_the_refusal(world, sign_in, changed, field):
    client = sign_in("institution")
    address = drafted(client)
    answer = client.post(f"{address}units/new/", unit(code="CARE-U2", **changed))
    assert answer.status_code == 422
    assert field in answer.context["form"].errors
    assert "CARE-U2" in answer.content.decode()


def test_a_draft_is_discarded_and_a_unit_removed(world, sign_in):
    client = sign_in("institution")
    address = drafted(client)
    row = Standard.objects.get(code="CARE")
    client.post(f"{address}units/{row.units.get().pk}/remove/")
    assert not row.units.exists()
    assert client.post(f"{address}discard/").url == "/console/standards/"
    assert not Standard.objects.filter(code="CARE").exists()


def test_levels_of_a_framework_are_edited_and_numbered_in_order(world, sign_in, client):
    editor = sign_in("institution")
    version = {"code": "QF", "version": "1"}
    facts = {
        "name_zh": "三级框架", "name_en": "Three levels", "valid_from": "2026-01-01",
        "source": "测试",
    }  # fmt: skip
    address = editor.post("/console/frameworks/", version | facts).url
    levels = {"levels-TOTAL_FORMS": "3", "levels-INITIAL_FORMS": "0"}
    for n, gone in ((0, ""), (1, "on"), (2, "")):
        words = {"name_zh": f"{n}级", "name_en": f"L{n}", "knowledge": "知", "skills": "技"}
        levels |= {f"levels-{n}-{k}": v for k, v in {**words, "competence": "能"}.items()}
        levels |= {f"levels-{n}-DELETE": gone} if gone else {}
    assert editor.post(address, facts | levels).status_code == 302
    row = QualificationFramework.objects.get(code="QF")
    assert list(row.levels.order_by("number").values_list("number", "name_zh")) == [
        (1, "0级"),
        (2, "2级"),
    ]
    sign_in("province").post(f"{address}publish/")
    assert "L2" in client.get("/frameworks/QF/1/").content.decode()


def test_a_package_of_another_body_becomes_a_draft_in_two_steps(world, sign_in):
    client = sign_in("institution")
    file = SimpleUploadedFile("woodwork.json", json.dumps(foreign()).encode())
    address = client.post("/console/packages/", {"file": file}).url
    assert client.get(address).context["found"].types["Competency"] == 2
    level = Level.objects.filter(is_draft=False).first()
    said = {
        "kind": "standard", "unit_types": ["Competency"], "criterion_types": ["Evidence"],
        "level": level.pk, "credit_hundredths": "1", "notional_hours": "16", "field": "wood",
    }  # fmt: skip
    answer = client.post(address, said)
    row = Standard.objects.get(owner="A body of crafts")
    assert (answer.url, row.is_draft) == (f"/console/standards/{row.pk}/", True)
    assert client.post(address, said).url == answer.url


def test_what_cannot_be_read_is_kept_with_its_reason(world, sign_in):
    client = sign_in("institution")
    file = SimpleUploadedFile("broken.json", b'{"CFDocument": {}}')
    address = client.post("/console/packages/", {"file": file}).url
    assert "/CFDocument" in client.get(address).content.decode()
    assert client.get("/console/packages/").context["list"].count == 1
    picture = SimpleUploadedFile("photo.jpg", b"\xff\xd8\xff")
    assert client.post("/console/packages/", {"file": picture}).status_code == 422


# --- CASE endpoints ------------------------------------------------------------------------------


def test_other_systems_fetch_every_published_version(world, client):
    found = client.get(f"{CASE}/CFDocuments?limit=3")
    assert int(found["X-Total-Count"]) > len(found.json()["CFDocuments"]) == 3
    assert found["Access-Control-Allow-Origin"] == "*"
    rest = client.get(f"{CASE}/CFDocuments?offset=3").json()["CFDocuments"]
    ids = {each["identifier"] for each in found.json()["CFDocuments"] + rest}
    assert len(ids) == int(found["X-Total-Count"])
    for each in ids:
        package = client.get(f"{CASE}/CFPackages/{each}")
        assert reading.read(package.content.decode()).document["identifier"] == each
        assert client.get(f"{CASE}/CFDocuments/{each}").json()["CFPackageURI"]["identifier"] == each


def test_items_and_associations_are_found_by_their_identifier(world, client):
    document = client.get(f"{CASE}/CFDocuments?limit=1").json()["CFDocuments"][0]
    package = client.get(f"{CASE}/CFPackages/{document['identifier']}").json()
    item = package["CFItems"][0]
    alone = client.get(f"{CASE}/CFItems/{item['identifier']}").json()
    assert alone.pop("CFDocumentURI")["identifier"] == document["identifier"]
    assert alone == item
    around = client.get(f"{CASE}/CFItemAssociations/{item['identifier']}").json()
    link = around["CFAssociations"][0]
    assert client.get(f"{CASE}/CFAssociations/{link['identifier']}").json() == link


@pytest.mark.parametrize(
    ("address", "status"),
    [
        ("CFPackages/00000000-0000-4000-8000-000000000000", 404),
        ("CFItems/00000000-0000-4000-8000-000000000000", 404),
        ("CFDocuments?limit=many", 400),
        ("CFDocuments?offset=-1", 400),
    ],
)
def test_refusals_have_the_form_of_the_binding(world, client, address, status):
    answer = client.get(f"{CASE}/{address}")
    assert (answer.status_code, answer.json()["imsx_codeMajor"]) == (status, "failure")


@pytest.mark.parametrize(
    "address", ["/standards/", "/console/standards/"], ids=["public", "console"]
)
def test_lists_ask_the_database_as_often_for_one_as_for_many(world, sign_in, address):
    client = sign_in("institution")
    client.get(address)
    with CaptureQueriesContext(connection) as few:
        client.get(f"{address}?q=ELDERCARE")
    with CaptureQueriesContext(connection) as many:
        client.get(address)
    assert len(many) <= len(few) <= 12
    assert len(few) - len(many) <= 1
