"""Approved budgets refuse UPDATE and DELETE.

Why     a budget row is evidence; a correction is a new row that names the old one
Locks   funds_approvedbudget, for milliseconds; no table rewrite, no data change
Order   after 0001; nothing updates the table
Undo    drops the trigger
"""

from django.db import migrations

from xueqiao.kernel import evidence


class Migration(migrations.Migration):
    dependencies = [("funds", "0001_initial")]
    operations = [evidence.append_only("funds_approvedbudget")]
