"""Seat moves and completions refuse UPDATE and DELETE.

Why     they are evidence: a seat given back is a second move, a completion is what credit rests on
Locks   hall_seatmove and hall_completion, for milliseconds; no table rewrite, no data change
Order   after 0001; nothing updates these tables
Undo    drops the triggers
"""

from django.db import migrations

from xueqiao.kernel import evidence


class Migration(migrations.Migration):
    dependencies = [("hall", "0001_initial")]
    operations = [evidence.append_only("hall_seatmove"), evidence.append_only("hall_completion")]
