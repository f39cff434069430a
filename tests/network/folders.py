"""A folder like the sample's, small enough to be read: 南通 with a swap, a merger and a zone."""

import csv
import json

REGISTER = ("code", "level", "name", "parent")
CHANGES = (
    "year",
    "type",
    "level",
    "old_code",
    "old_name",
    "old_parent",
    "new_code",
    "new_name",
    "new_parent",
    "doc_no",
    "source_url",
)
CENSUS = (
    "level",
    "code",
    "pop",
    "urban_pop",
    "rural_pop",
    "m_0",
    "f_0",
    "m_1_4",
    "f_1_4",
    "m_60p",
    "f_60p",
)

NBS = [
    ("32", "1", "江苏省", ""),
    ("3206", "2", "南通市", "32"),
    ("320613", "3", "崇川区", "3206"),
    ("320671", "3", "南通经济技术开发区", "3206"),
    ("320613001", "4", "城东街道", "320613"),
    ("320613002", "4", "和平桥街道", "320613"),
    ("320613401", "4", "崇川经济开发区", "320613"),
    ("320671001", "4", "中兴街道", "320671"),
]
VILLAGES = [
    ("320613001001", "5", "易家桥社区居委会", "320613001"),
    ("320613002001", "5", "端平桥社区居委会", "320613002"),
    ("320613002002", "5", "和平村委会", "320613002"),
    ("320613401001", "5", "开发区社区居委会", "320613401"),
    ("320671001001", "5", "中兴社区居委会", "320671001"),
]
# The same codes as above for other towns, a town marked as dissolved, one in another county.
MCA = [
    ("32", "1", "江苏省", ""),
    ("3206", "2", "南通市", "32"),
    ("320613", "3", "崇川区", "3206"),
    ("320613001", "4", "和平桥街道", "320613"),
    ("320613002", "4", "城东街道（撤销）", "320613"),
    ("320613012", "4", "中兴街道", "320613"),
    ("320613015", "4", "江海街道", "320613"),
]
EVENTS = [
    (
        "2020",
        "同名改码",
        "3",
        "320602000000",
        "崇川区",
        "320600000000",
        "320613000000",
        "崇川区",
        "320600000000",
        "",
        "",
    ),
    (
        "2020",
        "撤销",
        "3",
        "320611000000",
        "港闸区",
        "320600000000",
        "320613000000",
        "崇川区",
        "",
        "",
        "",
    ),
]
COUNTS = [
    ("1", "320000", "100", "60", "40", "5", "5", "10", "10", "30", "40"),
    ("2", "320600", "100", "60", "40", "5", "5", "10", "10", "30", "40"),
    ("3", "320613", "50", "40", "10", "2", "3", "5", "5", "15", "20"),
    ("3", "320611", "30", "10", "20", "2", "1", "3", "4", "10", "10"),
]
SQUARE = {"type": "Polygon", "coordinates": [[[120, 32], [121, 32], [121, 33], [120, 32]]]}


def outline(code, name):
    return {
        "type": "Feature",
        "properties": {"code": code, "name": name, "lon": 120.5, "lat": 32.25},
        "geometry": SQUARE,
    }


def write(folder):
    """Write the whole folder; returns it."""
    table(folder / "divisions_cn_l1_l4.csv", REGISTER, NBS)
    table(folder / "divisions_js_l5.csv", REGISTER, VILLAGES)
    table(folder / "divisions_hn_l5.csv", REGISTER, [])
    table(folder / "divisions_mca2025_l1_l4.csv", REGISTER, MCA)
    table(folder / "division_changes_1980_2026.csv", CHANGES, EVENTS)
    table(folder / "division_changes_supplement.csv", CHANGES, [])
    table(folder / "census2020_county.csv", CENSUS, COUNTS)
    (folder / "boundaries").mkdir()
    outlines(folder / "boundaries/js_city.geojson", [outline("320600", "南通市")])
    outlines(folder / "boundaries/js_county.geojson", [outline("320613", "崇川区")])
    outlines(folder / "boundaries/hn_city.geojson", [])
    outlines(folder / "boundaries/hn_county.geojson", [])
    return folder


def table(path, columns, rows):
    with path.open("w", encoding="utf-8", newline="") as text:
        csv.writer(text).writerows([columns, *rows])


def outlines(path, features):
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}), "utf-8")
