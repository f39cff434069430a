"""Certificates that are rows of a transcript have no page of their own.

Why     who takes a transcript back takes its rows back, too (docs/decisions/0099)
Locks   the certificates, for milliseconds; SQLite rewrites the table
Order   before the code
Undo    drops the column
"""

from django.db import migrations, models


from xueqiao.creditbank import guards


class Migration(migrations.Migration):

    dependencies = [
        ('creditbank', '0016_pathways'),
    ]

    operations = [
        migrations.AddField(
            model_name='certificate',
            name='only_in_transcripts',
            field=models.BooleanField(default=False, help_text='made as a row of a transcript; the learner did not ask for it'),
        ),
        # SQLite drops a rebuilt table's triggers.
        migrations.RunPython(guards.reinstall, guards.reinstall),
    ]
