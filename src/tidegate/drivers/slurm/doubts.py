"""A look that leaves out what was there, or shows what was before: nothing is concluded from it."""

from collections.abc import Iterable
from typing import Final

from tidegate.drivers.slurm.answers import read_config
from tidegate.drivers.slurm.commands import Commands
from tidegate.drivers.slurm.site import Drift, SlurmSite, reservation_of
from tidegate.drivers.slurm.tag import Phase
from tidegate.drivers.slurm.view import View
from tidegate.errors import SlurmError

BELIEVED_S: Final = 60
"""What goes on contradicting our own memory for so long is believed."""


class Doubts:
    """Holds looks at a cluster against each other, and against what the driver has done.

    Parameters
    ----------
    site : SlurmSite
    commands : Commands
    """

    def __init__(self, site: SlurmSite, commands: Commands) -> None:
        self._site = site
        self._commands = commands
        self._gone: set[str] = set()
        self._behind_s: dict[str, int] = {}
        self._boot = ""

    def check(self, view: View) -> None:
        """Ask by name for the nodes and reservations that a view leaves out.

        Raises
        ------
        SlurmError
            ``TG-SLURM-GARBAGE`` when they are there after all.
        """
        self._boot = self._boot or self._booted()
        self._ask("node", [name for name in self._site.pool_of_node if name not in view.nodes])
        self._check_reservations(view)

    def check_some(self, view: View, nodes: Iterable[str]) -> None:
        """Do the same for a view of some nodes, none of which Slurm has said not to know.

        Raises
        ------
        SlurmError
            ``TG-SLURM-GARBAGE``.
        """
        if left_out := [node for node in nodes if node not in view.nodes]:
            raise _left_out(f"node {left_out[0]}")
        self._check_reservations(view)

    def _check_reservations(self, view: View) -> None:
        leased = {tag.lease_id for tag in view.tags.values() if tag.phase is Phase.LEASED}
        names = sorted(reservation_of(lease_id) for lease_id in leased)
        self._ask("reservation", [name for name in names if name not in view.reservations])

    def _ask(self, what: str, names: Iterable[str]) -> None:
        missing = [f"{what} {name}" for name in names]
        self._gone -= {each for each in self._gone if each.startswith(what)} - set(missing)
        for each in missing:
            if each not in self._gone:
                if self._is_there(*each.split()):
                    raise _left_out(each)
                self._gone.add(each)

    def _is_there(self, what: str, name: str) -> bool:
        try:
            self._commands.run("scontrol", "-o", "show", what, name)
        except SlurmError as error:
            if error.code != "TG-SLURM-FAILED" or "not found" not in error.message:
                raise
            return False
        return True

    def settle(self, behind: Iterable[str], now_s: int) -> list[str]:
        """Return the nodes that a look shows as they were, and that are to be believed all the same.

        They are when slurmctld was started anew, and may have lost what it had not saved; and after a while.

        Parameters
        ----------
        behind : iterable of str
            Nodes whose tags are older than what we know, though we have written them again.
        now_s : int

        Raises
        ------
        SlurmError
            ``TG-SLURM-GARBAGE`` while they are not to be believed.
        """
        if self._site.drift is Drift.RESPECT:
            return []
        self._behind_s = {node: self._behind_s.get(node, now_s) for node in behind}
        new = [node for node, at_s in self._behind_s.items() if now_s - at_s < BELIEVED_S]
        if new:
            boot = self._booted()
            if boot == self._boot:
                raise SlurmError(
                    "TG-SLURM-GARBAGE",
                    f"Slurm shows {', '.join(new[:5])} as it was, not as it has been changed since.",
                )
            self._boot = boot
        return list(self._behind_s)

    def _booted(self) -> str:
        """Return when slurmctld was started, as it tells it."""
        return read_config(self._commands).get("BOOT_TIME", "")


def _left_out(what: str) -> SlurmError:
    return SlurmError("TG-SLURM-GARBAGE", f"scontrol left {what} out of its answer.")
