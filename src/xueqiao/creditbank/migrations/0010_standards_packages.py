"""CASE packages are kept as they were handed in.

Why     what is refused can be mended and read again (docs/decisions/0117)
Locks   nothing; a new table
Order   before the code
Undo    drops the table
"""

import django.db.models.deletion
from django.db import migrations, models


from xueqiao.creditbank import guards


class Migration(migrations.Migration):

    dependencies = [
        ('creditbank', '0009_engine'),
        ('people', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='ReceivedPackage',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('sha256', models.CharField(max_length=64, unique=True)),
                ('name', models.CharField(help_text='of the file', max_length=200)),
                ('content', models.TextField()),
                ('refusal', models.TextField(blank=True, help_text='why it cannot be read; blank: it can')),
                ('received_at', models.DateTimeField()),
                ('received_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='people.person')),
            ],
        ),
        # SQLite drops a rebuilt table's triggers.
        migrations.RunPython(guards.reinstall, guards.reinstall),
    ]
