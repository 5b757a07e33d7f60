"""``tidegate finance stress``, ``tiers``, ``impairment`` and ``pack``: what takes plays of the future."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tidegate.cli.finance.options import Outlet, desk_from, futures_from, outlet_from
from tidegate.cli.made import with_made
from tidegate.errors import OptionError

if TYPE_CHECKING:
    from tidegate.app.financedesk import Desk
    from tidegate.app.futures import Futures
    from tidegate.finance.thresholds import Standard


@with_made(futures=futures_from, desk=desk_from, outlet=outlet_from)
def stress(*, desk: "Desk", futures: "Futures", outlet: Outlet) -> None:
    """Play the cycle: rents, resale, occupancy and power on many paths, and what would break coverage.

    Example: `tidegate finance stress examples/three-tiers.toml --from out`
    """
    from tidegate.app.finance import stressed  # noqa: PLC0415

    names = ("fans", "trial", "tornado", "reverse", "bad_years", "worth", "smoothing")
    outlet.deliver(stressed(desk, futures), names)


@with_made(futures=futures_from, desk=desk_from, outlet=outlet_from)
def best_actions(*, desk: "Desk", futures: "Futures", outlet: Outlet) -> None:
    """Say what is best for each cohort: keep, lease, sell or scrap; and compare whole policies.

    Example: `tidegate finance tiers examples/three-tiers.toml --from out`
    """
    from tidegate.app.finance import tiers_of  # noqa: PLC0415
    from tidegate.finance.report.tiers import tiers_report  # noqa: PLC0415

    outlet.deliver(
        tiers_report(tiers_of(desk, futures)), ("choices", "policies", "policy_tiers", "sales")
    )


def standard_from(
    *,
    standard: Annotated[
        str | None, typer.Option(help="ias36 or asc360; without it the one that the books name.")
    ] = None,
) -> "Standard | None":
    """Return the accounting standard that an option names; None for None.

    Raises
    ------
    OptionError
        ``TG-OPTION`` when it is not known.
    """
    from tidegate.finance.thresholds import Standard  # noqa: PLC0415

    if standard is not None and standard not in set(Standard):
        raise OptionError.at(
            "--standard", f"{standard!r} is not known.", f"one of {', '.join(Standard)}."
        )
    return Standard(standard) if standard else None


@with_made(standard=standard_from, futures=futures_from, desk=desk_from, outlet=outlet_from)
def impairment(
    *,
    desk: "Desk",
    futures: "Futures",
    standard: "Standard | None",
    memo: Annotated[
        Path | None, typer.Option(help="Write the auditor's memo to this file.")
    ] = None,
    outlet: Outlet,
) -> None:
    """Test for impairment: indicators, recoverable amounts, headroom; and flag lease or service.

    Example: `tidegate finance impairment examples/three-tiers.toml --standard asc360 --memo memo.md`
    """
    from tidegate.app.finance import flags_of, impairment_of  # noqa: PLC0415
    from tidegate.app.financefiles import write_text  # noqa: PLC0415
    from tidegate.finance.memo import memo as memo_of  # noqa: PLC0415
    from tidegate.finance.report.impairment import impairment_report  # noqa: PLC0415

    test = impairment_of(desk, futures, standard)
    written = [] if memo is None else [write_text(memo_of(test), memo)]
    names = ("units", "allocation", "indicators", "flags")
    outlet.deliver(impairment_report(test, flags_of(desk.scenario)), names, beside=written)


@with_made(futures=futures_from, desk=desk_from)
def pack(
    *,
    desk: "Desk",
    futures: "Futures",
    out: Annotated[Path, typer.Option(help="The PDF.")] = Path("board-pack.pdf"),
) -> None:
    """Write the board pack: statement, coverage, cycle, impairment and tiers on ten pages with charts (PDF).

    Example: `tidegate finance pack examples/three-tiers.toml --from out --out board-pack.pdf`
    """
    from tidegate.app.finance import findings_of  # noqa: PLC0415
    from tidegate.app.financefiles import write_bytes  # noqa: PLC0415
    from tidegate.cli.screen import out as screen  # noqa: PLC0415
    from tidegate.web.boardpack import board_pack  # noqa: PLC0415

    made = board_pack(findings_of(desk, futures))
    screen.print(f"board pack: {write_bytes(made, out)}", soft_wrap=True)
