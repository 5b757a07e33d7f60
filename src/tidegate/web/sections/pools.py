"""A pool's tables: policies side by side, products, refusals."""

from collections.abc import Sequence
from typing import Final

from tidegate.lease.product import ProductKind
from tidegate.plan.policyresult import PolicyResult
from tidegate.plan.result import PoolResult
from tidegate.quota import LONG_SHARE, POLICIES, eps_of
from tidegate.web.headline import competes, headline_policy
from tidegate.web.metrics import POLICY_METRICS, Metric
from tidegate.web.table import Cell, Column, Row, Table, row, text_column
from tidegate.web.wording import (
    ABSENT,
    amount_text,
    count,
    currency_name,
    duration,
    number,
    percent,
    price,
)

REASONS: Final = {
    "not_sold": "the pool does not sell the product",
    "no_room": "too few nodes were free",
    "share": "the fixed share was used up",
    "quota": "the quota curve did not reach so far",
}
"""What a refusal's reason means."""


def policy_table(pool: PoolResult, currency: str) -> Table | None:
    """Return every figure of every policy, the best one marked; None when nothing is leased."""
    if headline_policy(pool) is None:
        return None
    said = {name: sentence for name, _, sentence in POLICIES}
    eps = eps_of(pool.case.pool.policy.risk)
    rows = []
    for metric in POLICY_METRICS:
        values = [metric.value(p) if metric.value else None for p in pool.policies]
        if metric.key == "revenue_by_seed":
            rows.append(_seed_row(metric, pool.policies, currency))
        elif any(value is not None for value in values):
            rows.append(_metric_row(metric, pool.policies, values, currency))
    return Table(
        f"Policies in {pool.case.pool.id}",
        (
            text_column("figure"),
            *(Column(p.policy, p.setting or "") for p in pool.policies),
        ),
        tuple(rows),
        note=" ".join(f"{p.policy}: {said[p.policy]}." for p in pool.policies if p.policy in said)
        + " “Best” compares the policies that lease by a rule."
        + " Means over seeds; miss rates are of the first "
        + f"seed, and are meant to be at most {percent(eps)}, beyond 6h {percent(LONG_SHARE * eps)}.",
    )


def _label(metric: Metric, currency: str) -> Cell:
    unit = currency_name(currency) if metric.unit == "currency" else metric.unit
    return Cell(metric.label, note="" if unit == "time" else unit)


def _metric_row(
    metric: Metric,
    policies: Sequence[PolicyResult],
    values: Sequence[float | None],
    currency: str,
) -> Row:
    money = metric.unit == "currency"
    texts = [amount_text(v, currency) if money else metric.text(v) for v in values]
    rivals = [
        (value, text)
        for value, text, policy in zip(values, texts, policies, strict=True)
        if value is not None and competes(policy)
    ]
    best = ""
    # Where the texts are all the same, so is the figure to a reader.
    if metric.better and len({text for _, text in rivals}) > 1:
        best = (max(rivals) if metric.better == "high" else min(rivals))[1]
    cells = [
        Cell(text, mark="best" if text == best and competes(policy) else "")
        for text, policy in zip(texts, policies, strict=True)
    ]
    return row([_label(metric, currency), *cells])


def _seed_row(metric: Metric, policies: Sequence[PolicyResult], currency: str) -> Row:
    cells = [_label(metric, currency)]
    for policy in policies:
        seeds = policy.revenue_by_seed
        if not seeds:
            cells.append(Cell(ABSENT))
            continue
        low, high = (amount_text(v, currency) for v in (min(seeds), max(seeds)))
        cells.append(Cell(low if low == high else f"{low} to {high}"))
    return row(cells)


def product_table(pool: PoolResult, currency: str) -> Table | None:
    """Return what each product is and what it brought, or None when nothing is sold."""
    policy = headline_policy(pool)
    if policy is None or not pool.case.offers:
        return None
    unit = currency_name(currency)
    brought = {product.product: product for product in policy.products}
    rows = []
    for offer in pool.case.offers:
        product, result = offer.product, brought.get(offer.product.id)
        firm = (
            "to its end" if product.kind is ProductKind.RESERVED else duration(product.guarantee_s)
        )
        if not product.guarantee_s and product.kind is not ProductKind.RESERVED:
            firm = "its notice"
        figures = (
            [
                count(result.requests),
                Cell(
                    count(result.admitted),
                    note=percent(result.admitted / result.requests) if result.requests else "",
                ),
                number(result.gpu_hours),
                amount_text(result.revenue, currency),
                count(result.broken),
            ]
            if result
            else [ABSENT] * 5
        )
        rows.append(
            row(
                [
                    product.id,
                    product.kind.value,
                    firm,
                    duration(product.notice_s),
                    price(offer.price, currency),
                    *figures,
                ]
            )
        )
    return Table(
        f"Products of {pool.case.pool.id} under {policy.policy}",
        (
            text_column("product"),
            text_column("kind"),
            text_column("firm for"),
            text_column("notice"),
            Column("price", f"{unit} per GPU-h"),
            Column("asked for", "leases"),
            Column("admitted", "leases"),
            Column("delivered", "GPU-h"),
            Column("revenue", unit),
            Column("promise broken", "leases"),
        ),
        tuple(rows),
        note="Counts are means over seeds.",
    )


def refusal_table(pool: PoolResult) -> Table | None:
    """Return requests refused, by reason and policy, or None when none was."""
    leasing = [p for p in pool.policies if competes(p)]
    reasons = list(dict.fromkeys(reason for p in leasing for reason in p.refusals))
    reasons.sort(key=lambda reason: (*REASONS, reason).index(reason))
    if not reasons:
        return None
    return Table(
        f"Requests refused in {pool.case.pool.id}",
        (text_column("reason"), *(Column(p.policy, "requests") for p in leasing)),
        tuple(
            row(
                [
                    Cell(reason.replace("_", " "), note=REASONS.get(reason.replace(" ", "_"), "")),
                    *(count(p.refusals.get(reason, 0.0)) for p in leasing),
                ]
            )
            for reason in reasons
        ),
        note="Means over seeds. A request that is not admitted at once is lost.",
    )
