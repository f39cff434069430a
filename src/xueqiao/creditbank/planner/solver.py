"""Solving the plan: the best credit first, then the least of each cost, as long as time allows."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from xueqiao.creditbank import rules
from xueqiao.creditbank.planner import model as modelling
from xueqiao.creditbank.planner import scoring
from xueqiao.creditbank.planner.problem import Answer, Score

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from xueqiao.creditbank.planner.model import Model, Terms
    from xueqiao.creditbank.planner.problem import Problem, Rule, Step

# The most that the search for the first part of the score may take, on a machine however busy: the
# number of credits is what the learner came for. The other parts only choose among equals.
FIRST_SECONDS = 2.0
# How much of a row or a whole number may be missed by floating point.
TOLERANCE = 1e-9


def best(problem: Problem, *, seconds: float) -> Answer:
    """The best plan; with more time than is given it might be better only if it is not proven.

    Args:
        seconds: after which no further part of the score is improved. The first part that is not
            proven in time ends the search with the best plan seen.
    """
    model = modelling.build(problem)
    if not model.upper:
        return Answer((), {}, Score(0, 0, 0, 0), proven=4)
    solution, proven = _in_order(model, seconds)
    ordered = sorted(problem.rules, key=modelling.order_of)
    steps = tuple(step for rule in ordered if (step := _step(model, rule, solution)) is not None)
    direct = {key: solution[column] for key, column in model.direct.items() if solution[column]}
    found = scoring.score(problem, steps, direct)
    assert found is not None, "a plan that the rules refuse"
    return Answer(steps, direct, found, proven)


def _in_order(model: Model, seconds: float) -> tuple[Sequence[int], int]:
    solver = _loaded(model)
    solution: Sequence[int] = [0] * len(model.upper)
    until = time.monotonic() + seconds
    for number, terms in enumerate(model.objectives):
        left = max(until - time.monotonic(), 0 if number else FIRST_SECONDS)
        if left <= 0:
            return solution, number
        found, proven = _solve(solver, model, terms, maximise=number == 0, seconds=left)
        solution = found or solution
        if not proven:
            return solution, number
        _hold(solver, terms, solution)
    return solution, len(model.objectives)


def _loaded(model: Model) -> Any:
    import highspy  # noqa: PLC0415 - takes 0.2 s to load, and only plans need it
    import numpy as np  # noqa: PLC0415 - comes with it

    solver: Any = highspy.Highs()  # type: ignore[no-untyped-call]
    for name, value in {
        "output_flag": False, "threads": 1, "mip_rel_gap": 0.0, "mip_abs_gap": 0.5,
        "mip_feasibility_tolerance": TOLERANCE, "primal_feasibility_tolerance": TOLERANCE,
    }.items():  # fmt: skip
        solver.setOptionValue(name, value)
    starts, columns, values = [0], list[int](), list[float]()
    for _low, _high, terms in model.rows:
        columns += terms.keys()
        values += terms.values()
        starts.append(len(columns))
    count = len(model.upper)
    programme = highspy.HighsLp()
    programme.num_col_, programme.num_row_ = count, len(model.rows)
    programme.col_cost_, programme.col_lower_ = np.zeros(count), np.zeros(count)
    programme.col_upper_ = np.array(model.upper, dtype=np.float64)
    programme.row_lower_ = np.array([low for low, _high, _terms in model.rows], dtype=np.float64)
    programme.row_upper_ = np.array([high for _low, high, _terms in model.rows], dtype=np.float64)
    programme.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    programme.a_matrix_.start_ = np.array(starts)
    programme.a_matrix_.index_ = np.array(columns)
    programme.a_matrix_.value_ = np.array(values, dtype=np.float64)
    programme.integrality_ = [highspy.HighsVarType.kInteger] * count
    solver.passModel(programme)
    return solver


def _solve(
    solver: Any, model: Model, terms: Terms, *, maximise: bool, seconds: float
) -> tuple[Sequence[int], bool]:
    """Whole amounts by column, or nothing; and whether nothing better exists."""
    import highspy  # noqa: PLC0415 - as above
    import numpy as np  # noqa: PLC0415

    count = len(model.upper)
    costs = np.zeros(count)
    costs[list(terms.keys())] = list(terms.values())
    solver.changeColsCost(count, np.arange(count), costs)
    sense = highspy.ObjSense.kMaximize if maximise else highspy.ObjSense.kMinimize
    solver.changeObjectiveSense(sense)
    # The limit counts from the solver's first run on.
    solver.setOptionValue("time_limit", solver.getRunTime() + seconds)
    solver.run()
    proven = solver.getModelStatus() == highspy.HighsModelStatus.kOptimal
    if solver.getInfo().primal_solution_status != highspy.SolutionStatus.kSolutionStatusFeasible:
        return [], False
    return [round(value) for value in solver.getSolution().col_value], proven


def _hold(solver: Any, terms: Terms, solution: Sequence[int]) -> None:
    """Keep what has been reached while the next part is improved."""
    import numpy as np  # noqa: PLC0415 - as above

    if terms:
        reached = sum(solution[column] * weight for column, weight in terms.items())
        columns = np.array(list(terms.keys()))
        weights = np.array(list(terms.values()), dtype=np.float64)
        solver.addRow(reached, reached, len(columns), columns, weights)


def _step(model: Model, rule: Rule, solution: Sequence[int]) -> Step | None:
    offers: Mapping[int, int] = {
        lot_id: amount
        for lot_id in sorted(rule.fits)
        if (amount := _offered(model, rule, lot_id, solution))
    }
    return scoring.step(rule, offers) if offers else None


def _offered(model: Model, rule: Rule, lot_id: int, solution: Sequence[int]) -> int:
    key, value = (rule.rule_id, lot_id), rule.body.value
    if key in model.made and not modelling.is_exact(rule):
        return rules.needed(solution[model.made[key]], value.numerator, value.denominator)
    return sum(solution[column] for column in model.offers.get(key, ()))
