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
    """What the programme comes to over a period.

    Attributes
    ----------
    programme : Programme
    months : Decimal
        Length of the period.
    gpu_hours : Decimal
        Given.
    full_cost, marginal_cost, rent_forgone : Decimal
        Of these hours: all their costs, what leaving them idle would have saved, and what they would have
        brought at the mean rent of the pool's other leases.
    """

    programme: Programme
    months: Decimal
    gpu_hours: Decimal
    full_cost: Decimal
    marginal_cost: Decimal
    rent_forgone: Decimal

    @property
    def budget(self) -> Decimal:
        """Budget of the period."""
        return self.programme.budget * self.months

    @property
    def over_budget(self) -> Decimal:
        """Full cost above the budget; negative for what is left of it."""
        return self.full_cost - self.budget

    @property
    def worth(self) -> Decimal:
        """Margin of the converted tenants over their whole stay, not discounted."""
        it = self.programme
        return it.converted * it.tenant_margin * it.tenant_months

    @property
    def cost_per_project(self) -> Decimal | None:
        """Full cost of a project; None without projects."""
        projects = self.programme.projects
        return self.full_cost / projects if projects else None
