"""Coverage as tables."""

from decimal import Decimal

from tidegate.finance.cover import LINES, Cover
from tidegate.finance.coverage import Coverage
from tidegate.finance.report.table import Kind, Report, Table, Value, columns
from tidegate.finance.returns import life_flows, returns
from tidegate.finance.sources import HOLDERS

_COVER = (
    ("gpu_hours", "GPU-h", "hours"),
    ("rent", "rent", "money"),
    ("returned", "returned", "money"),
    ("net_rent", "net rent", "money", "{rent}-{returned}"),
    *((line, line, "money") for line in LINES),
    ("full_cost", "full cost", "money", "+".join(f"{{{line}}}" for line in LINES)),
    ("result", "result", "money", "{net_rent}-{full_cost}"),
    ("covers_cash", "of cash", "ratio", "{net_rent}/({power}+{space}+{operations}+{spares})"),
    ("covers_depreciation", "of depr.", "ratio", "{net_rent}/({depreciation}+{network})"),
    ("covers_full", "of full", "ratio", "{net_rent}/{full_cost}"),
    ("own_value", "own hours", "money"),
    ("covers_own", "of full, with own", "ratio", "({net_rent}+{own_value})/{full_cost}"),
)


def _cover_row(cover: Cover) -> tuple[Value, ...]:
    return (
        cover.hours.total,
        cover.rent,
        cover.returned,
        cover.net_rent,
        *(cover.costs[line] for line in LINES),
        cover.full_cost,
        cover.result,
        cover.ratio("power", "space", "operations", "spares"),
        cover.ratio("depreciation", "network"),
        cover.ratio(),
        cover.own_value,
        (cover.net_rent + cover.own_value) / cover.full_cost if cover.full_cost else None,
    )


def coverage_report(found: Coverage) -> Report:
    """Return coverage as a report: by tier, pool, cohort and month, the split of hours, cost of an hour, returns."""
    currency = found.books.currency
    tables = [
        _by(found, "tiers", "By tier", "tier"),
        _leasing(found),
        _split(found),
        _by(found, "pools", "By pool", "tier", "pool"),
        _by(found, "cohorts", "By cohort", "tier", "pool", "cohort"),
        _by(found, "months", "By cohort and month", "tier", "pool", "cohort", "month"),
        hours_table(found),
        _returns(found),
        _products(found),
    ]
    total = found.total()
    full = total.ratio()
    return Report(
        title=f"Coverage of {found.books.name}",
        source=found.label,
        tables=tuple(tables),
        notes=found.notes,
        headline={
            "net rent": f"{total.net_rent:,.0f} {currency}",
            "full cost": f"{total.full_cost:,.0f} {currency}",
            "coverage of full cost": "-" if full is None else f"{full:.3f}",
            "leasing leaves": f"{total.margin:,.0f} {currency}",
        },
    )


def _by(found: Coverage, name: str, title: str, *keys: str) -> Table:
    whole = zip(columns(*_COVER), _cover_row(found.total()), strict=True)
    return Table(
        name,
        title,
        columns(*((key, key) for key in keys), *_COVER),
        tuple((*group, *_cover_row(cover)) for group, cover in found.by(*keys).items()),
        found.books.currency,
        note=(
            "Net rent against each cost line. Of cash, of depreciation (with the network), of full cost: net rent "
            "over that cost. Own hours: at the market's rent."
        ),
        totals=True,
        total={column.key: value for column, value in whole if column.kind is Kind.RATIO},
    )


def _leasing(found: Coverage) -> Table:
    without = found.by("tier", leasing=False)
    rows = []
    for group, cover in found.by("tier").items():
        alone = without[group]
        rows.append(
            (
                *group,
                alone.result,
                cover.result,
                cover.net_rent,
                alone.cash_cost,
                cover.cash_cost,
                cover.leasing_cost,
                cover.waiting_gpu_hours,
                cover.waiting_cost,
                cover.margin,
                alone.roic,
                cover.roic,
            )
        )
    return Table(
        "leasing",
        "With and without leasing, on the same draws",
        columns(
            ("tier", "tier"),
            ("result_without", "result without", "money"),
            ("result_with", "result with", "money"),
            ("net_rent", "net rent", "money"),
            ("cash_without", "cash cost without", "money"),
            ("cash_with", "cash cost with", "money"),
            ("leasing_cost", "power of leasing", "money"),
            ("waiting_gpu_hours", "own waiting GPU-h", "hours"),
            ("waiting_cost", "own waiting", "money"),
            ("margin", "leasing leaves", "money", "{net_rent}-{leasing_cost}-{waiting_cost}"),
            ("roic_without", "ROIC without", "share"),
            ("roic_with", "ROIC with", "share"),
        ),
        tuple(rows),
        found.books.currency,
        note=(
            "Own waiting: what leasing made own jobs wait, at the pool's wait_price; not cash. ROIC counts own "
            "use at the market's rent, where one is known."
        ),
        totals=True,
        total={
            "roic_without": found.total(leasing=False).roic,
            "roic_with": found.total().roic,
        },
    )


