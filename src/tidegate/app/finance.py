"""What the finance commands do: from a desk to statements, stress, impairment, tiers and the board pack."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from tidegate.app.financedesk import Desk
from tidegate.app.futures import Futures, on_model, played
from tidegate.feeds.journal import change_journal
from tidegate.feeds.renthistory import read_rent_history
from tidegate.finance.impairment import ImpairmentTest, impairment_test
from tidegate.finance.ledger import Ledger
from tidegate.finance.month import Month
from tidegate.finance.paths import default_model
from tidegate.finance.paths.calibrate import Trial, calibrate, out_of_sample
from tidegate.finance.report import Report
from tidegate.finance.report.stress import stress_report
from tidegate.finance.revenue import LeaseFlags, lease_flags
from tidegate.finance.statement import Statement, statement
from tidegate.finance.thresholds import Standard
from tidegate.finance.tiers import TierPlan, tier_plan
from tidegate.plan import Scenario
from tidegate.web.boardpack import Findings


def stressed(desk: Desk, futures: Futures) -> Report:
    """Return the stress of a fleet as a report.

    Parameters
    ----------
    desk : Desk
    futures : Futures

    Raises
    ------
    InputError
        When the history or the scenario cannot be used, or no cohort has a market rent.
    """
    measured = desk.coverage()
    if futures.market is not None:
        return stress_report(measured, played(measured, futures))
    model = default_model()
    trials: tuple[Trial, ...] = ()
    if futures.history is not None:
        past = read_rent_history(futures.history)
        model, trials = calibrate(past), out_of_sample(past)
    return stress_report(measured, on_model(measured, futures.settings, model), model, trials)


def statement_of(desk: Desk, journal: Path | None = None) -> Statement:
    """Return the statement of what was measured, and post it to a journal if one is named.

    Parameters
    ----------
    desk : Desk
    journal : Path or None
        Entries that are new are added to it, and corrections of those that have changed.

    Raises
    ------
    InputError
        When the journal cannot be read, or something new falls into a closed period.
    RunError
        When the journal cannot be written.
    """
    measured = desk.coverage()
    used = tuple(desk.usage.usage())
    kinds = {o.product.id: o.product.kind for c in desk.scenario.cases for o in c.offers}
    if journal is None:
        return statement(measured, used, kinds)
    ledger = change_journal(journal, lambda kept: statement(measured, used, kinds, kept).ledger)
    return statement(measured, used, kinds, ledger)


def impairment_of(
    desk: Desk,
    futures: Futures,
    standard: Standard | None = None,
) -> ImpairmentTest:
    """Return the impairment test of a fleet.

    Parameters
    ----------
    desk : Desk
    futures : Futures
    standard : Standard or None
        Instead of the one that the books name.

    Raises
    ------
    InputError
        When the history or the scenario cannot be used, or no cohort has a market rent.
    """
    measured = desk.coverage()
    rules = desk.books.impairment_rules
    chosen = rules if standard is None else replace(rules, standard=standard)
    return impairment_test(measured, played(measured, futures), chosen)


def flags_of(scenario: Scenario) -> tuple[LeaseFlags, ...]:
    """Return what each product of a fleet looks like to an auditor."""
    products = {o.product.id: o.product for case in scenario.cases for o in case.offers}
    return tuple(lease_flags(product) for product in products.values())


def tiers_of(desk: Desk, futures: Futures) -> TierPlan:
    """Return the tier plan of a fleet.

    Parameters
    ----------
    desk : Desk
    futures : Futures

    Raises
    ------
    InputError
        When the history or the scenario cannot be used, or no cohort has a market rent.
    """
    measured = desk.coverage()
    found = played(measured, futures)
    kept = desk.books
    return tier_plan(measured, found, desk.usage.usage(), kept.tier_rules, kept.sale_market)


def act_on_period(journal: Path, act: str, month: Month, *, by: str, reason: str) -> Ledger:
    """Close or reopen a month in a journal.

    Parameters
    ----------
    journal : Path
    act : str
        ``close`` or ``reopen``.
    month : Month
    by, reason : str
        Who does it, and why.

    Raises
    ------
    FinanceError
        ``TG-FIN-PERIOD`` when it cannot be done, ``TG-FIN-JOURNAL`` when the journal cannot be read.
    """
    now = datetime.now(UTC)

    def change(kept: Ledger) -> Ledger:
        do = kept.close if act == "close" else kept.reopen
        return do(month, by=by, at=now, reason=reason)

    return change_journal(journal, change)


def findings_of(desk: Desk, futures: Futures) -> Findings:
    """Return all that a board pack tells.

    Parameters
    ----------
    desk : Desk
    futures : Futures

    Raises
    ------
    InputError
        When the history or the scenario cannot be used, or no cohort has a market rent.
    """
    measured, kept = desk.coverage(), desk.books
    found = played(measured, futures)
    used = desk.usage.usage()
    return Findings(
        measured=measured,
        stated=statement_of(desk),
        stressed=found,
        tested=impairment_test(measured, found, kept.impairment_rules),
        planned=tier_plan(measured, found, used, kept.tier_rules, kept.sale_market),
        flags=flags_of(desk.scenario),
    )
