"""The logs that are replayed: the bundled real one, any other, and large ones drawn from it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

I64 = NDArray[np.int64]

ROOT: Final = Path(__file__).resolve().parent.parent
BUNDLED: Final = ROOT / "examples" / "traces" / "itp_jobs.parquet"
GPUS_PER_NODE: Final = 8
LOAD: Final = 0.70
"""Share of the GPUs that a drawn log keeps busy."""


@dataclass(frozen=True)
class Log:
    """Jobs in order of submission; int64 arrays, shape (jobs,), times in seconds from the first submission."""

    submit_s: I64
    duration_s: I64
    gpus: I64

    def __len__(self) -> int:
        """Return the number of jobs."""
        return self.submit_s.size

    @property
    def mb(self) -> float:
        """Memory of the arrays in megabytes."""
        return (self.submit_s.nbytes + self.duration_s.nbytes + self.gpus.nbytes) / 1e6

    def first(self, jobs: int) -> "Log":
        """Return the first jobs."""
        return Log(self.submit_s[:jobs], self.duration_s[:jobs], self.gpus[:jobs])

    def fitting(self, gpus: int) -> "Log":
        """Return the jobs that need no more than the pool has."""
        fits = self.gpus <= gpus
        return Log(self.submit_s[fits], self.duration_s[fits], self.gpus[fits])

    def save(self, path: Path) -> None:
        """Write the arrays where a child process finds them."""
        np.savez(path, submit_s=self.submit_s, duration_s=self.duration_s, gpus=self.gpus)


def load(path: Path) -> Log:
    """Read what `Log.save` wrote."""
    with np.load(path) as arrays:
        return Log(arrays["submit_s"], arrays["duration_s"], arrays["gpus"])


def read(path: Path = BUNDLED, file_format: str = "auto") -> Log:
    """Read a log of any format that Tidegate reads, all its clusters merged."""
    # Only here, so that a peer's process does not hold what reads Parquet.
    from tidegate.feeds import read_jobs  # noqa: PLC0415
    from tidegate.plan import LogSource  # noqa: PLC0415

    frame = read_jobs(LogSource(path=path, format=file_format)).frame
    submit = frame["submit_s"].to_numpy()
    return Log(
        submit - submit[0],
        frame["duration_s"].to_numpy().astype(np.int64),
        frame["gpus"].to_numpy().astype(np.int64),
    )


def resampled(real: Log, *, jobs: int, nodes: int, seed: int) -> Log:
    """Draw a log of any length: gaps from the real ones, stretched to hold the load, and whole jobs.

    A job's duration and size are drawn together, as they belong together; gaps are drawn apart from them.
    """
    random = np.random.default_rng(seed)
    held = np.where(
        real.gpus < GPUS_PER_NODE, real.gpus, -(-real.gpus // GPUS_PER_NODE) * GPUS_PER_NODE
    )
    mean_gap_s = float(np.mean(held * real.duration_s)) / (LOAD * nodes * GPUS_PER_NODE)
    gaps = np.diff(real.submit_s).astype(np.float64)
    gaps *= mean_gap_s / gaps.mean()
    times = gaps[random.integers(gaps.size, size=jobs, dtype=np.int32)]
    np.cumsum(times, out=times)
    rows = random.integers(len(real), size=jobs, dtype=np.int32)
    return Log(times.astype(np.int64), real.duration_s[rows], real.gpus[rows])


def write_swf(log: Log, path: Path) -> None:
    """Write a log in the Standard Workload Format; times are moved by one, as 0 is no time to every reader."""
    with path.open("w") as file:
        rows = zip(log.submit_s.tolist(), log.duration_s.tolist(), log.gpus.tolist(), strict=True)
        for number, (submit, duration, gpus) in enumerate(rows, start=1):
            file.write(
                f"{number} {submit + 1} -1 {duration} {gpus} -1 -1 {gpus} {duration} -1 1 "
                "1 1 1 1 1 -1 -1\n"
            )
