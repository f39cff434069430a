"""How a run that ended badly is told: by a refusal with what to do next."""

from __future__ import annotations

from django.utils.translation import gettext as _

from xueqiao.kernel import errors


class QueryFaulty(errors.Refusal):
    """The query cannot be understood, or not be run as it is."""

    code = "lake.query_faulty"
    status = 422


class QueryTooLong(errors.Refusal):
    """The query took more time than one may."""

    code = "lake.query_too_long"


class QueryTooLarge(errors.Refusal):
    """The query needs more memory, or more room for its result, than one may."""

    code = "lake.query_too_large"
    status = 507


class QueryForbidden(errors.Refusal):
    """The query opens files, or changes settings; it may read tables only."""

    code = "lake.query_forbidden"
    status = 403


class QueryDied(errors.Refusal):
    """The process that ran the query ended without a word."""

    code = "lake.query_died"
    status = 507


class QueryCancelled(errors.Refusal):
    """Somebody cancelled the run."""

    code = "lake.query_cancelled"


def refusal(code: str, text: str) -> errors.Refusal:
    """The refusal for an outcome of the process, by its code there."""
    kinds: dict[str, tuple[type[errors.Refusal], str]] = {
        "time": (QueryTooLong, _("It took too long. Ask for fewer months, or count in two steps.")),
        "memory": (
            QueryTooLarge,
            _("It needs too much memory. Ask for fewer columns or months, or sum up earlier."),
        ),
        "too_large": (
            QueryTooLarge,
            _("Its result takes too much room. Ask for fewer columns or rows."),
        ),
        "forbidden": (
            QueryForbidden,
            _("A query reads tables only: no files, no network, no settings. Take that out."),
        ),
        "not_one_select": (
            QueryFaulty,
            _("Write one single SELECT; nothing can be changed here."),
        ),
        "value": (
            QueryFaulty,
            _(
                "A value could not be computed, such as a text taken for a number or a number out "
                "of its range. Use try_cast, or leave such rows out."
            ),
        ),
        "no_person": (
            QueryFaulty,
            _(
                "To count persons, the query has to give the column learner_id; the platform "
                "counts by all other columns."
            ),
        ),
        "mixed": (
            QueryFaulty,
            _(
                "To count persons, each row has to be about the one person in learner_id: read it "
                "from the table as it is, join tables of persons by USING (learner_id), and leave "
                "out windows, UNION and subqueries in expressions."
            ),
        ),
        "cancelled": (QueryCancelled, _("The run was cancelled.")),
        "died": (
            QueryDied,
            _("The process of the query ended by itself, for want of memory most likely."),
        ),
    }
    kind, words = kinds.get(code, (QueryFaulty, text))
    return kind(words, pointer="sql")
