"""The planner's plan is the best of all plans: tried out on small problems, one by one."""

from hypothesis import HealthCheck, assume, given, settings

from tests.creditbank.planner import small
from xueqiao.creditbank.planner import scoring, solver


@given(small.problems())
@settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
def test_no_plan_is_better_than_the_planners(problem):
    count, _every = small.plans(problem)
    assume(count <= small.MOST_PLANS)
    expected = small.best_by_trying_everything(problem)
    assume(expected is not None)

    found = solver.best(problem, seconds=60)

    assert found.proven == 4
    assert scoring.score(problem, found.steps, found.direct) == found.score
    assert found.score.order == expected
