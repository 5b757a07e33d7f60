"""The few commands that a Slurm operator may not give and the driver gives, as lines for sudoers.

They are regular expressions (sudo 1.9.10 or later), each for a whole command: nodes of the pools that are leased,
drained for a reason of ours, undrained or set idle, and one limit of our own QOS. No other key of scontrol fits into
them.
"""

import re
from typing import Final

from tidegate.drivers.slurm.hands import OURS
from tidegate.drivers.slurm.site import PREFIX, SlurmSite
from tidegate.drivers.slurm.tag import KEYS

SCONTROL: Final = "/usr/bin/scontrol"
SACCTMGR: Final = "/usr/bin/sacctmgr"


def sudoers(site: SlurmSite, user: str, slurm_user: str = "slurm", env: str | None = None) -> str:
    """Return the file for ``/etc/sudoers.d`` that goes with ``raise_with = ["sudo", "-n", "-u", SLURM_USER]``.

    Parameters
    ----------
    site : SlurmSite
    user : str
        Whom Tidegate runs as: an operator of Slurm.
    slurm_user : str
        SlurmUser of slurm.conf, or another administrator of Slurm.
    env : str or None
        A file that sets ``SLURM_CONF``, where slurm.conf is not in Slurm's own place: sudo passes no variable on.
    """
    names = {
        re.sub(r"[0-9]+$", "", node)
        for pool in site.pools
        if pool.tier.may_lease
        for node in pool.nodes
    }
    prefixes = "|".join(sorted(name.replace(".", "[.]") for name in names))
    node = f"({prefixes})([0-9]*|[[][0-9,-]+[]])"
    # A comment of the site's own may hold anything but what could begin another key of scontrol's.
    comment = f"([^=]|{'|'.join(f'{key}=' for key in KEYS)})*"
    state = f"( State=UNDRAIN| State=IDLE| State=DRAIN Reason={OURS} [^=]*)?"
    update = f"^update NodeName={node}(,{node})* Comment={comment}{state}$"
    quota = f"^-i modify qos {PREFIX}[a-z0-9._-]+ set GrpTRES=node=[0-9]+$"
    lines = [
        "# Tidegate on Slurm: a file of /etc/sudoers.d, mode 0440, after `visudo -cf FILE`.",
        "Cmnd_Alias TIDEGATE = \\",
        f"  {SCONTROL} {_escaped(update)}, \\",
        f"  {SACCTMGR} {_escaped(quota)}",
        *([f"Defaults:{user} env_file={env}"] if env else []),
        f"{user} ALL=({slurm_user}) NOPASSWD: TIDEGATE",
    ]
    return "\n".join(lines) + "\n"


def _escaped(expression: str) -> str:
    """Write an expression as sudoers wants it: these characters would end a word there."""
    return re.sub("([,:=])", r"\\\1", expression)
