"""Frameworks and standards are drafted, published by a second person, replaced and retired.

Why     standards are kept by editors, not only by files (docs/decisions/0116)
Locks   the standards' tables, for milliseconds; SQLite rewrites them, they are small
Order   before the code; what is loaded counts as published
Undo    drops the columns
"""

import django.db.models.deletion
from django.db import migrations, models


from xueqiao.creditbank import guards


class Migration(migrations.Migration):

    dependencies = [
        ('creditbank', '0002_triggers'),
        ('people', '0001_initial'),
    ]

    operations = [
        migrations.AddField(
            model_name='level',
            name='identifier',
            field=models.UUIDField(null=True, unique=True),
        ),
        migrations.AddField(
            model_name='level',
            name='is_draft',
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name='qualificationframework',
            name='changed_at',
            field=models.DateTimeField(help_text='of the last change; null: loaded', null=True),
        ),
        migrations.AddField(
            model_name='qualificationframework',
            name='drafted_by',
            field=models.ForeignKey(help_text='null: loaded', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='people.person'),
        ),
        migrations.AddField(
            model_name='qualificationframework',
            name='identifier',
            field=models.UUIDField(help_text='CASE identifier; null: made from code and version', null=True, unique=True),
        ),
        migrations.AddField(
            model_name='qualificationframework',
            name='is_draft',
            field=models.BooleanField(default=False, help_text='not published; counts for nobody'),
        ),
        migrations.AddField(
            model_name='qualificationframework',
            name='published_by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='people.person'),
        ),
        migrations.AddField(
            model_name='qualificationframework',
            name='replaced_by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='replaces', to='creditbank.qualificationframework'),
        ),
        migrations.AddField(
            model_name='standard',
            name='changed_at',
            field=models.DateTimeField(help_text='of the last change; null: loaded', null=True),
        ),
        migrations.AddField(
            model_name='standard',
            name='drafted_by',
            field=models.ForeignKey(help_text='null: loaded', null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='people.person'),
        ),
        migrations.AddField(
            model_name='standard',
            name='identifier',
            field=models.UUIDField(help_text='CASE identifier; null: made from code and version', null=True, unique=True),
        ),
        migrations.AddField(
            model_name='standard',
            name='is_draft',
            field=models.BooleanField(default=False, help_text='not published; counts for nobody'),
        ),
        migrations.AddField(
            model_name='standard',
            name='published_by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='people.person'),
        ),
        migrations.AddField(
            model_name='standard',
            name='replaced_by',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='replaces', to='creditbank.standard'),
        ),
        migrations.AddField(
            model_name='unit',
            name='identifier',
            field=models.UUIDField(null=True, unique=True),
        ),
        migrations.AddField(
            model_name='unit',
            name='is_draft',
            field=models.BooleanField(default=False),
        ),
        migrations.CreateModel(
            name='StandardChange',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('kind', models.CharField(help_text='framework or standard', max_length=10)),
                ('code', models.CharField(max_length=60)),
                ('version', models.CharField(max_length=20)),
                ('verb', models.CharField(choices=[('drafted', 'Drafted'), ('changed', 'Changed'), ('discarded', 'Discarded'), ('published', 'Published'), ('retired', 'Retired'), ('imported', 'Imported')], max_length=10)),
                ('note', models.TextField(blank=True)),
                ('at', models.DateTimeField()),
                ('actor', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='people.person')),
            ],
            options={
                'indexes': [models.Index(fields=['kind', 'code', 'at'], name='creditbank__kind_0e7e64_idx')],
            },
        ),
        # SQLite drops a rebuilt table's triggers.
        migrations.RunPython(guards.reinstall, guards.reinstall),
    ]
