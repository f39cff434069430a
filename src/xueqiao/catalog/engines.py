"""Word indexes of the two databases behind one protocol; both find what ``rules.holds`` says.

The index lies in the database of the catalogue, so it changes in the verb's own transaction.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from django.db import connection

from xueqiao.catalog import rules


@dataclass(frozen=True)
class Document:
    """What of a course is searched. Title weighs most, then keywords, then the body."""

    course_id: int
    title: str
    keywords: str
    body: str


@dataclass(frozen=True)
class Hits:
    """A query with columns ``course_id`` and ``score`` (lower is better), and its parameters."""

    sql: str
    params: list[Any]


class Engine(Protocol):
    """An index of words."""

    def replace(self, documents: list[Document]) -> None:
        """Index documents anew, whether or not they were indexed before."""

    def remove(self, course_ids: list[int]) -> None:
        """Forget courses."""

    def hits(self, terms: list[rules.Term]) -> Hits:
        """The courses that hold every term, or sound like it."""


class Sqlite:
    """FTS5, one column for each weight."""

    def replace(self, documents: list[Document]) -> None:
        self.remove([each.course_id for each in documents])
        rows: list[list[str | int]] = [
            [
                each.course_id,
                *(" ".join(rules.tokens(part)) for part in (each.title, each.keywords, each.body)),
                " ".join(rules.sounds(each.title)),
            ]
            for each in documents
        ]
        with connection.cursor() as run:
            run.executemany(
                "insert into catalog_words (rowid, title, keywords, body, sound)"
                " values (%s, %s, %s, %s, %s)",
                rows,
            )

    def remove(self, course_ids: list[int]) -> None:
        with connection.cursor() as run:
            run.executemany(
                "delete from catalog_words where rowid = %s", [(each,) for each in course_ids]
            )

    def hits(self, terms: list[rules.Term]) -> Hits:
        query = " AND ".join(f"({self._match(term)})" for term in terms)
        sql = (
            "select rowid as course_id, bm25(catalog_words, 10.0, 4.0, 1.0, 0.01) as score"
            " from catalog_words where catalog_words match %s"
        )
        return Hits(sql, [query])

    def _match(self, term: rules.Term) -> str:
        seen = "{title keywords body}"
        if term.is_han and len(term.text) > 1:
            return f'{seen} : "{" ".join(_bigrams(term.text))}"'
        if term.is_han:
            return f'{seen} : "{term.text}" *'
        if term.is_prefix:
            return f'{seen} : "{term.text}" * OR {{sound}} : "{term.text}" *'
        return f'{seen} : "{term.text}"'


class Postgres:
    """A ``tsvector`` under GIN; long Han words are checked once more on the folded text.

    Its phrase search would do, but forgets positions of words that a long text repeats.
    """

    def replace(self, documents: list[Document]) -> None:
        rows = [
            (
                each.course_id,
                " ".join(
                    run
                    for part in (each.title, each.keywords, each.body)
                    for run in (*rules.runs(part), "\n")
                ),
                _vector(each),
            )
            for each in documents
        ]
        with connection.cursor() as run:
            run.executemany(
                "insert into catalog_words (course_id, folded, vector)"
                " values (%s, %s, %s::tsvector) on conflict (course_id) do update"
                " set folded = excluded.folded, vector = excluded.vector",
                rows,
            )

    def remove(self, course_ids: list[int]) -> None:
        with connection.cursor() as run:
            run.execute("delete from catalog_words where course_id = any(%s)", [course_ids])

    def hits(self, terms: list[rules.Term]) -> Hits:
        query = " & ".join(f"({self._match(term)})" for term in terms)
        long = [term.text for term in terms if term.is_han and len(term.text) > 2]  # noqa: PLR2004
        recheck = "".join(" and strpos(folded, %s) > 0" for _text in long)
        score = "-ts_rank('{0.01, 0.1, 0.4, 1.0}', vector, %s::tsquery)"
        where = "vector @@ %s::tsquery" + recheck
        sql = f"select course_id, {score} as score from catalog_words where {where}"  # noqa: S608 - own parts
        return Hits(sql, [query, query, *long])

    def _match(self, term: rules.Term) -> str:
        if term.is_han and len(term.text) > 1:
            return " & ".join(f"'{pair}':ABC" for pair in _bigrams(term.text))
        if term.is_han:
            return f"'{term.text}':*ABC"
        if term.is_prefix:
            return f"'{term.text}':*"
        return f"'{term.text}':ABC"


def engine() -> Engine:
    """The index of the database in use."""
    return Postgres() if connection.vendor == "postgresql" else Sqlite()


def _bigrams(text: str) -> list[str]:
    return [text[n : n + 2] for n in range(len(text) - 1)]


def _vector(document: Document) -> str:
    """The text form of a tsvector: each token with its positions and weight."""
    places: dict[str, list[str]] = {}
    at = 0
    for weight, found in (
        ("A", rules.tokens(document.title)),
        ("B", rules.tokens(document.keywords)),
        ("C", rules.tokens(document.body)),
        ("D", rules.sounds(document.title)),
    ):
        for token in found:
            at = min(at + 1, 16_383)
            places.setdefault(token, []).append(f"{at}{weight}")
    # 255 places a token is what the type keeps; matching needs one.
    return " ".join(f"'{token}':{','.join(where[:255])}" for token, where in places.items())
