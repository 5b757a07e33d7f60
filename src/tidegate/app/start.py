"""Starting the running system from settings and options."""

import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

import tidegate
from tidegate.app.demo import FACTOR, Demo, start_of_demo
from tidegate.app.live import Live, Plan, pools_told
from tidegate.app.logs import set_up_logs
from tidegate.app.serve import listening, serve
from tidegate.app.slurmfile import read_slurm_file
from tidegate.errors import OptionError
from tidegate.feeds.fleetfile import read_fleet
from tidegate.settings import Settings, read_settings

EXAMPLE: Final = Path(tidegate.__file__).parents[2] / "examples" / "three-tiers.toml"
"""The fleet of the demonstration, in a clone of the project."""

BILLING: Final = EXAMPLE.with_name("billing.toml")
"""Who bills in the demonstration."""


def _fleet_file(settings: Settings, *, demo: bool) -> Path:
    if settings.fleet is not None:
        return settings.fleet
    if demo and EXAMPLE.exists():
        return EXAMPLE
    raise OptionError.at(
        "--fleet",
        "no fleet file is named.",
        "--fleet FILE, or TIDEGATE_FLEET; examples/three-tiers.toml is one.",
    )


def run_live(*, demo: bool, say: Callable[[str], None], **options: Any) -> None:
    """Run the control plane until it is told to end.

    Parameters
    ----------
    demo : bool
        Whether to run the example fleet faster, with tenants.
    say : callable
        Prints a line.
    options
        What goes before the settings of the environment; None for what was not given.

    Raises
    ------
    TidegateError
        When it cannot start: a setting, the fleet file, the folder, the database, the port.
    """
    with ExitStack() as stack:
        if demo and options.get("data_dir") is None:
            folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="tidegate-demo-"))
            options["data_dir"] = Path(folder)
        settings = read_settings(**options)
        set_up_logs(settings.log_level, settings.log_format)
        slurm = None if settings.slurm is None or demo else read_slurm_file(settings.slurm)
        scenario = slurm.fleet if slurm else read_fleet(_fleet_file(settings, demo=demo))
        if demo and settings.billing is None and BILLING.exists():
            settings = settings.model_copy(update={"billing": BILLING})
        sock = stack.enter_context(listening(settings.host, settings.port))
        start_s, factor = (start_of_demo(), FACTOR) if demo else (int(time.time()), 1.0)
        live = Live(settings, Plan(scenario, start_s, factor, slurm))
        tenants = Demo(live) if demo else None
        if tenants is not None:
            tenants.prepare()

        def started(address: str) -> None:
            say(f"Tidegate listens on {address}")
            say(f"Pools: {pools_told(live.pools)}")
            say(f"Data:  {settings.database}")
            if tenants is not None:
                say(f"Demonstration at {FACTOR:g} times real time. Keys:")
                for name, key in tenants.keys.items():
                    say(f"  {name}: {key}")
                tenants.start(address)

        try:
            serve(live, sock, started, tenants.people if tenants is not None else ())
        finally:
            if tenants is not None:
                tenants.stop()
