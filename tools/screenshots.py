"""Pictures of every page of the console for the docs: wide and narrow, light and dark.

Run `python tools/screenshots.py` with Chromium at hand; it starts a demonstration of its own and ends it.
"""

import io
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Final

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

ROOT: Final = Path(__file__).parents[1]
OUT: Final = ROOT / "docs" / "images" / "console"
PLACES: Final = {
    "Operator": (
        "overview", "pools/h100", "leases", "desk", "prices", "tenants", "invoices", "audit",
        "finance", "finance/books", "finance/tiers", "market",
    ),
    "Fjord Robotics": (
        "portal", "portal/new", "portal/notice-help", "usage", "keys", "webhooks",
    ),
}  # fmt: skip
VIEWS: Final = {"light": ("light", 1280), "dark": ("dark", 1280), "phone": ("light", 390)}
HIGHEST: Final = 1600
WAIT_S: Final = 75
PLAYED_MS: Final = 240_000
"""The market is played when its page is first opened."""


def keep(picture: bytes, name: str) -> None:
    """Write a picture with few colours: drawn pages have no more."""
    image = Image.open(io.BytesIO(picture)).convert("RGB")
    image = image.crop((0, 0, image.width, min(image.height, HIGHEST)))
    image.quantize(96).save(OUT / f"{name}.png", optimize=True)


def sign_in(browser: Browser, address: str, who: str, scheme: str, width: int) -> Page:
    """Return a page of somebody who has signed in."""
    viewport = {"width": width, "height": 800}
    context = browser.new_context(viewport=viewport, color_scheme=scheme)  # type: ignore[arg-type]
    page = context.new_page()
    page.goto(address)
    page.get_by_role("button", name=who, exact=True).click()
    page.wait_for_load_state()
    return page


def picture_all(browser: Browser, address: str) -> None:
    """Take every picture."""
    for who, places in PLACES.items():
        for view, (scheme, width) in VIEWS.items():
            page = sign_in(browser, address, who, scheme, width)
            for place in places:
                page.goto(f"{address}/console/{place}")
                page.get_by_text("is being played").wait_for(state="detached", timeout=PLAYED_MS)
                for drawing in page.locator("[data-chart], [data-nodes]").all():
                    drawing.scroll_into_view_if_needed()
                # Commands name the fleet file as it lies here; a reader's lies elsewhere.
                for command in page.locator("pre").all():
                    command.evaluate(
                        "(it, root) => it.textContent = it.textContent.replaceAll(root, '')",
                        f"{ROOT}/",
                    )
                page.wait_for_timeout(1500)
                page.evaluate("window.scrollTo(0, 0)")
                keep(page.screenshot(full_page=True), f"{place.replace('/', '-')}-{view}")
            page.context.close()


def main() -> int:
    """Start the demonstration, let it live a while, take the pictures."""
    chromium = os.environ.get("TIDEGATE_CHROMIUM") or shutil.which("chromium")
    OUT.mkdir(parents=True, exist_ok=True)
    start = "from tidegate.cli import main; main()"
    with tempfile.TemporaryDirectory() as folder:
        process = subprocess.Popen(
            [sys.executable, "-c", start, "serve", "--demo", "--port", "0", "--data-dir", folder],
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        try:
            lines = iter(process.stdout or ())
            found = next(m for line in lines if (m := re.search(r"listens on (http\S+)", line)))
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(
                    executable_path=chromium, args=["--no-sandbox"]
                )
                page = browser.new_page()
                page.wait_for_timeout(1000 * WAIT_S)
                picture_all(browser, found[1])
                browser.close()
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(30)
    return 0


if __name__ == "__main__":
    sys.exit(main())
