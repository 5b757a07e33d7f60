"""What was assumed, what was left out, and where every number comes from."""

import polars as pl

from tidegate.plan.result import BacktestResult, PoolResult
from tidegate.plan.scenario import LogSource, TideSource
from tidegate.web.metrics import DEFINITIONS
from tidegate.web.table import Cell, Column, Table, row, text_column
from tidegate.web.wording import currency_name, duration, number, percent, price

SHOWN_REJECTS = 8
"""Rejected rows of a log that the report quotes."""


def terms_table(result: BacktestResult) -> Table:
    """Return per pool what its owner allows: products, risk, reserve, the price of waiting."""
    unit = currency_name(result.currency)
    rows = []
    for pool in result.pools:
        policy, offers, failures = pool.case.pool.policy, pool.case.offers, pool.case.failures
        sold = "; ".join(
            f"{o.product.id} {price(o.price, result.currency)} "
            f"(guarantee {duration(o.product.guarantee_s)}, notice {duration(o.product.notice_s)}, "
            f"{percent(o.demand.share, 0)} of what is asked for)"
            for o in offers
        )
        rows.append(
            row(
                [
                    Cell(pool.case.pool.id, note=pool.case.pool.tier.value),
                    pool.case.pool.chip.id,
                    f"{pool.case.pool.nodes} × {pool.case.pool.gpus_per_node}",
                    sold or "nothing",
                    percent(policy.risk) if offers else "–",
                    number(policy.reserve_nodes) if offers else "–",
                    price(policy.wait_price, result.currency) if offers else "–",
                    f"every {number(failures.mtbf_h)}\u00a0h per node, "
                    f"{number(failures.repair_h)}\u00a0h repair"
                    if failures
                    else "none played",
                ]
            )
        )
    return Table(
        "What each pool allows",
        (
            text_column("pool"),
            text_column("chip"),
            text_column("nodes × GPUs"),
            text_column(f"sells, at {unit} per GPU-h"),
            Column("risk"),
            Column("reserve", "nodes"),
            Column("price of waiting", f"{unit} per GPU-h"),
            text_column("failures"),
        ),
        tuple(rows),
    )


def log_of(pool: PoolResult) -> LogSource:
    """Return the file that a pool's internal demand comes from."""
    demand = pool.case.demand
    return demand.log if isinstance(demand, TideSource) else demand


def _log_text(pool: PoolResult) -> Cell:
    log = log_of(pool)
    details = [f"format {log.format}"]
    details += [f"{column} = {value}" for column, value in log.where.items()]
    if log.window_from or log.window_to:
        details.append(f"from {log.window_from or 'start'} to {log.window_to or 'end'}")
    if isinstance(pool.case.demand, TideSource):
        tide = pool.case.demand
        details.append(
            f"one GPU serves {number(tide.requests_per_s_per_gpu, 2)} requests/s; "
            f"{percent(tide.headroom, 0)} on top"
        )
    return Cell(str(log.path), note=", ".join(details))


def log_table(result: BacktestResult) -> Table:
    """Return per pool the log, and how many of its rows were used, skipped and rejected."""
    rows = []
    for pool in result.pools:
        rejects = pool.rejects
        skipped = "; ".join(f"{number(n)} {reason}" for reason, n in rejects.skipped.items())
        guessed = "; ".join(f"{number(n)} {reason}" for reason, n in rejects.notes.items())
        rows.append(
            row(
                [
                    pool.case.pool.id,
                    _log_text(pool),
                    number(rejects.rows_read),
                    number(pool.jobs_count),
                    Cell(number(sum(rejects.skipped.values())), note=skipped),
                    Cell(number(rejects.count), note=percent(rejects.share, 2)),
                    guessed or "none",
                ]
            )
        )
    return Table(
        "Logs and their rows",
        (
            text_column("pool"),
            text_column("log"),
            Column("read", "rows"),
            Column("played", "jobs"),
            Column("skipped", "rows"),
            Column("rejected", "rows"),
            text_column("kept on a guess (rows)"),
        ),
        tuple(rows),
        note=(
            "Skipped rows are not internal demand; rejected rows cannot be true. "
            "Where a series stands for a log, jobs are made from it."
        ),
    )


def reject_table(pool: PoolResult) -> Table | None:
    """Return a pool's rejected rows by code and field, or None when there are none."""
    if not pool.rejects.count:
        return None
    grouped = (
        pool.rejects.frame.group_by("code", "field", maintain_order=True)
        .agg(pl.len().alias("rows"), pl.col("file", "line", "reason").first())
        .sort("rows", descending=True, maintain_order=True)
    )
    rows = [
        row(
            [
                record["code"] or "",
                record["field"] or "",
                number(record["rows"]),
                record["reason"] or "",
                f"{record['file']}" + (f", line {record['line']}" if record["line"] else ""),
            ]
        )
        for record in grouped.head(SHOWN_REJECTS).iter_rows(named=True)
    ]
    more = grouped.height - len(rows)
    return Table(
        f"Rejected rows of {pool.case.pool.id}",
        (
            text_column("code"),
            text_column("field"),
            Column("rows"),
            text_column("reason of the first"),
            text_column("where the first lies"),
        ),
        tuple(rows),
        note=f"All of them, with their lines: rejects-{pool.case.pool.id}.csv beside this report."
        + (f" {number(more)} more kinds stand there." if more > 0 else ""),
    )


def definition_table(result: BacktestResult) -> Table:
    """Return every figure with its meaning, formula and source."""
    unit = currency_name(result.currency)
    return Table(
        "Figures",
        tuple(text_column(label) for label in ("figure", "meaning", "formula", "source")),
        tuple(
            row(
                [
                    Cell(
                        metric.label.split(", 1h")[0],
                        note=unit if metric.unit == "currency" else metric.unit,
                    ),
                    metric.definition,
                    metric.formula,
                    metric.source,
                ]
            )
            for metric in DEFINITIONS
        ),
        note=(
            "The parquet files lie beside this report, with a row's pool in the column pool; times "
            "there are on the log's clock."
        ),
    )


def run_table(result: BacktestResult) -> Table:
    """Return what the run rests on: source, seeds, wall time, versions."""
    facts = {
        "fleet file": result.source,
        "seeds": ", ".join(str(seed) for seed in result.seeds),
        "wall time": f"{number(result.seconds, 1)} s",
        **result.versions,
    }
    return Table(
        "The run",
        (text_column("what"), text_column("value")),
        tuple(row([name, value]) for name, value in facts.items()),
    )
