"""Running the site's wipe of nodes, side by side, each with a deadline."""

import os
import signal
import subprocess
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass

from tidegate.drivers.slurm.site import WipeHook


@dataclass(frozen=True)
class Wiped:
    """How a wipe ended.

    Attributes
    ----------
    node : str
    since_s : int
        Of the tag that it was begun for: for a later one it says nothing.
    problem : str
        Empty when it went well.
    """

    node: str
    since_s: int
    problem: str = ""


class Wipes:
    """Wipes that run, and those that have ended and not been asked for yet.

    Parameters
    ----------
    hook : WipeHook
    ended_one : callable
        Called when a wipe has ended, in a thread of its own.
    """

    def __init__(self, hook: WipeHook, ended_one: Callable[[], None] = lambda: None) -> None:
        self._hook = hook
        self._ended_one = ended_one
        self._pool = ThreadPoolExecutor(hook.at_once, thread_name_prefix="wipe")
        self._runs: dict[str, Future[Wiped]] = {}
        self._processes: set[subprocess.Popen[bytes]] = set()
        self._closed = False

    def start(self, since_s: Mapping[str, int]) -> None:
        """Begin with those nodes that are not being wiped already, each with the time of its tag."""
        for node, tagged_s in since_s.items():
            if node not in self._runs and not self._closed:
                run = self._runs[node] = self._pool.submit(self._wipe, node, tagged_s)
                run.add_done_callback(lambda _: self._ended_one())

    def ended(self) -> tuple[Wiped, ...]:
        """Return those that have ended, each once."""
        over = [node for node, run in self._runs.items() if run.done()]
        return tuple(self._runs.pop(node).result() for node in over)

    def close(self) -> None:
        """End what runs, which the next driver begins anew, and begin nothing more."""
        self._closed = True
        for process in tuple(self._processes):
            _end_group(process)
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _wipe(self, node: str, since_s: int) -> Wiped:
        try:
            process = subprocess.Popen(
                (*self._hook.argv, node),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                start_new_session=True,
            )
        except OSError as error:
            return Wiped(node, since_s, f"{self._hook.argv[0]} cannot be run: {error.strerror}")
        self._processes.add(process)
        if self._closed:
            _end_group(process)
        try:
            _, said = process.communicate(timeout=self._hook.timeout_s)
        except subprocess.TimeoutExpired:
            _end_group(process)
            process.communicate()
            return Wiped(node, since_s, f"not done after {self._hook.timeout_s:g} s")
        finally:
            self._processes.discard(process)
        if process.returncode:
            lines = said.decode("utf-8", "replace").strip().splitlines()
            last = f": {lines[-1][:120]}" if lines else ""
            return Wiped(node, since_s, f"exit code {process.returncode}{last}")
        return Wiped(node, since_s)


def _end_group(process: subprocess.Popen[bytes]) -> None:
    """End a wipe with whatever it has started."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
