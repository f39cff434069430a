"""Rules become n:m, conversions name what they give in each part, qualifications are awarded.

Why     a rule knew one pattern and one target (docs/decisions/0113)
Locks   the tables of rules and conversions, for as long as their few thousand rows are rewritten
Order   before the code
Undo    not: what a rule says cannot be told in the older form
"""

import django.db.models.deletion
from django.db import migrations, models

from xueqiao.creditbank import guards


def remove_guards(apps, editor):
    guards.remove(editor.connection)


def body(version):
    """The older columns in the form of ``rules.write``: what equals its default is left out."""
    pattern = {name: value for name, value in version.pattern.items() if value not in ([], None)}
    found = {
        "sources": [pattern],
        "cardinality": {"kind": "sum"},
        "targets": [{"code": version.target.code}],
        "value": ratio("ratio", version.ratio_numerator, version.ratio_denominator),
        "limits": [
            {
                "on": "rule",
                "numerator": version.cap_numerator,
                "denominator": version.cap_denominator,
            }
        ],
    }
    if version.level_gap:
        found["level_gap"] = version.level_gap
    if version.hop_limit != 1:
        found["hop_limit"] = version.hop_limit
    return found


def ratio(kind, numerator, denominator):
    parts = {"numerator": numerator, "denominator": denominator}
    return {"kind": kind, **{name: value for name, value in parts.items() if value != 1}}


def settled_by(conversion):
    return {
        "approved": f"convert:{conversion.pk}",
        "rejected": f"rejected:conversion:{conversion.pk}",
        "withdrawn": f"withdrawn:conversion:{conversion.pk}",
        "timed_out": f"expire:{conversion.reservation.key}",
    }.get(conversion.state)


def carry_over(apps, editor):
    model = {
        name: apps.get_model("creditbank", name)
        for name in (
            "RuleVersion",
            "Conversion",
            "ConversionResult",
            "ConversionUse",
            "TransferGroup",
        )
    }
    for version in model["RuleVersion"].objects.select_related("target"):
        model["RuleVersion"].objects.filter(pk=version.pk).update(body=body(version))
    found = model["Conversion"].objects.select_related("version", "reservation")
    for conversion in found.iterator(chunk_size=1000):
        version = conversion.version
        model["ConversionResult"].objects.create(
            conversion=conversion,
            target_id=version.target_id,
            granted_hundredths=conversion.granted_hundredths,
        )
        for use in model["ConversionUse"].objects.filter(conversion=conversion):
            made = use.amount_hundredths * version.ratio_numerator // version.ratio_denominator
            model["ConversionUse"].objects.filter(pk=use.pk).update(made_hundredths=made)
        group = model["TransferGroup"].objects.filter(key=settled_by(conversion)).first()
        model["Conversion"].objects.filter(pk=conversion.pk).update(settlement=group)
    if editor.connection.vendor == "postgresql":
        # What was written is checked now, so that the tables may be altered below.
        editor.execute("set constraints all immediate")