def _split(found: Coverage) -> Table:
    rows = []
    for leasing in (True, False):
        for group, cover in found.by("tier", "pool", leasing=leasing).items():
            rows.append(
                (
                    *group,
                    "with" if leasing else "without",
                    cover.hours.total,
                    *(cover.hours.share(holder) for holder in HOLDERS),
                )
            )
    return Table(
        "split",
        "What the GPU-hours went into",
        columns(
            ("tier", "tier"),
            ("pool", "pool"),
            ("leasing", "leasing"),
            ("gpu_hours", "GPU-h", "hours"),
            *((holder, holder, "share") for holder in HOLDERS),
        ),
        tuple(rows),
        found.books.currency,
    )


def hours_table(found: Coverage) -> Table:
    """Return the cost of a GPU-hour of each cohort in the last month."""
    rows = []
    last = {row.cohort: row for row in found.rows}
    for row in last.values():
        hour, hours = row.hour, row.cover.hours
        sold = hours.busy / hours.total if hours.total else Decimal(0)
        rows.append(
            (
                row.cohort,
                str(row.month),
                hour.depreciation,
                hour.network,
                hour.capital,
                hour.power_busy,
                hour.space,
                hour.operations,
                hour.spares,
                hour.cash,
                hour.full,
                hour.marginal,
                sold,
                hour.break_even(sold) if sold else None,
                row.cover.rent_per_leased_hour,
            )
        )
    return Table(
        "hours",
        "Cost of a GPU-hour",
        columns(
            ("cohort", "cohort"),
            ("month", "month"),
            ("depreciation", "depr.", "rate"),
            ("network", "network", "rate"),
            ("capital", "capital", "rate"),
            ("power", "power", "rate"),
            ("space", "space", "rate"),
            ("operations", "oper.", "rate"),
            ("spares", "spares", "rate"),
            ("cash", "cash", "rate", "{power}+{space}+{operations}+{spares}"),
            ("full", "full", "rate", "{cash}+{depreciation}+{network}+{capital}"),
            ("marginal", "marginal", "rate"),
            ("busy", "busy", "share"),
            ("break_even", "break-even", "rate", "{full}+({full}-{marginal})*(1-{busy})/{busy}"),
            ("rent", "rent got", "rate"),
        ),
        tuple(rows),
        found.books.currency,
        note=(
            "Per GPU-hour at full draw. marginal: leasing an idle hour. break-even: the value that every busy hour, "
            "own or leased, must bring for all costs to be covered."
        ),
    )


def _returns(found: Coverage) -> Table:
    rows: list[tuple[Value, ...]] = []
    rate = found.books.costs["capital_rate"]
    for (cohort,), cover in found.by("cohort").items():
        holding = found.books.holding(cohort)
        for own_use in (False, True):
            if own_use and holding.market_rent is None:
                continue
            it = returns(life_flows(holding, cover, own_use=own_use), rate)
            rows.append(
                (
                    cohort,
                    "rent and own use" if own_use else "rent alone",
                    holding.asset.cost,
                    it.payback_months,
                    it.npv,
                    it.irr,
                    cover.roic if own_use else None,
                )
            )
    return Table(
        "returns",
        "Payback, NPV and IRR",
        columns(
            ("cohort", "cohort"),
            ("counting", "counting"),
            ("cost", "cost", "money"),
            ("payback_months", "payback months", "number"),
            ("npv", "NPV", "money"),
            ("irr", "IRR a year", "share"),
            ("roic", "ROIC", "share"),
        ),
        tuple(rows),
        found.books.currency,
        note=(
            "As if every month of life were as the measured time; "
            f"NPV at {100 * float(rate):g} % a year. Own use counts at the market's rent."
        ),
    )


def _products(found: Coverage) -> Table:
    sums: dict[tuple[str, str], Decimal] = {}
    for row in found.rows:
        for product, rent in row.rent_by_product.items():
            sums[row.pool, product] = sums.get((row.pool, product), Decimal(0)) + rent
    return Table(
        "products",
        "Rent by product",
        columns(("pool", "pool"), ("product", "product"), ("rent", "rent", Kind.MONEY)),
        tuple((pool, product, rent) for (pool, product), rent in sums.items()),
        found.books.currency,
        note="Charged, before refunds and credits.",
        totals=True,
    )
