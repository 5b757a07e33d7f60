"""A small real Slurm: slurmctld, slurmdbd with MariaDB, munge and one slurmd for each node, on loopback.

Everything lies in one folder, listens on 127.0.0.1 alone, and is ended by process id. Needs root and the programs that
``tools/get-slurm`` installs. The users of its tests are those that every Debian has (:data:`TENANTS`).
"""

import os
import secrets
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache, partial
from pathlib import Path
from typing import Final

from tests.slurm.conf import Layout, free_ports, gres_conf, listened_on, slurm_conf, slurmdbd_conf

SBIN: Final = "/usr/sbin:/usr/bin:/sbin:/bin"
PROGRAMS: Final = (
    "slurmctld",
    "slurmd",
    "slurmdbd",
    "slurmrestd",
    "sacctmgr",
    "munged",
    "mariadbd",
    "sudo",
    "visudo",
)

MEMORY: Final = Path("/dev/shm")
"""The database and slurmctld's state lie here where they can: they wait for the disk at every step."""
MEMORY_NEEDED: Final = 512 * 1024**2
NO_DISK: Final = ("--innodb-log-file-size=8M", "--innodb-flush-method=nosync", "--debug-no-sync")
"""A database that nobody needs after the test waits for no disk."""

OWNER: Final = "daemon"
"""Runs internal jobs."""
TENANTS: Final = ("games", "news", "uucp", "www-data")
"""Run the jobs of leases."""
STRANGER: Final = "nobody"
"""Has no association with anything."""


GONE: Final = (
    "Unable to contact slurm controller",
    "Zero Bytes were transmitted",
    "Connection refused",
    "Connection reset",
)
"""What commands say when slurmctld ends under them."""


@cache
def find_slurm() -> str | None:
    """Path of slurmctld when a cluster can be started here."""
    if os.getuid() != 0 or any(shutil.which(name, path=SBIN) is None for name in PROGRAMS):
        return None
    # The plugin for tokens is a package of its own on Debian; without it slurmctld would not start.
    if not any(
        found
        for place in ("lib*", "lib/*")
        for found in Path("/usr").glob(f"{place}/slurm*/auth_jwt.so")
    ):
        return None
    return shutil.which("slurmctld", path=SBIN)


WANTS_CGROUPS: Final = (23, 11)
"""From this release on slurmd starts only with cgroups, or where it is told that there are none."""


@cache
def release() -> tuple[int, int]:
    """Year and month of the release that is installed here, such as ``(22, 5)``."""
    told = subprocess.check_output(("slurmctld", "-V"), env={"PATH": SBIN}, text=True)
    year, month, *_ = told.split()[-1].split(".")
    return int(year), int(month)


def wait_until(true: Callable[[], object], what: str, seconds: float = 30) -> None:
    """Ask again every 20 ms until ``true`` is."""
    end = time.monotonic() + seconds
    while not true():
        if time.monotonic() > end:
            raise TimeoutError(f"Not so within {seconds:g} s: {what}")
        time.sleep(0.02)


