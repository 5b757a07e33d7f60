"""``tidegate``, run by a test, that kills itself at a named point: the n-th time that a function is entered or left.

The product has no such switch; this process puts itself around its functions before they run.
"""

import importlib
import os
import signal
import sys
from collections.abc import Callable
from typing import Any

POINTS = {
    # A step is about to be written; all of it but the commit has been; it has been committed.
    "step": "tidegate.store.leases:LeaseTables.write",
    "events": "tidegate.store.steps:append_events",
    # An order or a quote is written.
    "order": "tidegate.store.leases:LeaseTables.place",
    "quote": "tidegate.store.leases:LeaseTables.add_quote",
    # A command is about to be carried out; is in the cluster's journal; has been noted as done.
    "command": "tidegate.drivers.embedded.driver:EmbeddedDriver.hand_over",
    "taking": "tidegate.drivers.embedded.driver:EmbeddedDriver.take",
    "journal": "tidegate.drivers.embedded.journal:Journal.add",
    "done": "tidegate.store.leases:LeaseTables.carried_out",
    # Facts are looked at; the leadership is renewed.
    "look": "tidegate.drivers.embedded.driver:EmbeddedDriver.facts",
    "lead": "tidegate.store.leadership:LeadershipTable.lead",
    # Money.
    "meter": "tidegate.control.metering:meter_within",
    "cashier": "tidegate.control.cashier:Cashier.turn",
}


def deadly(function: Callable[..., Any], when: str, nth: int) -> Callable[..., Any]:
    calls = 0

    def wrapper(*given: Any, **more: Any) -> Any:
        nonlocal calls
        calls += 1
        is_it = calls == nth
        if is_it and when == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        result = function(*given, **more)
        if is_it:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    return wrapper


def arm(point: str, when: str, nth: int) -> None:
    module_name, _, path = POINTS[point].partition(":")
    holder: Any = importlib.import_module(module_name)
    *parts, name = path.split(".")
    for part in parts:
        holder = getattr(holder, part)
    setattr(holder, name, deadly(getattr(holder, name), when, nth))


if __name__ == "__main__":
    arm(os.environ["VICTIM_POINT"], os.environ["VICTIM_WHEN"], int(os.environ["VICTIM_NTH"]))
    from tidegate.cli.main import main

    sys.argv = ["tidegate", *sys.argv[1:]]
    main()
