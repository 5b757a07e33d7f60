"""The documentation names what the code has, and its links lead somewhere."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token
from typer.main import get_command

from tidegate.errors import CODES

ROOT = Path(__file__).parents[1]
REFERENCE = ROOT / "docs" / "reference"
PAGES = sorted(
    [
        *ROOT.glob("*.md"),
        *(p for folder in ("docs", "examples", "bench") for p in (ROOT / folder).rglob("*.md")),
    ]
)


def tokens(page: Path) -> list[Token]:
    """Markdown tokens of a page, the inline ones following their block."""
    flat: list[Token] = []
    for token in MarkdownIt("commonmark").enable("table").parse(page.read_text("utf-8")):
        flat += [token, *(token.children or [])]
    return flat


def anchors(page: Path) -> set[str]:
    """Anchors of a page's headings, made as GitHub and MyST make them."""
    flat = tokens(page)
    titles = [flat[i + 1].content for i, token in enumerate(flat) if token.type == "heading_open"]
    return {re.sub(r"[^\w\- ]", "", title.strip().lower()).replace(" ", "-") for title in titles}


def links(page: Path) -> Iterator[str]:
    """Targets of a page's links and images that stay inside the project."""
    for token in tokens(page):
        target = token.attrs.get("href") or token.attrs.get("src")
        if isinstance(target, str) and not re.match(r"[a-z][a-z0-9+.-]*:|<", target):
            yield unquote(target)


def leads_somewhere(page: Path, link: str) -> bool:
    """Whether the file, and the heading if one is named, exist."""
    path, _, anchor = link.partition("#")
    target = (page.parent / path).resolve() if path else page
    if not target.exists():
        return False
    return not anchor or target.suffix != ".md" or anchor in anchors(target)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path):
    assert [link for link in links(page) if not leads_somewhere(page, link)] == []


def test_error_codes_are_documented():
    page = (REFERENCE / "errors.md").read_text("utf-8")
    rows = re.findall(r"^\| `(TG-[A-Z-]+)` \|", page, re.MULTILINE)
    assert sorted(rows) == sorted(CODES)


def commands(command: Any, name: str) -> Iterator[tuple[str, Any]]:
    """A command and all below it, each with the words that call it."""
    yield name, command
    for word, child in getattr(command, "commands", {}).items():
        if not child.hidden:
            yield from commands(child, f"{name} {word}")


def sections(page: Path) -> dict[str, str]:
    """Text below each heading up to the next, by the heading's text without backticks."""
    parts = re.split(r"^#+ +(.+)$", page.read_text("utf-8"), flags=re.MULTILINE)
    return {
        title.replace("`", "").strip(): text
        for title, text in zip(parts[1::2], parts[2::2], strict=True)
    }


def test_commands_and_options_are_documented():
    """Each command has its own heading in cli.md, with long options and arguments below it."""
    from tidegate.cli import app  # noqa: PLC0415 - the tests of plain pages need no CLI

    told = sections(REFERENCE / "cli.md")
    missing: list[str] = []
    for name, command in commands(get_command(app), "tidegate"):
        if name not in told:
            missing.append(f"heading `{name}`")
            continue
        for param in command.params:
            words = [word for word in (*param.opts, *param.secondary_opts) if word.startswith("--")]
            if param.param_type_name == "argument":
                words = [param.metavar or param.name.upper()]
            missing += [
                f"{word} below `{name}`"
                for word in words
                if not getattr(param, "hidden", False)
                and not re.search(rf"(?<![\w-]){re.escape(word)}(?![\w-])", told[name])
            ]
    assert missing == []


def calls(page: Path) -> Iterator[list[str]]:
    """Words of each call of the program on a page, behind a prompt or as code in a line."""
    text = page.read_text("utf-8").replace("\\\n", "")
    for call in re.findall(
        r"(?:^\$ .*?|`|\$\()(?<![\w-])(tidegate [^`\n|>&;)]+)", text, re.MULTILINE
    ):
        yield call.split()


def test_every_call_on_a_page_is_of_a_command_with_such_options():
    from tidegate.cli import app  # noqa: PLC0415 - as above

    known = dict(commands(get_command(app), "tidegate"))
    wrong: list[str] = []
    for page in PAGES:
        for words in calls(page):
            length = max(n for n in range(1, len(words) + 1) if " ".join(words[:n]) in known)
            command, rest = known[" ".join(words[:length])], words[length:]
            options = {
                word for each in command.params for word in (*each.opts, *each.secondary_opts)
            }
            given = {word.partition("=")[0] for word in rest if re.match("--?[a-z]", word)}
            is_group = bool(getattr(command, "commands", {}))
            is_unknown = is_group and bool(rest) and rest[0].isalpha() and rest[0].islower()
            if is_unknown or given - options - {"--help"}:
                wrong.append(f"{page.relative_to(ROOT)}: {' '.join(words)}")
    assert wrong == []


def test_settings_are_documented():
    from tidegate.settings import PREFIX, Settings  # noqa: PLC0415 - as above

    page = (REFERENCE / "settings.md").read_text("utf-8")
    rows = re.findall(r"^\| `(TIDEGATE_[A-Z_]+)` \|", page, re.MULTILINE)
    assert sorted(rows) == sorted(f"{PREFIX}{name.upper()}" for name in Settings.model_fields)