class Cluster:
    """A cluster that runs; made by :func:`started`.

    Parameters
    ----------
    layout : Layout
        Its nodes and settings.
    folder : Path
        An empty folder that other users may enter.
    memory : Path
        An empty folder for what is written all the time.
    """

    def __init__(self, layout: Layout, folder: Path, memory: Path) -> None:
        self.layout = layout
        self.folder = folder
        self.memory = memory
        nodes = [name for group in layout.groups for name in group.names]
        self.nodes = tuple(nodes)
        self.ports = free_ports(len(nodes))
        self.daemons: dict[str, subprocess.Popen[bytes]] = {}
        self.crashes: list[str] = []
        """How slurmctld ended by itself, each time that it did."""
        self.conf = folder / "slurm.conf"
        self.env = {
            "PATH": f"{SBIN}",
            "HOME": "/",
            "LANG": "C.UTF-8",
            "TZ": "UTC",
            "SLURM_CONF": str(self.conf),
        }

    # --- commands

    def run(
        self, *argv: str, user: str | None = None, seconds: float = 30, check: bool = True
    ) -> subprocess.CompletedProcess[str]:
        """Run a command of Slurm, as root or as another user with no rights but his own."""
        done = subprocess.run(
            argv,
            env=self.env,
            user=user,
            group=None if user is None else "nogroup",
            extra_groups=None if user is None else [],
            cwd="/",
            capture_output=True,
            text=True,
            timeout=seconds,
            check=False,
        )
        if check and done.returncode and self._is_reviving(done.stderr):
            self._wait_slurmctld()
            return self.run(*argv, user=user, seconds=seconds)
        if check and done.returncode:
            raise AssertionError(f"{argv} -> {done.returncode}\n{done.stdout}{done.stderr}")
        return done

    def _is_reviving(self, said: str) -> bool:
        """Whether a command found nobody because slurmctld has crashed, and is being started again."""
        return "slurmctld" in self.daemons and any(words in said for words in GONE)

    def out(self, *argv: str, user: str | None = None) -> str:
        """What a command prints."""
        return self.run(*argv, user=user).stdout.strip()

    def submit(self, *options: str, script: str = "sleep 600", user: str = OWNER) -> str:
        """Submit a batch job and return its id."""
        argv = ["sbatch", "--parsable", "--output=/dev/null", *options]
        return self.out(*argv, f"--wrap={script}", user=user)

    def state(self, job: str) -> str:
        """State of a job, such as ``RUNNING``; empty when Slurm has forgotten it."""
        done = self.run("squeue", "--states=all", "-h", "-o", "%T", "-j", job, check=False)
        return done.stdout.strip()

    def wait_state(self, job: str, *states: str, seconds: float = 30) -> None:
        wait_until(lambda: self.state(job) in states, f"job {job} in {states}", seconds)

    def sql(self, text: str) -> str:
        """What the accounting database answers."""
        done = subprocess.run(
            ("mariadb", f"--defaults-file={self.folder}/client.cnf", "-N", "slurm_acct_db"),
            input=text,
            env=self.env,
            capture_output=True,
            text=True,
            timeout=60,
            check=True,
        )
        return done.stdout.strip()

    # --- daemons

    def spawn(self, name: str, *argv: str) -> None:
        with (self.folder / f"{name}.out").open("ab") as out:
            self.daemons[name] = subprocess.Popen(
                argv,
                env=self.env,
                cwd=self.folder,
                stdout=out,
                stderr=out,
                stdin=subprocess.DEVNULL,
            )

    def kill(self, name: str, number: signal.Signals = signal.SIGKILL) -> None:
        """End a daemon and wait until it is gone."""
        daemon = self.daemons.pop(name)
        daemon.send_signal(number)
        try:
            daemon.wait(20)
        except subprocess.TimeoutExpired:
            daemon.kill()
            daemon.wait()

    def _revive(self, daemon: subprocess.Popen[bytes]) -> None:
        """Start slurmctld again when it crashes, and say so; one that the test has ended stays away."""
        code = daemon.wait()
        if self.daemons.get("slurmctld") is not daemon or not code:
            return
        last = (self.folder / "slurmctld.out").read_text(errors="replace").splitlines()[-1:]
        self.crashes.append(f"exit code {code}: {''.join(last)}")
        print(f"slurmctld crashed and is started again: {self.crashes[-1]}", file=sys.stderr)
        time.sleep(0.1)  # as systemd does
        if self.daemons.get("slurmctld") is daemon:
            self.start_slurmctld(wait=False)

    def start_slurmctld(self, *, wait: bool = True) -> None:
        """Start it, under what an administrator's systemd has for it: ``Restart=on-failure``."""
        self.spawn("slurmctld", "slurmctld", "-D")
        watch = partial(self._revive, self.daemons["slurmctld"])
        threading.Thread(target=watch, name="slurmctld", daemon=True).start()
        if wait:
            self._wait_slurmctld()

    def _wait_slurmctld(self) -> None:
        """Wait until it answers; a command that finds nobody listening tries again after a second of its own."""
        wait_until(lambda: self.ports.slurmctld in listened_on(), "slurmctld listens")
        ask = ("scontrol", "-o", "show", "partition")
        wait_until(lambda: self.run(*ask, check=False).returncode == 0, "slurmctld answers")

    def reconfigure(self) -> None:
        """Have the configuration read again; from 23.11 on all daemons start anew for that."""
        self.run("scontrol", "reconfigure")
        wait_until(self.heard, "slurmctld has heard from its nodes")

    def heard(self) -> bool:
        """Whether slurmctld has heard from every node since it started."""
        told = self.run("scontrol", "-o", "show", "nodes", check=False)
        return told.returncode == 0 and "UNKNOWN" not in told.stdout

    def start_slurmdbd(self, *, wait: bool = True) -> None:
        self.spawn("slurmdbd", "slurmdbd", "-D")
        if wait:
            ask = ("sacctmgr", "-n", "show", "cluster")
            wait_until(lambda: self.run(*ask, check=False).returncode == 0, "slurmdbd answers")

    def start_missing(self) -> None:
        """Start the daemons that a test has ended and not started again."""
        if "slurmdbd" not in self.daemons:
            self.start_slurmdbd()
        if "slurmctld" not in self.daemons:
            self.start_slurmctld()
        for node in self.nodes:
            if f"slurmd:{node}" not in self.daemons:
                self.start_slurmd(node)

    def start_slurmd(self, node: str) -> None:
        self.spawn(f"slurmd:{node}", "slurmd", "-D", "-N", node)

    def start_slurmrestd(self, user: str, *, jwt: bool = False) -> str:
        """Start slurmrestd as a user, and return its address: a port for tokens, else a socket for that user."""
        name = "slurmrestd:jwt" if jwt else "slurmrestd:local"
        folder = self.folder / name.replace(":", "-")
        folder.mkdir(exist_ok=True)
        folder.chmod(0o777)
        (folder / "socket").unlink(missing_ok=True)
        listen = f"127.0.0.1:{self.ports.slurmrestd}" if jwt else f"unix:{folder}/socket"
        with (self.folder / f"{name}.out").open("ab") as out:
            self.daemons[name] = subprocess.Popen(
                ("slurmrestd", "-v", listen),
                env={**self.env, **({"SLURM_JWT": "daemon"} if jwt else {})},
                user=user,
                group="nogroup",
                extra_groups=[],
                cwd="/",
                stdout=out,
                stderr=out,
                stdin=subprocess.DEVNULL,
            )
        if jwt:
            wait_until(lambda: self.ports.slurmrestd in listened_on(), "slurmrestd listens")
            return f"http://{listen}"
        wait_until((folder / "socket").exists, "slurmrestd listens")
        return listen

    def start(self) -> None:
        """Start everything, and wait until every node is idle."""
        self._write_files()
        self._start_munge_and_database()
        self.start_slurmdbd()
        self.run("sacctmgr", "-i", "add", "cluster", "tide")
        self.start_slurmctld(wait=False)
        for node in self.nodes:
            self.start_slurmd(node)
        self._wait_slurmctld()
        self.run("sacctmgr", "-i", "add", "account", "owner", "Cluster=tide")
        self.run("sacctmgr", "-i", "add", "user", OWNER, "Account=owner", "Cluster=tide")
        wait_until(self._up, "all nodes are idle", 30 + len(self.nodes) / 4)

    def _up(self) -> bool:
        """Whether every node is idle; a daemon that has ended is told at once."""
        ended = [name for name, daemon in self.daemons.items() if daemon.poll() is not None]
        if ended:
            raise TimeoutError(f"ended at the start: {', '.join(ended)}")
        return self.all_idle()

    def all_idle(self) -> bool:
        """Whether every node is idle, and free of any flag."""
        lines = self.out("sinfo", "-h", "-N", "-o", "%N %T").splitlines()
        told = dict(line.split() for line in lines)
        return len(told) == len(self.nodes) and set(told.values()) == {"idle"}

    def _write_files(self) -> None:
        folder = self.folder
        folder.chmod(0o755)
        for name in ("munge", "spool", "dev"):
            (folder / name).mkdir()
        for name in ("state", "db"):
            (self.memory / name).mkdir()
            (folder / name).symlink_to(self.memory / name)
        (folder / "munge").chmod(0o755)
        for group in self.layout.groups:
            for number in range(group.gpus):
                device = folder / "dev" / f"{group.chip}{number}"
                os.mknod(device, stat.S_IFCHR | 0o666, os.makedev(1, 3))
        (folder / "extra.conf").write_text(f"# further lines\n{self.layout.extra}")
        self.conf.write_text(slurm_conf(folder, self.layout, self.ports))
        (folder / "gres.conf").write_text(gres_conf(folder, self.layout))
        if release() >= WANTS_CGROUPS:
            (folder / "cgroup.conf").write_text("CgroupPlugin=disabled\n")
        self._password = secrets.token_hex(16)
        dbd = folder / "slurmdbd.conf"
        dbd.touch(0o600)
        dbd.write_text(slurmdbd_conf(folder, self.ports, self._password))
        for key, size in ((folder / "munge" / "key", 128), (folder / "jwt.key", 32)):
            key.touch(0o600)
            key.write_bytes(secrets.token_bytes(size))

    def _start_munge_and_database(self) -> None:
        folder = self.folder
        place = [f"--{name}-file={folder}/munge/{name}" for name in ("key", "pid", "log", "seed")]
        # --force: the folder lies below /tmp, which others may write to.
        self.spawn("munged", "munged", "-F", "--force", f"--socket={folder}/munge/socket", *place)
        data = folder / "db"
        first = ("--auth-root-authentication-method=normal", "--skip-test-db", "--user=root")
        self.run("mariadb-install-db", "--no-defaults", f"--datadir={data}", *first, *NO_DISK)
        init = folder / "init.sql"
        init.touch(0o600)
        # With a database that slurmdbd makes itself, MariaDB's client of 11.8.9 reads no answer on its connection.
        init.write_text(
            "CREATE DATABASE slurm_acct_db;\n"
            f"CREATE USER slurm@'127.0.0.1' IDENTIFIED BY '{self._password}';\n"
            "GRANT ALL ON slurm_acct_db.* TO slurm@'127.0.0.1';\n"
            f"ALTER USER root@localhost IDENTIFIED BY '{self._password}';\n"
        )
        client = folder / "client.cnf"
        client.touch(0o600)
        client.write_text(
            f"[client]\nuser=slurm\npassword={self._password}\nhost=127.0.0.1\nport={self.ports.database}\n"
        )
        self.spawn(
            "mariadbd",
            "mariadbd",
            "--no-defaults",
            f"--datadir={data}",
            "--user=root",
            f"--socket={data}/socket",
            f"--pid-file={data}/pid",
            f"--port={self.ports.database}",
            "--bind-address=127.0.0.1",
            "--skip-name-resolve",
            *NO_DISK,
            "--innodb-flush-log-at-trx-commit=0",
            "--innodb-buffer-pool-size=64M",
            "--innodb-lock-wait-timeout=900",
            "--loose-innodb-snapshot-isolation=OFF",
            f"--init-file={init}",
        )
        wait_until((data / "socket").exists, "the database listens")
        wait_until((folder / "munge" / "socket").exists, "munge listens")

    def stop(self) -> None:
        """End all daemons, and every process of a job that outlives them."""
        order = sorted(self.daemons, key=lambda name: name.startswith("slurmd:"), reverse=True)
        for name in order:
            if name.startswith("slurmd:"):
                self.daemons[name].kill()
        for name in order:
            self.kill(name, signal.SIGKILL)
        for pid in self._left_over():
            os.kill(pid, signal.SIGKILL)

    def _left_over(self) -> Iterator[int]:
        """Processes that this cluster started: slurmstepd and jobs carry its configuration's path."""
        mark = f"SLURM_CONF={self.conf}".encode()
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit() and int(entry.name) != os.getpid():
                try:
                    if mark in (entry / "environ").read_bytes().split(b"\0"):
                        yield int(entry.name)
                except OSError:
                    continue  # it has just ended


STARTS = 2
"""Between the choice of a port and its use another may take it: then a cluster is started anew."""


@contextmanager
def started(layout: Layout | None = None) -> Iterator[Cluster]:
    """A cluster that runs while the block does."""
    roomy = MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > MEMORY_NEEDED
    for start in range(1, STARTS + 1):
        with (
            tempfile.TemporaryDirectory(prefix="tg-slurm-") as name,
            tempfile.TemporaryDirectory(
                prefix="tg-slurm-", dir=MEMORY if roomy else None
            ) as memory,
        ):
            cluster = Cluster(layout or Layout(), Path(name), Path(memory))
            try:
                try:
                    cluster.start()
                except TimeoutError:
                    if start == STARTS:
                        raise
                    continue
                yield cluster
                return
            finally:
                cluster.stop()
