"""The memo that an auditor asks for: an impairment test with its inputs."""

from tidegate.finance.impairment import (
    AT_RISK_MONTHS,
    ImpairmentTest,
    UnitTest,
    months_of_life,
)
from tidegate.finance.stress.inputs import MONTH_H
from tidegate.finance.thresholds import Standard

_RULE = {
    Standard.IAS_36: (
        "IAS 36: the carrying amount is compared with the recoverable amount, the higher of fair value less costs of "
        "disposal and value in use. A loss may be reversed, up to what the book value would be without it."
    ),
    Standard.ASC_360: (
        "ASC 360: the carrying amount is compared with undiscounted cash flows; only where these fall short is it "
        "written down to fair value. Nothing is reversed."
    ),
}


def memo(test: ImpairmentTest) -> str:
    """Return the memo of an impairment test as Markdown."""
    books, found = test.measured.books, test.found
    lines = [
        f"# Impairment test of {books.name}, {test.month}",
        "",
        f"Amounts in {books.currency}. {_RULE[test.rules.standard]}",
        "",
        "## Conclusion",
        "",
        *(f"- {_conclusion(unit)}" for unit in test.units),
        "",
        "## Indicators",
        "",
        "| unit | indicator | says | figure |",
        "| --- | --- | --- | --- |",
        *(f"| {i.unit} | {i.name} | {i.sign} | {i.text} |" for i in test.indicators),
        "",
        "## Units",
        "",
        f"A cash-generating unit is a {test.rules.unit}: nodes of a pool are interchangeable and share what is "
        "admitted to them."
        if test.rules.unit == "pool"
        else f"A cash-generating unit is a {test.rules.unit}, as the books file says.",
        "",
        "| | " + " | ".join(unit.unit for unit in test.units) + " |",
        "| --- |" + " --- |" * len(test.units),
        *_rows(test.units),
        "",
        "## Inputs",
        "",
        f"- Usage and rent: {test.measured.label}.",
        f"- Paths of rents and second-hand prices: {found.source}; {found.paths.count:,} paths, seed "
        f"{found.settings.seed}. Cash flows are means over paths.",
        f"- Discount rate: {100 * float(books.costs['capital_rate']):g} % a year before tax "
        f"({books.costs.parameters['capital_rate'].source}).",
        f"- Own use is {'counted at the market rent' if test.rules.own_use else 'not counted'}.",
        "- Cash flows are those of the asset in its present condition (IAS 36.44): no later purchase is in them.",
        *_inputs(test),
        *(f"- {note}" for note in test.measured.notes),
        "",
        "## Sensitivity",
        "",
        *(_sensitivity(unit) for unit in test.units),
        "",
    ]
    return "\n".join(lines)


def _conclusion(unit: UnitTest) -> str:
    if unit.loss:
        return f"{unit.unit}: a loss of {unit.loss:,.0f}, to be shared by cohorts by their book values."
    if unit.reversal:
        return f"{unit.unit}: {unit.reversal:,.0f} of an earlier loss is to be reversed."
    return f"{unit.unit}: no loss; headroom {unit.headroom:,.0f}."


def _rows(units: tuple[UnitTest, ...]) -> list[str]:
    names = (
        ("carrying amount", "carrying"),
        ("without earlier write-downs", "unimpaired"),
        ("fair value", "fair_value"),
        ("costs of disposal", "disposal_cost"),
        ("value in use", "value_in_use"),
        ("undiscounted cash flows", "undiscounted"),
        ("recoverable", "recoverable"),
        ("headroom", "headroom"),
        ("loss", "loss"),
        ("reversal", "reversal"),
    )
    return [
        f"| {title} | " + " | ".join(f"{getattr(u, name):,.0f}" for u in units) + " |"
        for title, name in names
    ]


def _inputs(test: ImpairmentTest) -> list[str]:
    inputs = test.found.inputs
    lines = []
    for place, holding in enumerate(inputs.holdings):
        g = int(inputs.place[place])
        months = months_of_life(test.found, place)
        life = f"{months[0]} to {months[-1]}" if months else "over"
        hours = float(inputs.gpus[place]) * MONTH_H
        resale = f"{inputs.generations[g].resale_usd:,.0f} USD" if g >= 0 else "unknown"
        lines.append(
            f"- {holding.id} ({holding.asset.place}): {inputs.gpus[place]:,.0f} GPUs of {holding.chip.id}; rest of "
            f"life {life}; {100 * inputs.leased_h[place] / hours:.0f} % of hours leased at {inputs.rent[place]:.3f}, "
            f"{100 * inputs.own_h[place] / hours:.0f} % own at {inputs.own_rent[place]:.3f}; "
            f"a used GPU brings {resale}."
        )
    return lines


def _sensitivity(unit: UnitTest) -> str:
    if unit.loss:
        return f"- {unit.unit}: the loss is {unit.loss:,.0f}."
    at = unit.rent_at_zero
    rent = "no fall of rents alone takes it"
    if at is not None:
        rent = f"gone when rents fall to {100 * at:.0f} % of the forecast"
    risks = ", ".join(
        f"{100 * share:.0f} % in {month} months"
        for month, share in zip(AT_RISK_MONTHS, unit.at_risk, strict=False)
    )
    return (
        f"- {unit.unit}: headroom {unit.headroom:,.0f}, {rent}; paths on which used GPUs bring less than "
        f"the book value: {risks}."
    )
