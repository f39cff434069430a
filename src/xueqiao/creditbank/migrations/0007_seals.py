"""The ledger's hash tree, its signed roots and the bank's keys; why an issuer's key ended.

Why     what was posted can be shown to be there, and a change to be found (docs/decisions/0094)
Locks   creditbank_issuerkey, for milliseconds; new tables else
Order   before the code
Undo    drops the tables and the column
"""

import django.db.models.deletion
from django.db import migrations, models

from xueqiao.creditbank import guards


class Migration(migrations.Migration):

    dependencies = [
        ('creditbank', '0006_service_points'),
    ]

    operations = [
        migrations.CreateModel(
            name='SealReader',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('xid', models.BigIntegerField(default=0)),
                ('row', models.BigIntegerField(default=0)),
            ],
        ),
        migrations.AddField(
            model_name='issuerkey',
            name='ended',
            field=models.CharField(blank=True, choices=[('', 'In use'), ('routine', 'Replaced on schedule'), ('lost', 'Private half lost'), ('stolen', 'In wrong hands')], default='', max_length=7),
        ),
        migrations.CreateModel(
            name='BankKey',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('algorithm', models.CharField(choices=[('ed25519', 'Ed25519'), ('sm2', 'SM2')], max_length=8)),
                ('name', models.CharField(help_text="the ledger's origin, in each signature line", max_length=300)),
                ('did', models.CharField(help_text='did:web of the bank', max_length=300)),
                ('method', models.CharField(help_text='identifier: did#ledger-1', max_length=340, unique=True)),
                ('public_multikey', models.CharField(help_text='publicKeyMultibase', max_length=80)),
                ('file_name', models.CharField(help_text='name in the folder keys/bank', max_length=120)),
                ('valid_from', models.DateTimeField()),
                ('valid_to', models.DateTimeField(help_text='when it stopped signing; null: in use', null=True)),
                ('ended', models.CharField(blank=True, choices=[('', 'In use'), ('routine', 'Replaced on schedule'), ('lost', 'Private half lost'), ('stolen', 'In wrong hands')], default='', max_length=7)),
            ],
            options={
                'constraints': [models.UniqueConstraint(condition=models.Q(('valid_to__isnull', True)), fields=('algorithm',), name='bank_key_one_in_use'), models.CheckConstraint(condition=models.Q(models.Q(('ended', ''), ('valid_to__isnull', True)), models.Q(('valid_to__isnull', False), models.Q(('ended', ''), _negated=True)), _connector='OR'), name='bank_key_ended_for_a_reason')],
            },
        ),
        migrations.CreateModel(
            name='LedgerSeal',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.PositiveBigIntegerField(help_text='1, 2, 3 …', unique=True)),
                ('size', models.PositiveBigIntegerField(help_text='transfers under this root', unique=True)),
                ('root', models.CharField(help_text='SHA-256, hex: RFC 6962 root', max_length=64)),
                ('checkpoint', models.TextField(help_text='size and root with their signatures')),
                ('sealed_at', models.DateTimeField()),
                ('previous', models.OneToOneField(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='following', to='creditbank.ledgerseal')),
            ],
        ),
        migrations.CreateModel(
            name='SealCheck',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('began_at', models.DateTimeField()),
                ('ended_at', models.DateTimeField()),
                ('transfers', models.PositiveBigIntegerField(help_text='how many were read and hashed anew')),
                ('findings', models.JSONField(help_text='[{code, what, index, transfer_id, seal}], at most 100')),
                ('found', models.PositiveIntegerField(help_text='how many findings there were in all')),
                ('seal', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='checks', to='creditbank.ledgerseal')),
            ],
        ),
        migrations.CreateModel(
            name='SealTile',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('level', models.PositiveSmallIntegerField()),
                ('index', models.PositiveBigIntegerField(help_text='how many tiles lie before it on its level')),
                ('hashes', models.BinaryField(help_text='32 bytes each')),
                ('transfer_ids', models.BinaryField(default=b'', help_text='level 0: 8 bytes each, little-endian')),
                ('low_id', models.BigIntegerField(default=0, help_text='level 0: lowest id of a transfer in it')),
                ('high_id', models.BigIntegerField(default=0, help_text='level 0: highest id of a transfer in it')),
            ],
            options={
                'indexes': [models.Index(fields=['level', 'high_id', 'low_id'], name='seal_tile_of')],
                'constraints': [models.UniqueConstraint(fields=('level', 'index'), name='seal_tile_place')],
            },
        ),
        migrations.AddConstraint(
            model_name='ledgerseal',
            constraint=models.CheckConstraint(condition=models.Q(('size__gt', 0)), name='seal_of_something'),
        ),
        migrations.AddConstraint(
            model_name='ledgerseal',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('number', 1), ('previous__isnull', True)), models.Q(('number__gt', 1), ('previous__isnull', False)), _connector='OR'), name='seal_follows_another'),
        ),
        # SQLite drops a rebuilt table's triggers.
        migrations.RunPython(guards.reinstall, guards.reinstall),
    ]
