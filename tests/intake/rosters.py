"""A small OneRoster 1.2 package of a school, written after the binding's description."""

from __future__ import annotations

import csv
import io
import zipfile

from xueqiao.intake.oneroster.tables import TABLES

AT = "2026-02-20T08:00:00.000Z"
ROWS = {
    "orgs": [
        {"sourcedId": "s1", "name": "实验中学", "type": "school", "parentSourcedId": "d1"},
        {"sourcedId": "d1", "name": "教育局", "type": "district"},
    ],
    "academicSessions": [
        {"sourcedId": "y26", "title": "2026", "type": "schoolYear", "startDate": "2025-09-01",
         "endDate": "2026-07-10", "schoolYear": "2026"},
        {"sourcedId": "t1", "title": "Spring", "type": "term", "startDate": "2026-02-20",
         "endDate": "2026-07-10", "schoolYear": "2026", "parentSourcedId": "y26"},
    ],
    "courses": [
        {"sourcedId": "c1", "title": "数学", "orgSourcedId": "s1", "schoolYearSourcedId": "y26"},
    ],
    "users": [
        {"sourcedId": f"u{n}", "enabledUser": "true", "username": f"li{n}", "givenName": "Wei",
         "familyName": "Li", "password": "s3cret", "phone": "13800000000", "identifier": f"S{n}",
         "primaryOrgSourcedId": "s1"}
        for n in range(1, 5)
    ],
    "classes": [
        {"sourcedId": "k1", "title": "七年级数学（三班）", "courseSourcedId": "c1",
         "classType": "scheduled", "schoolSourcedId": "s1", "termSourcedIds": "t1,y26"},
    ],
    "roles": [
        {"sourcedId": "r1", "userSourcedId": "u1", "roleType": "primary", "role": "teacher",
         "orgSourcedId": "s1"},
    ],
    "enrollments": [
        {"sourcedId": "e1", "classSourcedId": "k1", "schoolSourcedId": "s1",
         "userSourcedId": "u1", "role": "teacher", "primary": "true"},
        *(
            {"sourcedId": f"e{n}", "classSourcedId": "k1", "schoolSourcedId": "s1",
             "userSourcedId": f"u{n}", "role": "student", "beginDate": "2026-02-20"}
            for n in range(2, 5)
        ),
    ],
}  # fmt: skip


def table(name, rows, heading=None):
    out = io.StringIO()
    heading = heading or [field.name for field in TABLES[name]]
    writer = csv.writer(out)
    writer.writerow(heading)
    writer.writerows([row.get(column, "") for column in heading] for row in rows)
    return out.getvalue().encode()


def manifest(modes, **changes):
    said = {"manifest.version": "1.0", "oneroster.version": "1.2"} | changes
    said |= {f"file.{name}": mode for name, mode in modes.items()}
    lines = ["propertyName,value", *(f"{name},{value}" for name, value in said.items())]
    return "\r\n".join(lines).encode()


def package(rows, mode="bulk", **files):
    """A zip file; ``files`` replace or add files by name, None leaves one out."""
    made = {name: table(name, some) for name, some in rows.items()}
    made["manifest"] = manifest(dict.fromkeys(rows, mode))
    made |= files
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in made.items():
            if data is not None:
                archive.writestr(f"{name}.csv", data)
    return out.getvalue()


def but(name, sourced_id, **changes):
    """The rows, one of them changed; None for ``changes`` of ``gone`` leaves it out."""
    rows = {key: [dict(row) for row in some] for key, some in ROWS.items()}
    found = next(row for row in rows[name] if row["sourcedId"] == sourced_id)
    if changes.pop("gone", False):
        rows[name].remove(found)
    found.update(changes)
    return rows