class Migration(migrations.Migration):
    dependencies = [
        ("creditbank", "0008_rulebook"),
        ("network", "0001_initial"),
        ("people", "0001_initial"),
    ]

    operations = [
        migrations.RunPython(remove_guards),
        migrations.CreateModel(
            name="Award",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "number",
                    models.CharField(
                        help_text="printed on the certificate", max_length=40, unique=True
                    ),
                ),
                ("request_key", models.CharField(max_length=120, unique=True)),
                ("request_hash", models.CharField(max_length=64)),
                (
                    "total_hundredths",
                    models.PositiveIntegerField(help_text="1/100 credit used for it"),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("requested", "Asked for"),
                            ("awarded", "Awarded"),
                            ("refused", "Refused"),
                            ("withdrawn", "Withdrawn"),
                            ("lapsed", "Lapsed without an answer"),
                            ("in_review", "Under review: credit behind it is in doubt"),
                            ("revoked", "Revoked"),
                        ],
                        default="requested",
                        max_length=9,
                    ),
                ),
                ("state_since", models.DateTimeField()),
                ("asked_at", models.DateTimeField()),
                ("reserved_until", models.DateTimeField()),
                ("awarded_at", models.DateTimeField(null=True)),
            ],
        ),
        migrations.CreateModel(
            name="AwardStep",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "to_state",
                    models.CharField(
                        choices=[
                            ("requested", "Asked for"),
                            ("awarded", "Awarded"),
                            ("refused", "Refused"),
                            ("withdrawn", "Withdrawn"),
                            ("lapsed", "Lapsed without an answer"),
                            ("in_review", "Under review: credit behind it is in doubt"),
                            ("revoked", "Revoked"),
                        ],
                        max_length=9,
                    ),
                ),
                ("reason", models.TextField(blank=True)),
                ("at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="AwardUse",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("amount_hundredths", models.PositiveIntegerField(help_text="1/100 credit")),
            ],
        ),
        migrations.CreateModel(
            name="ConversionResult",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "granted_hundredths",
                    models.PositiveIntegerField(help_text="1/100 credit in the programme"),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Qualification",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("code", models.CharField(max_length=60)),
                ("version", models.CharField(max_length=20)),
                ("title_zh", models.CharField(max_length=160)),
                ("title_en", models.CharField(max_length=200)),
                (
                    "requirements",
                    models.JSONField(help_text="total, groups, residence, limits by kind, level"),
                ),
                (
                    "reserve_days",
                    models.PositiveSmallIntegerField(
                        help_text="days for which the credit of an application is reserved"
                    ),
                ),
                (
                    "is_draft",
                    models.BooleanField(
                        default=False, help_text="not published; nobody is awarded it"
                    ),
                ),
                ("valid_from", models.DateField()),
                ("valid_to", models.DateField(null=True)),
                ("is_sample", models.BooleanField()),
                ("source", models.TextField(help_text="where the numbers come from")),
            ],
        ),
        migrations.AddField(
            model_name="conversion",
            name="settlement",
            field=models.OneToOneField(
                help_text="the voucher that posted it, gave it back or let it lapse",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="creditbank.transfergroup",
            ),
        ),
        migrations.AddField(
            model_name="conversionuse",
            name="made_hundredths",
            field=models.PositiveIntegerField(
                default=0, help_text="1/100 credit in the programme that it makes"
            ),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="creditgroup",
            name="kind",
            field=models.CharField(
                choices=[
                    ("group", "Credit group"),
                    ("module", "Module"),
                    ("course", "Course"),
                    ("unit", "Unit"),
                ],
                default="group",
                max_length=6,
            ),
        ),
        migrations.AddField(
            model_name="creditgroup",
            name="parent",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="parts",
                to="creditbank.creditgroup",
            ),
        ),
        migrations.AddField(
            model_name="outcome",
            name="certificate_level",
            field=models.PositiveSmallIntegerField(help_text="1 is the lowest", null=True),
        ),
        migrations.AddField(
            model_name="outcome",
            name="certificate_type",
            field=models.CharField(
                db_default="",
                help_text="kind of certificate that rules name, such as 1X-WEB",
                max_length=60,
            ),
        ),
        migrations.AddField(
            model_name="outcome",
            name="score_hundredths",
            field=models.PositiveIntegerField(help_text="8550 is a score of 85.5", null=True),
        ),
        migrations.AddField(
            model_name="programme",
            name="residence_least_hundredths",
            field=models.PositiveIntegerField(
                default=0,
                help_text="1/100 credit to be earned in the programme itself, not converted",
            ),
        ),
        migrations.AddField(
            model_name="ruleversion",
            name="body",
            field=models.JSONField(
                default=dict, help_text="what the rule says, in the normal form of rules.write"
            ),
            preserve_default=False,
        ),
        migrations.AlterField(
            model_name="conversion",
            name="state",
            field=models.CharField(
                choices=[
                    ("reserved", "Reserved, waiting for the receiving institution"),
                    ("reviewing", "Under review by the receiving institution"),
                    ("approved", "Converted"),
                    ("rejected", "Refused"),
                    ("withdrawn", "Withdrawn"),
                    ("timed_out", "Timed out"),
                    ("reversed", "Reversed"),
                ],
                default="reserved",
                max_length=10,
            ),
        ),
        migrations.AlterField(
            model_name="conversionstep",
            name="to_state",
            field=models.CharField(
                choices=[
                    ("reserved", "Reserved, waiting for the receiving institution"),
                    ("reviewing", "Under review by the receiving institution"),
                    ("approved", "Converted"),
                    ("rejected", "Refused"),
                    ("withdrawn", "Withdrawn"),
                    ("timed_out", "Timed out"),
                    ("reversed", "Reversed"),
                ],
                max_length=10,
            ),
        ),
        migrations.AddField(
            model_name="award",
            name="asked_by",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="people.person"
            ),
        ),
        migrations.AddField(
            model_name="award",
            name="person",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="awards",
                to="people.person",
            ),
        ),
        migrations.AddField(
            model_name="award",
            name="reservation",
            field=models.OneToOneField(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="creditbank.transfergroup",
            ),
        ),
        migrations.AddField(
            model_name="award",
            name="settlement",
            field=models.OneToOneField(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="creditbank.transfergroup",
            ),
        ),
        migrations.AddField(
            model_name="awardstep",
            name="actor",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="people.person",
            ),
        ),
        migrations.AddField(
            model_name="awardstep",
            name="award",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="steps",
                to="creditbank.award",
            ),
        ),
        migrations.AddField(
            model_name="awarduse",
            name="award",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="uses",
                to="creditbank.award",
            ),
        ),
        migrations.AddField(
            model_name="awarduse",
            name="lot",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="award_uses",
                to="creditbank.creditlot",
            ),
        ),
        migrations.AddField(
            model_name="awarduse",
            name="part",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="creditbank.creditgroup",
            ),
        ),
        migrations.AddField(
            model_name="conversionresult",
            name="conversion",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="results",
                to="creditbank.conversion",
            ),
        ),
        migrations.AddField(
            model_name="conversionresult",
            name="target",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="creditbank.creditgroup",
            ),
        ),
        migrations.AddField(
            model_name="qualification",
            name="institution",
            field=models.ForeignKey(
                help_text="who awards it; null: the bank itself",
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="network.institution",
            ),
        ),
        migrations.AddField(
            model_name="qualification",
            name="level",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="creditbank.level"
            ),
        ),
        migrations.AddField(
            model_name="qualification",
            name="programme",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="qualifications",
                to="creditbank.programme",
            ),
        ),
        migrations.AddField(
            model_name="award",
            name="qualification",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="awards",
                to="creditbank.qualification",
            ),
        ),
        migrations.AddConstraint(
            model_name="awarduse",
            constraint=models.UniqueConstraint(fields=("award", "lot"), name="award_use_once"),
        ),
        migrations.AddConstraint(
            model_name="awarduse",
            constraint=models.CheckConstraint(
                condition=models.Q(("amount_hundredths__gt", 0)), name="award_use_positive"
            ),
        ),
        migrations.AddConstraint(
            model_name="conversionresult",
            constraint=models.UniqueConstraint(
                fields=("conversion", "target"), name="conversion_result_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="conversionresult",
            constraint=models.CheckConstraint(
                condition=models.Q(("granted_hundredths__gt", 0)), name="conversion_result_positive"
            ),
        ),
        migrations.AddConstraint(
            model_name="qualification",
            constraint=models.UniqueConstraint(
                fields=("code", "version"), name="qualification_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="qualification",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("valid_to__isnull", True),
                    ("valid_to__gt", models.F("valid_from")),
                    _connector="OR",
                ),
                name="qualification_ends_after_start",
            ),
        ),
        migrations.AddIndex(
            model_name="award",
            index=models.Index(
                fields=["state", "reserved_until"], name="creditbank__state_f3e942_idx"
            ),
        ),
        migrations.AddConstraint(
            model_name="award",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state__in", ["requested", "awarded", "in_review"])),
                fields=("person", "qualification"),
                name="award_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="award",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("awarded_at__isnull", False),
                        ("state__in", ["awarded", "in_review", "revoked"]),
                    ),
                    models.Q(
                        ("awarded_at__isnull", True),
                        ("state__in", ["requested", "refused", "withdrawn", "lapsed"]),
                    ),
                    _connector="OR",
                ),
                name="award_has_its_day",
            ),
        ),
        migrations.RunPython(carry_over),
        migrations.RemoveConstraint(
            model_name="ruleversion",
            name="rule_version_ratio",
        ),
        migrations.RemoveConstraint(
            model_name="ruleversion",
            name="rule_version_cap",
        ),
        migrations.RemoveField(
            model_name="ruleversion",
            name="cap_denominator",
        ),
        migrations.RemoveField(
            model_name="ruleversion",
            name="cap_numerator",
        ),
        migrations.RemoveField(
            model_name="ruleversion",
            name="hop_limit",
        ),
        migrations.RemoveField(
            model_name="ruleversion",
            name="level_gap",
        ),
        migrations.RemoveField(
            model_name="ruleversion",
            name="pattern",
        ),
        migrations.RemoveField(
            model_name="ruleversion",
            name="ratio_denominator",
        ),
        migrations.RemoveField(
            model_name="ruleversion",
            name="ratio_numerator",
        ),
        migrations.RemoveField(
            model_name="ruleversion",
            name="target",
        ),
        # SQLite drops a rebuilt table's triggers.
        migrations.RunPython(guards.reinstall),
    ]
