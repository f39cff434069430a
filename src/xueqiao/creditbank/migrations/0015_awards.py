"""A lot may stand behind an award in two parts of its programme.

Why     a unit that two parts take may be divided between them (docs/decisions/0115)
Locks   creditbank_awarduse, which is empty before this release
Order   before the code
Undo    the older constraint
"""

from django.db import migrations, models


from xueqiao.creditbank import guards


class Migration(migrations.Migration):

    dependencies = [
        ('creditbank', '0014_standards_case'),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name='awarduse',
            name='award_use_once',
        ),
        migrations.AddConstraint(
            model_name='awarduse',
            constraint=models.UniqueConstraint(fields=('award', 'lot', 'part'), name='award_use_once'),
        ),
        # SQLite drops a rebuilt table's triggers.
        migrations.RunPython(guards.reinstall, guards.reinstall),
    ]
