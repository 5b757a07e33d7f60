"""Options that several commands share are made into one value, in the order in which they are checked."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import pytest
import typer
from typer.testing import CliRunner

from tidegate.cli.made import with_made

if TYPE_CHECKING:
    Pair = tuple[int, int]  # like what commands are given, known to the type checker alone

calls: list[str] = []


def pair_from(
    first: Annotated[int, typer.Argument(help="First.")], *, second: int = 2
) -> tuple[int, int]:
    """Return a pair."""
    calls.append("pair")
    return first, second


def word_from(*, word: Annotated[str, typer.Option("--say", help="Word.")] = "one") -> str:
    """Return a word."""
    calls.append("word")
    return word


def command(*, pair: "Pair", word: str, out: Annotated[Path | None, typer.Option()] = None) -> None:
    """Do it."""
    calls.append(f"{pair} {word} {out}")


@pytest.fixture
def app() -> typer.Typer:
    calls.clear()
    made = typer.Typer()
    made.command()(with_made(word=word_from, pair=pair_from)(command))
    return made


def test_makers_get_their_options_and_the_command_what_they_make(app: typer.Typer):
    done = CliRunner().invoke(app, ["7", "--second", "8", "--say", "two", "--out", "here"])
    assert done.exit_code == 0, done.output
    assert calls == ["word", "pair", "(7, 8) two here"]


def test_defaults_and_help_are_those_of_the_makers(app: typer.Typer):
    assert CliRunner().invoke(app, ["7"]).exit_code == 0
    assert calls[-1] == "(7, 2) one None"
    told = CliRunner().invoke(app, ["--help"]).output
    assert "--say" in told
    assert "Do it." in told
    assert CliRunner().invoke(app, []).exit_code == 2
