"""Slurm's commands behind scripts on the search path, which can be told to go wrong: to hang, to lie, to be late."""

import shlex
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path

from tests.slurm.cluster import SBIN, Cluster

from tidegate.drivers.slurm.answers import JOB_FORMAT
from tidegate.drivers.slurm.commands import LocalCommands

PROGRAMS = ("scontrol", "squeue", "scancel", "sacctmgr")

NODES = "scontrol -o show node"
RESERVATIONS = "scontrol -o show reservation"
JOBS = "squeue -h -a"
LOOK = (NODES, RESERVATIONS, JOBS)
"""What the driver looks at a cluster with, at all of it and at some nodes."""
CHANGE = ("scontrol update", "scontrol create", "scontrol delete", "scancel", "sacctmgr -i")

SCRIPT = """\
#!/bin/sh
# {name}, as it is; a call whose first words stand in the file `spell` goes wrong as that says.
call="{name} $*"
kept={folder}/kept.$(printf %s "$call" | cksum | tr ' ' -)
if [ -f {folder}/keep ]; then
  {real} "$@" > "$kept" && exec cat "$kept"
  exit 1
fi
if [ -f {folder}/spell ]; then
  read -r how < {folder}/spell
  while read -r words; do
    case "$call" in "$words"*)
      echo "$call" >> {folder}/struck
      case "$how" in
        hangs) exec sleep 600 ;;
        'hangs when done') {real} "$@" > /dev/null 2>&1; exec sleep 600 ;;
        half) told=$({real} "$@") || exit $?
          printf %s "$told" | head -c $((${{#told}} / 2)); exit 0 ;;
        lines) told=$({real} "$@") || exit $?
          printf '%s\\n' "$told" | head -n $(($(printf '%s\\n' "$told" | wc -l) / 2)); exit 0 ;;
        nothing) exit 0 ;;
        garbage) printf '\\377\\376 <html>502 Bad Gateway</html> 7.0\\n'; exit 0 ;;
        earlier) [ -f "$kept" ] && exec cat "$kept" ;;
      esac ;;
    esac
  done < {folder}/spell
fi
exec {real} "$@"
"""


class How(StrEnum):
    """What a call under a spell does."""

    HANGS = "hangs"
    HANGS_WHEN_DONE = "hangs when done"
    """It does what it was told, and does not come back."""
    HALF = "half"
    """It prints the first half of the answer, and ends well."""
    LINES = "lines"
    """It prints the first half of the lines, and ends well."""
    NOTHING = "nothing"
    """It does nothing, prints nothing, and ends well."""
    GARBAGE = "garbage"
    """It does nothing, prints what is no answer, and ends well."""
    EARLIER = "earlier"
    """It prints what it printed when :meth:`Wrapped.keep` was called."""


class Wrapped:
    """Scripts before Slurm's commands.

    Parameters
    ----------
    cluster : Cluster
    folder : Path
        An empty one.
    """

    def __init__(self, cluster: Cluster, folder: Path) -> None:
        self._cluster = cluster
        self._folder = folder
        (folder / "bin").mkdir()
        for name in PROGRAMS:
            path = folder / "bin" / name
            real = shlex.quote(shutil.which(name, path=SBIN) or name)
            path.write_text(SCRIPT.format(name=name, folder=folder, real=real))
            path.chmod(0o755)

    def commands(self, seconds: float) -> LocalCommands:
        """Commands that go through the scripts, with such a deadline."""
        path = f"{self._folder}/bin:{SBIN}"
        conf = str(self._cluster.conf)
        return LocalCommands(conf, read_s=seconds, write_s=seconds, environment={"PATH": path})

    def keep(self) -> None:
        """Keep what a look at the cluster prints now."""
        (self._folder / "keep").touch()
        commands = self.commands(30)
        commands.run("scontrol", "-o", "show", "nodes")
        commands.run("scontrol", "-o", "show", "reservation")
        commands.run("squeue", "-h", "-a", "-O", JOB_FORMAT)
        (self._folder / "keep").unlink()

    @contextmanager
    def spell(self, how: How, *words: str) -> Iterator[None]:
        """Let calls that begin with these words go wrong."""
        new = self._folder / "spell.new"
        new.write_text("\n".join((how, *words)) + "\n")
        new.rename(self._folder / "spell")
        try:
            yield
        finally:
            (self._folder / "spell").unlink()

    @property
    def struck(self) -> list[str]:
        """The calls that have gone wrong."""
        path = self._folder / "struck"
        return path.read_text().splitlines() if path.exists() else []
