"""The developer programme: grants as budgeted cost, and what they bring."""

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True)
class Programme:
    """Grants of GPU-hours to projects, as the owner budgets them.

    Attributes
    ----------
    budget : Decimal
        What may be given a month, at full cost.
    projects : int
        Projects served.
    converted : int
        Of them, those that became paying tenants.
    tenant_margin : Decimal
        What a paying tenant leaves a month, after its costs.
    tenant_months : Decimal
        How long a paying tenant stays.
    """

    budget: Decimal
    projects: int
    converted: int
    tenant_margin: Decimal
    tenant_months: Decimal

    @property
    def conversion(self) -> Decimal:
        """Share of the projects that became paying tenants; 0 without projects."""
        return Decimal(self.converted) / self.projects if self.projects else Decimal(0)


@dataclass(frozen=True)
class ProgrammeResult:
    """What a month of the programme comes to.

    Attributes
    ----------
    programme : Programme
    gpu_hours : Decimal
        Given.
    full_cost, marginal_cost, rent_forgone : Decimal
        Of these hours: all their costs, what leaving them idle would have saved, what they would have
        brought at the grant pools' other prices.
    worth : Decimal
        Margin of the converted tenants over their stay, not discounted, spread over that stay's months.
    """

    programme: Programme
    gpu_hours: Decimal
    full_cost: Decimal
    marginal_cost: Decimal
    rent_forgone: Decimal
    worth: Decimal

    @property
    def over_budget(self) -> Decimal:
        """Full cost above the budget; 0 or more."""
        return max(Decimal(0), self.full_cost - self.programme.budget)


def programme_result(
    programme: Programme,
    *,
    gpu_hours: Decimal,
    full_cost: Decimal,
    marginal_cost: Decimal,
    rent_forgone: Decimal,
) -> ProgrammeResult:
    """Return what a month of grants comes to; see :class:`ProgrammeResult`."""
    worth = programme.converted * programme.tenant_margin
    return ProgrammeResult(programme, gpu_hours, full_cost, marginal_cost, rent_forgone, worth)
