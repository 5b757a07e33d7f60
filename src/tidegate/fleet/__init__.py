"""What we own: chip catalogue, sites, cohorts, pools and tiers."""

from tidegate.fleet.catalogue import Chip, Rent, catalogue, reference_rent
from tidegate.fleet.pool import Cohort, LeasePolicy, OnFailure, Pool, Site
from tidegate.fleet.tier import Tier

__all__ = [
    "Chip",
    "Cohort",
    "LeasePolicy",
    "OnFailure",
    "Pool",
    "Rent",
    "Site",
    "Tier",
    "catalogue",
    "reference_rent",
]
