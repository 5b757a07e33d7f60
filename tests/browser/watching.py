"""Pages whose complaints are heard, and what axe finds on them."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from playwright.sync_api import Browser, Page

AXE: Final = Path(__file__).parent / "vendor" / "axe.min.js"
WCAG: Final = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]


@contextmanager
def watched(browser: Browser, home: str, but: str | None = None) -> Iterator[Callable[..., Page]]:
    """Give empty pages; complaints of the browser and requests elsewhere fail the test at its end.

    Parameters
    ----------
    browser : Browser
    home : str
        Where an address may begin.
    but : str or None
        A complaint with this in it is none.
    """
    complaints: list[str] = []
    contexts = []

    def heard(kind: str, text: str) -> None:
        if kind in ("error", "warning") and (but is None or but not in text):
            complaints.append(text)

    def requested(url: str) -> None:
        if not url.startswith((home, "data:", "about:")):
            complaints.append(f"request of {url}")

    def new_page(*, width: int = 1280, **options: Any) -> Page:
        context = browser.new_context(viewport={"width": width, "height": 900}, **options)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: heard(message.type, message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda request: requested(request.url))
        return page

    yield new_page
    for context in contexts:
        context.close()
    assert complaints == []


def axe(page: Page) -> dict[str, Any]:
    """What axe says of a page: its ``violations`` and ``passes``."""
    page.evaluate(AXE.read_text("utf-8"))
    found: dict[str, Any] = page.evaluate("(tags) => axe.run({runOnly: tags})", WCAG)
    return found
