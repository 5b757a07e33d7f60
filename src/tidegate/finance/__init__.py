"""Does rent cover the fleet, and when does a chip move down.

Ledger, depreciation, cost of an hour, coverage, impairment, cycle stress, and what to do with each cohort.
"""
