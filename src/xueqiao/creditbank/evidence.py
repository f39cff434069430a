"""Evidence: files by content, fixed by their hashes when the application is handed in."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction
from django.utils.translation import gettext as _

from xueqiao.creditbank import rules
from xueqiao.creditbank.models import Application, Evidence
from xueqiao.kernel import errors

if TYPE_CHECKING:
    from datetime import datetime

OPEN_STATES = (Application.State.DRAFT, Application.State.RETURNED)


class Missing(errors.Refusal):
    """An application without any file."""

    code = "evidence.missing"
    status = 422


class Altered(errors.Refusal):
    """A stored file is not the one that was handed in."""

    code = "evidence.altered"


class Fixed(errors.Refusal):
    """The application has been handed in; its evidence can no longer change."""

    code = "evidence.fixed"


class NotAccepted(errors.Refusal):
    """A file of another kind, empty, or too large."""

    code = "evidence.not_accepted"
    status = 422


@transaction.atomic
def attach(
    *, application: Application, title: str, media_type: str, content: bytes, at: datetime
) -> Evidence:
    """Add a file to a draft; the same content a second time is the same evidence.

    Raises:
        Fixed, NotAccepted.
    """
    locked = Application.objects.select_for_update().get(pk=application.pk)
    if locked.state not in OPEN_STATES:
        raise Fixed(_("The application was handed in. Withdraw it, or wait until it is returned."))
    _refuse_file(media_type, content)
    digest = hashlib.sha256(content).hexdigest()
    found = Evidence.objects.filter(application=locked, sha256=digest).first()
    if found:
        return found
    return Evidence.objects.create(
        application=locked, title=title, media_type=media_type, size_bytes=len(content),
        sha256=digest, stored_as=_store(digest, content), added_at=at,
    )  # fmt: skip


def read(evidence: Evidence) -> bytes:
    """The content of a file.

    Raises:
        Altered: it is gone, or is not what was attached.
    """
    try:
        with default_storage.open(evidence.stored_as) as stored:
            content: bytes = stored.read()
    except OSError:
        content = b""
    if hashlib.sha256(content).hexdigest() != evidence.sha256:
        text = _(
            "The file “{title}” is no longer what was handed in. Ask the applicant for it again."
        )
        raise Altered(text.format(title=evidence.title))
    return content


def freeze(*, application: Application, at: datetime) -> None:
    """Fix the files of an application that is handed in. Raises Missing, Altered."""
    if not application.evidence.exists():
        raise Missing(_("Add at least one file that shows what you learnt."), pointer="evidence")
    check(application=application)
    application.evidence.update(frozen_at=at)


def thaw(*, application: Application) -> None:
    """Let files be added again to an application that was returned."""
    application.evidence.update(frozen_at=None)


def check(*, application: Application) -> tuple[str, ...]:
    """The hashes of all files, in order, each compared with the stored content. Raises Altered."""
    files = list(application.evidence.order_by("pk"))
    for each in files:
        read(each)
    return tuple(each.sha256 for each in files)


def _refuse_file(media_type: str, content: bytes) -> None:
    if media_type not in rules.EVIDENCE_TYPES:
        text = _(
            "Files of type {type} are not taken. Send a PDF, a JPEG or PNG picture, or plain text."
        )
        raise NotAccepted(text.format(type=media_type), pointer="evidence")
    if not 0 < len(content) <= rules.EVIDENCE_BYTES:
        text = _("The file has {size:,} bytes. Send one of at least 1 and at most {most:,} bytes.")
        raise NotAccepted(
            text.format(size=len(content), most=rules.EVIDENCE_BYTES), pointer="evidence"
        )


def _store(digest: str, content: bytes) -> str:
    name = f"evidence/{digest[:2]}/{digest}"
    # The name is the content: who stores it a second time stores the same bytes.
    return (
        name if default_storage.exists(name) else default_storage.save(name, ContentFile(content))
    )
