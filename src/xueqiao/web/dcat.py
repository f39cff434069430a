"""The catalogue of open data for programs: W3C DCAT 3 as JSON-LD, with the terms of DCAT-AP 3.

What DCAT-AP asks for is always there: title, description and publisher of the catalogue, title and
description of a data set, the access address of a distribution, the name of an agent. The columns
of a file are described in the words of CSV on the Web.

Source: https://www.w3.org/TR/vocab-dcat-3/, https://semiceu.github.io/DCAT-AP/releases/3.0.0/,
https://www.w3.org/TR/tabular-metadata/, https://www.w3.org/TR/json-ld11/
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from django.urls import reverse

from xueqiao.governance import rules
from xueqiao.governance.designs import columns
from xueqiao.governance.models import EditionFile, Frequency, Licence
from xueqiao.kernel import clock

if TYPE_CHECKING:
    from collections.abc import Iterable

    from xueqiao.governance.models import DataEdition, OpenDataset

MEDIA_TYPE = "application/ld+json"
ABOUT_ZH = "任何人都可以使用的终身学习数据；人数过少的单元格不列出。"
ABOUT_EN = "Data about lifelong learning that everybody may use; cells of few persons are left out."
_EU = "http://publications.europa.eu/resource/authority"
_IANA = "https://www.iana.org/assignments/media-types"
LICENCES = {
    Licence.BY: "https://creativecommons.org/licenses/by/4.0/",
    Licence.ZERO: "https://creativecommons.org/publicdomain/zero/1.0/",
    Licence.ODBL: "https://opendatacommons.org/licenses/odbl/1-0/",
}
FREQUENCIES = {
    Frequency.DAILY: f"{_EU}/frequency/DAILY",
    Frequency.WEEKLY: f"{_EU}/frequency/WEEKLY",
    Frequency.MONTHLY: f"{_EU}/frequency/MONTHLY",
    Frequency.ANNUAL: f"{_EU}/frequency/ANNUAL",
}
MEDIA_TYPES = {
    EditionFile.Kind.CSV: "text/csv",
    EditionFile.Kind.PARQUET: "application/vnd.apache.parquet",
}
_ADDRESS: dict[str, str] = {"@type": "@id"}
CONTEXT: dict[str, Any] = {
    "dcat": "http://www.w3.org/ns/dcat#",
    "dct": "http://purl.org/dc/terms/",
    "foaf": "http://xmlns.com/foaf/0.1/",
    "vcard": "http://www.w3.org/2006/vcard/ns#",
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "spdx": "http://spdx.org/rdf/terms#",
    "csvw": "http://www.w3.org/ns/csvw#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
    "dct:issued": {"@type": "xsd:date"},
    "dct:modified": {"@type": "xsd:dateTime"},
    "dcat:startDate": {"@type": "xsd:date"},
    "dcat:endDate": {"@type": "xsd:date"},
    "dcat:byteSize": {"@type": "xsd:nonNegativeInteger"},
    "spdx:checksumValue": {"@type": "xsd:hexBinary"},
    "csvw:column": {"@container": "@list"},
    **dict.fromkeys(
        ("foaf:homepage", "dcat:landingPage", "dcat:accessURL", "dcat:downloadURL",
         "vcard:hasEmail", "spdx:algorithm"),
        _ADDRESS,
    ),
}  # fmt: skip


def catalogue(datasets: Iterable[OpenDataset], *, base: str) -> dict[str, Any]:
    """The whole catalogue as one JSON-LD document.

    Args:
        datasets: published ones with publisher, place and files at hand (``rows``).
        base: the address of this site without a slash at its end.
    """
    described = [_dataset(row, edition, base) for row, edition in rows(datasets)]
    found: dict[str, Any] = {
        "@context": CONTEXT,
        "@id": base + reverse("open-data"),
        "@type": "dcat:Catalog",
        "dct:title": [_said("zh", "学桥开放数据"), _said("en", "Open data of Xueqiao")],
        "dct:description": [_said("zh", ABOUT_ZH), _said("en", ABOUT_EN)],
        "dct:publisher": {
            "@id": f"{base}/#site",
            "@type": "foaf:Agent",
            "foaf:name": [_said("zh", "学桥"), _said("en", "Xueqiao")],
        },
        "foaf:homepage": base + reverse("open-data"),
        "dct:language": _languages(),
        "dcat:dataset": described,
    }
    if described:
        found["dct:modified"] = max(each["dct:modified"] for each in described)
    return found


def document(row: OpenDataset, edition: DataEdition, *, base: str) -> dict[str, Any]:
    """One data set as a JSON-LD document of its own."""
    return {"@context": CONTEXT, **_dataset(row, edition, base)}


def embedded(found: dict[str, Any]) -> str:
    """A document as text that may stand inside a script element of a page."""
    text = json.dumps(found, ensure_ascii=False)
    for sign in "<>&":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return text


def rows(datasets: Iterable[OpenDataset]) -> list[tuple[OpenDataset, DataEdition]]:
    """Data sets with their newest edition; those whose files are not there are left out.

    ``datasets`` has the kept editions prefetched as ``present``, newest first.
    """
    found = []
    for row in datasets:
        mine = [each for each in row.present if each.revision == row.revision]  # type: ignore[attr-defined]
        if mine:
            found.append((row, mine[0]))
    return found


def _dataset(row: OpenDataset, edition: DataEdition, base: str) -> dict[str, Any]:
    page = base + reverse("open-dataset", args=[row.code])
    assert row.published_at is not None
    found: dict[str, Any] = {
        "@id": page,
        "@type": "dcat:Dataset",
        "dct:identifier": row.code,
        "dct:title": [_said("zh", row.title_zh), _said("en", row.title_en)],
        "dct:description": [_said("zh", row.description_zh), _said("en", row.description_en)],
        "dct:publisher": _publisher(row, base),
        "dcat:contactPoint": _contact(row.contact),
        "dct:issued": clock.local_date(row.published_at).isoformat(),
        "dct:modified": edition.made_at.isoformat(),
        "dct:license": {"@id": LICENCES[Licence(row.licence)], "@type": "dct:LicenseDocument"},
        "dct:accessRights": {
            "@id": f"{_EU}/access-right/PUBLIC", "@type": "dct:RightsStatement",
        },
        "dct:accrualPeriodicity": {
            "@id": FREQUENCIES[Frequency(row.frequency)], "@type": "dct:Frequency",
        },
        "dcat:theme": {
            "@id": f"{_EU}/data-theme/EDUC", "@type": "skos:Concept",
            "skos:prefLabel": [
                _said("zh", "教育、文化和体育"), _said("en", "Education, culture and sport"),
            ],
        },
        "dct:language": _languages(),
        "dct:spatial": {
            "@type": "dct:Location", "dct:identifier": row.place.code,
            "skos:prefLabel": [_said("zh", row.place.name)],
        },
        "dct:provenance": {
            "@type": "dct:ProvenanceStatement", "rdfs:label": provenance(edition),
        },
        "dcat:landingPage": page,
        "dcat:version": f"{row.revision}.{edition.number}",
        "dcat:distribution": [_distribution(row, edition, file, base) for file in _files(edition)],
    }  # fmt: skip
    if words := keywords(row):
        found["dcat:keyword"] = words
    if edition.first_day and edition.last_day:
        found["dct:temporal"] = {
            "@type": "dct:PeriodOfTime",
            "dcat:startDate": edition.first_day.isoformat(),
            "dcat:endDate": edition.last_day.isoformat(),
        }
    return found


def keywords(row: OpenDataset) -> list[dict[str, str]]:
    """The keywords in both languages."""
    zh = row.keywords_zh.replace("，", ",").replace("、", ",").split(",")
    pairs = [("zh", each) for each in zh] + [("en", each) for each in row.keywords_en.split(",")]
    return [_said(language, word.strip()) for language, word in pairs if word.strip()]


def provenance(edition: DataEdition) -> list[dict[str, str]]:
    """From which tables the files were made, and what was left out."""
    read = ", ".join(f"{name} (v{number})" for name, number in sorted(edition.versions.items()))
    least = rules.SMALLEST_CELL
    zh = f"由数据湖金层表生成：{read}；不足 {least} 人的单元格不列出。"
    en = f"Made of gold tables of the lake: {read}; cells under {least} persons are left out."
    return [_said("zh", zh), _said("en", en)]


def _distribution(
    row: OpenDataset, edition: DataEdition, file: EditionFile, base: str
) -> dict[str, Any]:
    address = base + reverse("open-data-file", args=[row.code, file.name])
    kind = EditionFile.Kind(file.kind)
    return {
        "@id": address,
        "@type": "dcat:Distribution",
        "dct:title": [
            _said("zh", f"{row.title_zh}（{kind.name}）"),
            _said("en", f"{row.title_en} ({kind.name})"),
        ],
        "dcat:accessURL": base + reverse("open-dataset", args=[row.code]),
        "dcat:downloadURL": address,
        "dcat:mediaType": {"@id": f"{_IANA}/{MEDIA_TYPES[kind]}", "@type": "dct:MediaType"},
        "dcat:byteSize": str(file.size_bytes),
        "dct:modified": edition.made_at.isoformat(),
        "dct:license": {"@id": LICENCES[Licence(row.licence)], "@type": "dct:LicenseDocument"},
        "spdx:checksum": {
            "@type": "spdx:Checksum",
            "spdx:algorithm": "spdx:checksumAlgorithm_sha256",
            "spdx:checksumValue": file.sha256,
        },
        "csvw:tableSchema": {
            "@type": "csvw:Schema",
            "csvw:column": [
                {
                    "@type": "csvw:Column",
                    "csvw:name": each.name,
                    "dct:description": [_said("zh", each.zh), _said("en", each.en)],
                }
                for each in columns.of(edition)
            ],
        },
    }  # fmt: skip


def _publisher(row: OpenDataset, base: str) -> dict[str, Any]:
    body = row.publisher
    names = [_said("zh", body.name), *([_said("en", body.name_en)] if body.name_en else [])]
    return {
        "@id": f"{base}/#institution-{body.code}", "@type": "foaf:Agent", "foaf:name": names,
    }  # fmt: skip


def _contact(text: str) -> dict[str, Any]:
    found: dict[str, Any] = {"@type": "vcard:Organization", "vcard:fn": text}
    if mail := next((word for word in text.split() if "@" in word.strip("@")), ""):
        found["vcard:hasEmail"] = f"mailto:{mail.strip('<>,;')}"
    return found


def _files(edition: DataEdition) -> list[EditionFile]:
    return sorted(edition.files.all(), key=lambda file: file.kind)


def _languages() -> list[dict[str, str]]:
    return [
        {"@id": f"{_EU}/language/{code}", "@type": "dct:LinguisticSystem"}
        for code in ("ZHO", "ENG")
    ]


def _said(language: str, text: str) -> dict[str, str]:
    return {"@language": language, "@value": text}
