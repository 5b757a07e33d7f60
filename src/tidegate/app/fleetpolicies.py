"""A backtest of a fleet with books: the three-tier policy beside others, as the tier plan has it."""

from dataclasses import replace

from tidegate.app.financedesk import desk_on
from tidegate.app.futures import Futures, played
from tidegate.errors import FinanceError
from tidegate.finance.books import Books
from tidegate.finance.stress import StressSettings
from tidegate.finance.tiers.policies import compare
from tidegate.plan import BacktestResult, Scenario
from tidegate.plan.usage import usage_of
from tidegate.web.headline import FIRST, competes


def with_comparison(
    result: BacktestResult, scenario: Scenario, books: Books
) -> tuple[BacktestResult, FinanceError | None]:
    """Return a backtest with the fleet's policies compared, or with why they are not.

    Parameters
    ----------
    result : BacktestResult
    scenario : Scenario
        What it was played on.
    books : Books

    Returns
    -------
    result : BacktestResult
        ``comparison`` is what ``tidegate finance tiers --from`` says of it: the same usage, futures and code.
        Nothing is compared where no policy leases.
    problem : FinanceError or None
        Why nothing could be compared; an assumption of the result tells it as well.
    """
    names = [p.policy for pool in result.pools for p in pool.policies if competes(p)]
    if not names:
        return result, None
    usage = usage_of(result, FIRST if FIRST in names else names[-1], None)
    try:
        desk = desk_on(scenario, books, usage)
        compared = compare(played(desk.coverage(), Futures(StressSettings())))
    except FinanceError as problem:
        said = f"The three-tier policy is not compared with others: {problem.message}"
        return replace(result, assumptions=(*result.assumptions, said)), problem
    return replace(result, comparison=compared), None
