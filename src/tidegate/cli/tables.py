"""The tables of a backtest and of a sweep in the terminal."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

from rich.markup import escape
from rich.table import Table

from tidegate.app import Written
from tidegate.app.sweep import SweepResult
from tidegate.cli.finance.tables import show_table
from tidegate.cli.screen import out
from tidegate.finance.report.tiers import policies_table, policy_tiers_table
from tidegate.plan import BacktestResult, PolicyResult, PoolCase, PoolResult, SweepPool
from tidegate.quantity import Money
from tidegate.quota import LONG_SHARE, eps_of

# Header of each column but the first; two lines, so that a table fits 80 columns.
_COLUMNS = (
    "revenue\n{currency}",
    "leased\nGPU-h",
    "of\nidle",
    "own delay\nmean / p99 s",
    "jobs\nlate",
    "firm\nbroken",
    "evicted\n/ 1k h",
)

_LEGEND = (
    "late: own jobs delayed beyond the longest notice and sanitising; "
    "broken: firm GPU-hours taken back over firm GPU-hours sold"
)


def _percent(share: float, places: int = 1) -> str:
    return f"{100 * share:.{places}f} %"


def _moment(pool: PoolResult, seconds: int) -> str:
    if pool.span.calendar:
        return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M}"
    return f"day {(seconds - pool.span.start_s) / 86400:.1f}"


def _name(policy: PolicyResult) -> str:
    if policy.setting is None:
        return policy.policy
    return f"{policy.policy} ({policy.setting.removeprefix('share ')})"


def _figures(policy: PolicyResult) -> tuple[str, ...]:
    mean, p99 = policy.internal_delay_mean_s, policy.internal_delay_p99_s
    return (
        f"{policy.revenue:,.0f}",
        f"{policy.harvested_gpu_hours:,.0f}",
        _percent(policy.harvested_share_of_idle),
        f"{round(mean):,} / {round(p99):,}",
        _percent(policy.delayed_jobs_share, 2),
        _percent(policy.broken_share, 2),
        f"{policy.evictions_per_1000_gpu_hours:.2f}",
    )


def _table(
    first: Sequence[str], currency: str, rows: Iterable[tuple[str, ...]], gap: int = 2
) -> Table:
    """Return a table with columns of its own before those of a policy's figures."""
    table = Table(box=None, pad_edge=False, padding=(0, gap, 0, 0))
    for name in first:
        table.add_column(f"\n{name}", no_wrap=True)
    for name in _COLUMNS:
        table.add_column(name.format(currency=currency), justify="right", no_wrap=True)
    for row in rows:
        table.add_row(*row)
    return table


def pool_table(pool: PoolResult, currency: str) -> Table:
    """Return a pool's policies with their figures."""
    return _table(["policy"], currency, ((_name(p), *_figures(p)) for p in pool.policies))


def _sweep_table(pool: SweepPool) -> Table:
    rows = (
        (_name(row.result), "" if row.risk is None else f"{row.risk:g}", *_figures(row.result))
        for row in pool.rows
    )
    return _table(["policy", "risk"], pool.scenario.currency, rows, gap=1)


def _size(case: PoolCase) -> str:
    it = case.pool
    return f"{it.tier.value}, {it.nodes} nodes x {it.gpus_per_node} {it.chip.id}"


def _heading(pool: PoolResult) -> Iterator[str]:
    it, span = pool.case.pool, pool.span
    own, idle = (
        hours / pool.capacity_gpu_hours for hours in (pool.internal_gpu_hours, pool.idle_gpu_hours)
    )
    yield (f"[bold]{escape(it.id)}[/]  {_size(pool.case)}, {pool.jobs_count:,} jobs")
    yield (
        f"{_moment(pool, span.lease_from_s)} to {_moment(pool, span.stop_s)}: "
        f"{pool.capacity_gpu_hours:,.0f} GPU-hours, {_percent(own)} own jobs, "
        f"{_percent(idle)} idle when nothing is leased"
    )
    left_out = [f"{count:,} {reason}" for reason, count in pool.rejects.skipped.items()]
    if left_out:
        yield f"rows skipped: {escape(', '.join(left_out))}"
    if pool.rejects.count:
        yield f"[bold yellow]rows rejected: {pool.rejects.count:,}[/]"


def _misses(pool: PoolResult) -> Iterator[str]:
    for policy in pool.policies:
        known = [(key, rate) for key, rate in policy.miss_rate.items() if rate is not None]
        if known:
            eps = eps_of(pool.case.pool.policy.risk)
            shares = ", ".join(f"{_percent(rate)} in {key}" for key, rate in known)
            yield (
                f"{policy.policy}'s curve was too high {shares} "
                f"(meant to be at most {_percent(eps)}, beyond 6h {_percent(LONG_SHARE * eps)})"
            )


def show_result(result: BacktestResult, written: Written) -> None:
    """Print a backtest: a table per pool, then where the files lie."""
    for pool in result.pools:
        for line in _heading(pool):
            out.print(line, soft_wrap=True)
        if pool.case.offers:
            out.print(pool_table(pool, result.currency))
            for line in _misses(pool):
                out.print(line, soft_wrap=True)
        else:
            out.print(f"Nothing of this pool is leased ({pool.case.pool.tier.value}).")
        out.print()
    earned = [p.revenue for pool in result.pools if (p := pool.policy("tidegate")) is not None]
    if earned:
        total = Money(sum(earned, Decimal(0)), result.currency)
        out.print(f"tidegate earns {total} in all", soft_wrap=True)
    out.print(_LEGEND, style="dim")
    if result.comparison is not None:
        out.print()
        show_table(policies_table(result.comparison))
        show_table(policy_tiers_table(result.comparison))
        out.print(
            f"From {result.comparison.now} on; {result.comparison.source}.",
            style="dim",
            soft_wrap=True,
        )
        out.print()
    out.print(
        f"{result.seconds:.1f} s, {len(result.seeds)} seed{'s' * (len(result.seeds) > 1)}",
        soft_wrap=True,
    )
    for path in written.rejects:
        out.print(f"rejected rows: {escape(str(path))}", soft_wrap=True)
    out.print(f"report: {escape(str(written.report))}", soft_wrap=True)


def show_sweep(result: SweepResult, folder: Path) -> None:
    """Print a sweep: a table per pool, then where the files lie."""
    for pool in result.pools:
        it = pool.case.pool
        jobs = f", {pool.intake.jobs:,} jobs" if pool.intake else ""
        name = f"{escape(pool.scenario.name)}: {escape(it.id)}"
        out.print(f"[bold]{name}[/]  {_size(pool.case)}{jobs}", soft_wrap=True)
        if pool.case.offers:
            out.print(_sweep_table(pool))
        else:
            out.print(f"Nothing of this pool is leased ({it.tier.value}).")
        out.print()
    out.print(_LEGEND, style="dim")
    played = result.cells - result.kept - len(result.failed)
    out.print(
        f"{result.seconds:.1f} s, {len(result.seeds)} seeds, {result.cells:,} cells: {played:,} played, "
        f"{result.kept:,} had been finished before, {len(result.failed):,} failed",
        soft_wrap=True,
    )
    out.print(f"table: {escape(str(folder / 'sweep.parquet'))}", soft_wrap=True)
