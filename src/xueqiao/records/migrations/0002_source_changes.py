"""What was changed of a source or its keys refuses UPDATE and DELETE.

Why     who may send and read is evidence; a change put right is a second change
Locks   records_sourcechange, for milliseconds; no table rewrite, no data change
Order   after 0001; nothing updates this table
Undo    drops the triggers
"""

from django.db import migrations

from xueqiao.kernel import evidence


class Migration(migrations.Migration):
    dependencies = [("records", "0001_initial")]
    operations = [evidence.append_only("records_sourcechange")]
