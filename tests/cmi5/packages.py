"""Course packages for the tests, made as a designer's tool would make them."""

from __future__ import annotations

import io
import zipfile

NAMESPACE = "https://w3id.org/xapi/profiles/cmi5/v1/CourseStructure.xsd"
COURSE = "https://publisher.example/courses/geology"


def text(name, words):
    return f'<{name}><langstring lang="en">{words}</langstring></{name}>'


def head(words):
    return text("title", words) + text("description", f"About {words}")


def unit(name="one", *, url="index.html", inner="", **attributes):
    """An assignable unit; attributes as the schema names them."""
    given = {"id": f"{COURSE}/units/{name}"} | attributes
    written = " ".join(f'{key}="{value}"' for key, value in given.items() if value is not None)
    return f"<au {written}>{head(f'Unit {name}')}<url>{url}</url>{inner}</au>"


def block(name, *parts, **attributes):
    given = {"id": f"{COURSE}/blocks/{name}"} | attributes
    written = " ".join(f'{key}="{value}"' for key, value in given.items())
    return f"<block {written}>{head(f'Block {name}')}{''.join(parts)}</block>"


def structure(*parts, course=COURSE, objectives="", namespace=NAMESPACE, after=""):
    body = "".join(parts or [unit()])
    return (
        f'<?xml version="1.0" encoding="utf-8"?><courseStructure xmlns="{namespace}">'
        f'<course id="{course}">{head("Geology")}</course>{objectives}{body}{after}'
        "</courseStructure>"
    ).encode()


def package(*parts, files=None, **options):
    """A zip package with the structure and some files, as an open file."""
    held = {"index.html": b"<!doctype html><title>One</title>"} if files is None else files
    return zipped({"cmi5.xml": structure(*parts, **options), **held})


def zipped(entries, *, method=zipfile.ZIP_DEFLATED):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, data in entries.items():
            archive.writestr(name, data)
    out.seek(0)
    return out
