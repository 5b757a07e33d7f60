"""What README and guide say that a command prints is what it prints.

A page may show some of the lines, and the beginning of a line; what it shows comes in that order.
"""

import re
import shlex
import subprocess
import sys
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pytest

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
GUIDE = ROOT / "docs" / "guide"

LONG = "tidegate finance stress"
COMMAND = "from tidegate.cli import main; main()"
TAKES_SECONDS = re.compile(r"^\d+\.\d s, ")
"""How long a run took is another figure each time."""


class Shown(NamedTuple):
    """A command, those before it that make the folder it reads, and the lines that the page shows of what it prints."""

    before: tuple[str, ...]
    command: str
    lines: tuple[str, ...]


def blocks(page: Path, kind: str) -> list[str]:
    return re.findall(rf"```{kind}\n(.*?)```", page.read_text("utf-8"), re.DOTALL)


def shown_on(page: Path) -> Iterator[Shown]:
    """The commands of a page whose output it shows."""
    made: list[str] = []
    for block in blocks(page, "console"):
        command, lines = "", []
        for line in [*block.replace("\\\n", "").splitlines(), "$ "]:
            if not line.startswith("$ "):
                lines += [line] if line.strip() else []
                continue
            if lines:
                yield Shown(tuple(made), command, tuple(lines))
            command, lines = line[2:], []
            made += [command] if command.endswith("--out out") else []


def all_shown() -> Iterator[Shown]:
    """Everything that is held to its command."""
    for page in sorted(GUIDE.glob("*.md")):
        yield from shown_on(page)
    # `make run` prints this after it has installed what it needs.
    lines = blocks(README, "text")[0].splitlines()
    yield Shown((), "tidegate backtest examples/three-tiers.toml", tuple(lines))


def cases() -> Iterator[Any]:
    for shown in all_shown():
        is_long = shown.command.startswith(LONG)
        yield pytest.param(shown, id=shown.command, marks=pytest.mark.slow if is_long else ())


@cache
def printed(folder: Path, command: str) -> str:
    """What a command prints, into a pipe; it is run once in a folder."""
    program, *words = shlex.split(command)
    assert program == "tidegate"
    done = subprocess.run(
        [sys.executable, "-c", COMMAND, *words], cwd=folder, capture_output=True, text=True,
        timeout=300, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the commands are run: a clone, as far as they look into it."""
    folder = tmp_path_factory.mktemp("clone")
    (folder / "examples").symlink_to(ROOT / "examples")
    return folder


def missing(lines: Iterable[str], output: str) -> list[str]:
    """The lines of a page that are not what was printed."""
    left = [" ".join(line.split()) for line in output.splitlines()]
    wrong = []
    for line in lines:
        wanted = " ".join(line.split())
        if TAKES_SECONDS.match(wanted) or not wanted:
            continue
        at = next((i for i, each in enumerate(left) if each.startswith(wanted)), None)
        if at is None:
            wrong.append(line)
        else:
            left = left[at + 1 :]
    return wrong


@pytest.mark.parametrize("shown", list(cases()))
def test_a_page_shows_what_the_command_prints(folder: Path, shown: Shown):
    for command in shown.before:
        printed(folder, command)
    output = printed(folder, shown.command)
    wrong = missing(shown.lines, output)
    assert not wrong, f"{shown.command} does not print\n{wrong[0]}\nbut\n{output}"
