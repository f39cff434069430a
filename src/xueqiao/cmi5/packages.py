"""Course packages come in here: each file is a version of the course that its structure names."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, BinaryIO

from django.conf import settings
from django.db import transaction
from django.db.models import Max
from django.utils.translation import gettext as _

from xueqiao.cmi5 import archive, content, structure
from xueqiao.cmi5.models import ContentFile, Course, Part, Version
from xueqiao.kernel import bulk, errors, ids

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime


class NotYours(errors.Refusal):
    """The course was opened by somebody else."""

    code = "cmi5.not_yours"
    status = 403


def import_package(
    *,
    file: BinaryIO,
    name: str,
    at: datetime,
    by_id: int | None,
    may_all: bool = True,
    is_sample: bool = False,
) -> Version:
    """Take a course package in, or a ``cmi5.xml`` that came alone. The same file is one version.

    Learners who are registered stay with their version; who begins now gets the new one.

    Args:
        file: at its start, able to seek.
        name: of the file, for people.
        by_id: the person who brings it; None for a load.
        may_all: whether the person looks after every course, not only the own ones.

    Raises:
        archive.PackageUnfit: it is no package, or breaks a limit.
        structure.StructureUnfit: its structure breaks a rule.
        NotYours: somebody else opened the course.
    """
    package = archive.look(file)
    found = structure.read(package.structure, files=package.names)
    digest = _digest(file)
    _check_owner(found.id, by_id, may_all=may_all)
    # Files first: what a broken import leaves behind is bytes under their digest, never a course.
    kept = []
    if package.names:
        for path, data in archive.files(file, package.names):
            kept.append((path, content.keep(data), len(data)))
    with transaction.atomic():
        course = _course(found, at, by_id, is_sample=is_sample)
        _check_owner(found.id, by_id, may_all=may_all)
        version = Version.objects.filter(course=course, digest=digest).first()
        if version is None:
            version = _version(
                course,
                found,
                package,
                digest=digest,
                name=name[:200],
                imported_by_id=by_id,
                imported_at=at,
            )
            _parts(version, found.parts)
            rows = [(version.pk, *each) for each in kept]
            bulk.insert(ContentFile, ("version_id", "path", "digest", "size"), rows)
        Course.objects.filter(pk=course.pk).update(current=version)
    return version


def close(*, course_id: int, at: datetime) -> None:
    """Let nobody new begin a course; who is registered goes on. Twice is once."""
    Course.objects.filter(pk=course_id, closed_at=None).update(closed_at=at)


def reopen(*, course_id: int) -> None:
    """Let people begin a course again."""
    Course.objects.filter(pk=course_id).update(closed_at=None)


def activity_id(kind: str, course: str, part: str = "") -> str:
    """The platform's own identifier of a course or part: never the publisher's, always the same.

    Source: cmi5 Quartz, sections 8.1 (activityId) and 9.3.9.
    """
    return f"{settings.PUBLIC_URL}/cmi5/activities/{ids.stable_uuid('cmi5', kind, course, part)}"


def _digest(file: BinaryIO) -> str:
    file.seek(0)
    digest = hashlib.sha256()
    while piece := file.read(1 << 20):
        digest.update(piece)
    file.seek(0)
    return digest.hexdigest()


def _check_owner(publisher_id: str, by_id: int | None, *, may_all: bool) -> None:
    if may_all:
        return
    if Course.objects.filter(publisher_id=publisher_id).exclude(opened_by_id=by_id).exists():
        text = _(
            "The course {id} was brought in by somebody else. Ask that person, or give your "
            "course an id of its own."
        )
        raise NotYours(text.format(id=publisher_id))


def _course(
    found: structure.Structure, at: datetime, by_id: int | None, *, is_sample: bool
) -> Course:
    """The course of an identifier, locked, so that two imports number their versions in turn."""
    Course.objects.get_or_create(
        publisher_id=found.id,
        defaults={
            "activity_id": activity_id("course", found.id),
            "opened_by_id": by_id,
            "opened_at": at,
            "is_sample": is_sample,
        },
    )
    return Course.objects.select_for_update().get(publisher_id=found.id)


def _version(
    course: Course, found: structure.Structure, package: archive.Package, **brought: Any
) -> Version:
    last = Version.objects.filter(course=course).aggregate(last=Max("number"))["last"] or 0
    return Version.objects.create(
        course=course,
        number=last + 1,
        title=found.title,
        titles="\n".join(found.title.values()),
        description=found.description,
        objectives=[
            {"id": each.id, "title": each.title, "description": each.description}
            for each in found.objectives
        ],
        left_out=list(package.left_out),
        has_files=package.names is not None,
        **brought,
    )


def _parts(version: Version, parts: Sequence[structure.Part]) -> None:
    """Write the parts; a block's row comes before those that point at it."""
    numbers = dict(
        zip((each.number for each in parts), bulk.numbers(Part, len(parts)), strict=True)
    )
    depths: dict[int | None, int] = {None: -1}
    rows = []
    for each in parts:
        depths[each.number] = depths[each.parent] + 1
        kind = "block" if each.is_block else "au"
        rows.append(
            Part(
                pk=numbers[each.number],
                version=version,
                number=each.number,
                parent_id=numbers.get(each.parent) if each.parent else None,
                depth=depths[each.number],
                is_block=each.is_block,
                publisher_id=each.id,
                activity_id=activity_id(kind, version.course.publisher_id, each.id),
                title=each.title,
                description=each.description,
                objectives=list(each.objectives),
                url=each.url,
                move_on="" if each.is_block else each.move_on,
                mastery=each.mastery,
                launch_method="" if each.is_block else each.launch_method,
                activity_type=each.activity_type,
                launch_parameters=each.launch_parameters,
                entitlement_key=each.entitlement_key,
            )
        )
    Part.objects.bulk_create(rows, batch_size=500)
