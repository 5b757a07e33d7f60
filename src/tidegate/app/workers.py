"""The one door to parallel work: tasks go to joblib, which runs them here or on a Dask cluster."""

import os
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from joblib import Parallel, cpu_count, delayed, parallel_config
from joblib.externals.loky.process_executor import TerminatedWorkerError

from tidegate.app.backtest import read_demand
from tidegate.app.cellstore import Task, code_digest, content_digest, log_of
from tidegate.demand import JobLog
from tidegate.errors import OptionError, Place, RunError, TidegateError
from tidegate.plan import CellResult, Stage

BACKENDS: Final = ("loky", "threading", "dask")
"""Processes on this machine, threads of this process, and the workers of a Dask cluster."""

_KEPT: Final = 4
"""Logs, and pools made ready, that a worker keeps; cells of one pool come one after the other."""

K = TypeVar("K")
S = TypeVar("S")
T = TypeVar("T")


@dataclass(frozen=True)
class Failed:
    """A cell that could not be played: the code of its error, and what it says."""

    code: str
    message: str


@dataclass(frozen=True)
class Crew:
    """Who plays the cells.

    Attributes
    ----------
    backend : str
        One of :data:`BACKENDS`.
    workers : int or None
        How many on this machine; None for one per core.
    dask_address : str or None
        Scheduler of the Dask cluster; None to start one of processes on this machine.
    """

    backend: str = "loky"
    workers: int | None = None
    dask_address: str | None = None

    def __post_init__(self) -> None:
        """Refuse what makes no sense."""
        if self.backend not in BACKENDS:
            raise OptionError.at(
                "--backend", f"{self.backend!r} is not known.", " or ".join(BACKENDS)
            )
        if self.workers is not None and self.workers < 1:
            raise OptionError.at("--workers", f"{self.workers} is too small.", "1 or more")
        if self.dask_address is not None and self.backend != "dask":
            raise OptionError.at(
                "--dask-address", f"is of no use to {self.backend}.", "--backend dask"
            )


class _Kept:
    """What a worker process has read and made ready, the least recently used going first."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._logs: OrderedDict[tuple[str, str], JobLog] = OrderedDict()
        self._stages: OrderedDict[str, Stage] = OrderedDict()

    def stage(self, task: Task) -> Stage:
        # Locked throughout, so that threads do not read the same log side by side.
        with self._lock:
            return _get(self._stages, task.stage, lambda: self._new_stage(task))

    def _new_stage(self, task: Task) -> Stage:
        key = (task.log_digest, repr((task.case.demand, task.case.pool.gpus_per_node)))
        log = _get(self._logs, key, lambda: _read(task))
        return Stage(task.case, log, task.settings)


def _get(kept: OrderedDict[K, T], key: K, make: Callable[[], T]) -> T:
    if key not in kept:
        kept[key] = make()
    kept.move_to_end(key)
    while len(kept) > _KEPT:
        kept.popitem(last=False)
    return kept[key]


def _read(task: Task) -> JobLog:
    path = log_of(task.case).path
    if content_digest(path) != task.log_digest:
        message = "The log is not the one that the sweep began with."
        raise RunError("TG-RUN-CELL", message, place=Place(str(path)))
    return read_demand(task.case)


_kept: Final = _Kept()


def play(task: Task) -> tuple[Task, CellResult | Failed]:
    """Play a cell in a worker; what goes wrong is told, not raised, so that other cells go on."""
    try:
        if code_digest() != task.code_digest:
            raise RunError("TG-RUN-CELL", "The worker has another version of Tidegate.")
        return task, _kept.stage(task).play(task.cell)
    except TidegateError as error:
        return task, Failed(error.code, str(error))
    except Exception as error:
        said = RunError("TG-RUN-CELL", f"{type(error).__name__}: {error}")
        return task, Failed(said.code, str(said))


def play_all(tasks: Sequence[Task], crew: Crew) -> Iterator[tuple[Task, CellResult | Failed]]:
    """Play tasks side by side; yield each as soon as it is done, in no order.

    Raises
    ------
    RunError
        ``TG-RUN-CELL`` when a worker is killed; ``TG-RUN-CLUSTER`` when the cluster cannot be
        reached or is lost.
    """
    yield from side_by_side(play, tasks, crew)


def side_by_side(function: Callable[[S], T], tasks: Sequence[S], crew: Crew) -> Iterator[T]:
    """Call a function for each task; yield what comes back as soon as it is there, in no order.

    Raises
    ------
    RunError
        As :func:`play_all`.
    """
    if not tasks:
        return
    with ExitStack() as stack:
        if crew.backend == "dask":
            stack.enter_context(_cluster(crew))
            stack.enter_context(parallel_config(backend="dask"))
        else:
            workers = crew.workers or cpu_count()
            stack.enter_context(_threads_of_polars(max(1, cpu_count() // workers)))
            stack.enter_context(parallel_config(backend=crew.backend, n_jobs=workers))
        # One cell at a time, so that a finished one is never held back by its neighbours.
        parallel = Parallel(batch_size=1, return_as="generator_unordered")
        try:
            yield from parallel(delayed(function)(task) for task in tasks)
        except TerminatedWorkerError as error:
            raise RunError(
                "TG-RUN-CELL",
                "A worker process was killed, perhaps for want of memory.",
                expected="fewer --workers; the same command goes on where it was.",
            ) from error


@contextmanager
def _threads_of_polars(count: int) -> Iterator[None]:
    """Have processes that start here read with so many threads each, unless the user has said."""
    name = "POLARS_MAX_THREADS"
    if name in os.environ:
        yield
        return
    os.environ[name] = str(count)
    try:
        yield
    finally:
        del os.environ[name]


@contextmanager
def _cluster(crew: Crew) -> Iterator[None]:
    """Connect to the Dask cluster, or start one on this machine that nobody else can reach."""
    try:
        import distributed  # noqa: PLC0415  an extra
    except ImportError as error:
        raise OptionError.at(
            "--backend", "dask is not here.", "pip install 'tidegate[cluster]'"
        ) from error
    # The library is typed in part.
    start: Any = distributed.LocalCluster
    connect: Any = distributed.Client
    try:
        with ExitStack() as stack:
            where = crew.dask_address or stack.enter_context(
                start(
                    n_workers=crew.workers or cpu_count(),
                    threads_per_worker=1,
                    host="127.0.0.1",
                    dashboard_address=None,
                )
            )
            stack.enter_context(connect(where, set_as_default=True))
            yield
    except (OSError, ValueError, distributed.KilledWorker) as error:
        raise RunError(
            "TG-RUN-CLUSTER",
            f"The Dask cluster cannot be reached, or was lost: {error}",
            place=Place(field=crew.dask_address),
            expected="the address of a scheduler with workers, such as tcp://10.0.0.5:8786.",
        ) from error
