"""The entry point of web servers."""

from __future__ import annotations

import gc
import os

from django.conf import settings
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "xueqiao.settings")

application = get_wsgi_application()

if settings.INTAKE == "journal":
    # What an earlier process left behind is stored without waiting for the first request.
    from xueqiao.records.journal import door

    door.open_()

# What is loaded by now stays: collections need not look through it for each batch of statements.
gc.collect()
gc.freeze()
