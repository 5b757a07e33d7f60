"""The tables of a backtest in the terminal."""

from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal

from rich.markup import escape
from rich.table import Table

from tidegate.app import Written
from tidegate.cli.screen import out
from tidegate.plan import BacktestResult, PolicyResult, PoolResult
from tidegate.quantity import Money


def _money(amount: Decimal) -> str:
    return f"{amount:,.0f}"


def _percent(share: float, places: int = 1) -> str:
    return f"{100 * share:.{places}f} %"


def _seconds(seconds: float) -> str:
    return f"{seconds:,.0f} s"


def _moment(pool: PoolResult, seconds: int) -> str:
    if pool.span.calendar:
        return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M}"
    return f"day {seconds / 86400:.1f}"


def _misses(policy: PolicyResult) -> str:
    known = [f"{100 * rate:.1f}" for rate in policy.miss_rate.values() if rate is not None]
    return " / ".join(known) + " %" if known else "-"


def _pool_table(pool: PoolResult, currency: str) -> Table:
    columns = (
        "policy",
        f"revenue\n{currency}",
        "leased\nGPU-h",
        "of idle",
        "delay\nmean",
        "delay\np99",
        "jobs beyond\nfloor",
        "firm\nbroken",
        "evicted per\n1,000 GPU-h",
        "missed at\n1 / 6 / 24 / 168 h",
    )
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for place, name in enumerate(columns):
        table.add_column(name, justify="left" if place == 0 else "right", no_wrap=True)
    for policy in pool.policies:
        setting = f" ({policy.setting})" if policy.setting else ""
        table.add_row(
            policy.policy + setting,
            _money(policy.revenue),
            f"{policy.harvested_gpu_hours:,.0f}",
            _percent(policy.harvested_share_of_idle),
            _seconds(policy.internal_delay_mean_s),
            _seconds(policy.internal_delay_p99_s),
            _percent(policy.delayed_jobs_share, 2),
            _percent(policy.broken_share, 2),
            f"{policy.evictions_per_1000_gpu_hours:.2f}",
            _misses(policy),
        )
    return table


def _heading(pool: PoolResult) -> Iterable[str]:
    it = pool.case.pool
    yield (
        f"[bold]{escape(it.id)}[/]  {it.tier.value}, {it.nodes} nodes x {it.gpus_per_node} {it.chip.id}, "
        f"{pool.jobs_count:,} jobs, measured {_moment(pool, pool.span.lease_from_s)} to "
        f"{_moment(pool, pool.span.stop_s)}"
    )
    yield (
        f"{pool.capacity_gpu_hours:,.0f} GPU-hours: {_percent(pool.internal_gpu_hours / pool.capacity_gpu_hours)} "
        f"own jobs, {_percent(pool.idle_gpu_hours / pool.capacity_gpu_hours)} idle when nothing is leased"
    )
    left_out = [f"{count:,} {reason}" for reason, count in pool.rejects.skipped.items()]
    if left_out:
        yield f"skipped rows: {', '.join(left_out)}"
    if pool.rejects.count:
        yield f"[bold yellow]{pool.rejects.count:,} rows rejected[/]"


def show_result(result: BacktestResult, written: Written) -> None:
    """Print a backtest: a table per pool, then where the files lie."""
    for pool in result.pools:
        for line in _heading(pool):
            out.print(line, soft_wrap=True)
        if pool.case.offers:
            out.print(_pool_table(pool, result.currency))
        else:
            out.print(f"Nothing of this pool is leased ({pool.case.pool.tier.value}).")
        out.print()
    earned = [pool.policy("tidegate") for pool in result.pools]
    total = sum((p.revenue for p in earned if p is not None), Decimal(0))
    if any(p is not None for p in earned):
        out.print(f"tidegate earns {Money(total, result.currency)} in all.", soft_wrap=True)
    out.print(f"{result.seconds:.1f} s, {len(result.seeds)} seeds", soft_wrap=True)
    for path in written.rejects:
        out.print(f"rejected rows: {escape(str(path))}", soft_wrap=True)
    out.print(f"report: {escape(str(written.report))}", soft_wrap=True)
