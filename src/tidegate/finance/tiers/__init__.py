"""When a chip moves down: keep, lease, sell or scrap each cohort, the rules of tiers, and orderly retirement."""

from tidegate.finance.tiers.choice import Action, Choice, choose
from tidegate.finance.tiers.plan import TierPlan, tier_plan
from tidegate.finance.tiers.rules import Proposal, propose

__all__ = ["Action", "Choice", "Proposal", "TierPlan", "choose", "propose", "tier_plan"]
