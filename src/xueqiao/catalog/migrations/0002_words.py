"""The index of words: FTS5 on SQLite, tsvector with GIN on PostgreSQL.

Why     courses are found by words of one, two or more characters (docs/decisions/0031)
Locks   nothing; a new table
Order   after 0001; ``xueqiao load_catalogue`` fills it
Undo    drops the table; searching needs it
"""

from django.db import migrations

# The tokens are made by catalog/rules.py; the tokenizer only cuts at spaces. ``ascii`` takes every
# character beyond ASCII as part of a token, whatever Unicode version SQLite was built with.
SQLITE = """
create virtual table catalog_words using fts5(
    title, keywords, body, sound, tokenize = "ascii tokenchars '+#'", prefix = '1'
)
"""
# No foreign key: the test runner empties tables that it knows and cannot truncate a referenced one.
POSTGRES = """
create table catalog_words (
    course_id bigint primary key, folded text not null, vector tsvector not null
);
create index catalog_words_vector on catalog_words using gin (vector);
"""


def create(_apps, editor):
    editor.execute(POSTGRES if editor.connection.vendor == "postgresql" else SQLITE, params=None)


def drop(_apps, editor):
    editor.execute("drop table catalog_words")


class Migration(migrations.Migration):
    dependencies = [("catalog", "0001_initial")]
    operations = [migrations.RunPython(create, drop)]
