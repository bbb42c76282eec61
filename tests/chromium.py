"""The Chromium of this machine, and what tests ask of every page that is opened in it."""

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, ViewportSize, expect, sync_playwright

from promptuary.web.bundle import is_built

# Its headless shell has no windows of its own to draw, which takes a quarter of the time for each page.
_BROWSERS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
CHROMIUM = next(filter(None, map(shutil.which, _BROWSERS)), None)
AXE = Path(__file__).parents[1] / "frontend/node_modules/axe-core/axe.min.js"
# It is no address of this machine, so the browser takes what is served there for distant and not for safe.
HOST = "promptuary.test"

# A busy machine takes its time. What never comes fails anyway.
_LONGEST_MILLISECONDS = 60_000
expect.set_options(timeout=_LONGEST_MILLISECONDS)

Theme = Literal["light", "dark"]

_OF_COLORS = ["color-contrast", "link-in-text-block"]

NEEDS_CHROMIUM = [
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed."),
    pytest.mark.skipif(not is_built() or not AXE.exists(), reason="The bundle is not built; `make frontend` needs npm."),
]


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start the Chromium of this machine."""
    with sync_playwright() as playwright:
        options = ["--no-sandbox", f"--host-resolver-rules=MAP {HOST} 127.0.0.1"]
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=options)
        yield browser
        browser.close()


def open_context(
    browser: Browser, origin: str, *, width: int = 1280, theme: Theme = "light", scripts: bool = True
) -> BrowserContext:
    """Open a browser window in which nobody is signed in."""
    viewport: ViewportSize = {"width": width, "height": 800}
    context = browser.new_context(viewport=viewport, color_scheme=theme, base_url=origin, java_script_enabled=scripts)
    context.set_default_timeout(_LONGEST_MILLISECONDS)
    return context


def open_page(context: BrowserContext, address: str) -> tuple[Page, list[str]]:
    """Open a page, and return it with the list to which its complaints are added, such as those about the policy of the pages."""
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type in {"error", "warning"} else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(address)
    return page, complaints


def open_each(context: BrowserContext, addresses: Mapping[str, str]) -> Iterator[tuple[str, Page, list[str]]]:
    """Open named pages one after the other, each in the place of the one before: a new place takes longer than most pages do."""
    opened: tuple[Page, list[str]] | None = None
    for name, address in addresses.items():
        if opened is None:
            opened = open_page(context, address)
        else:
            opened[1].clear()
            opened[0].goto(address)
        yield name, *opened


def violations_of(page: Page) -> list[Any]:
    """Return what keeps some people from reading a page, and where."""
    page.evaluate(AXE.read_text())
    return _run_axe(page, {})


def violations_by_day_and_night(page: Page) -> list[Any]:
    """Return what keeps some people from reading a page in the light scheme, in which it is open, and in the dark one.

    The dark scheme differs in colors only, so the rules about colors are the only ones that are looked at again.
    """
    by_day = violations_of(page)
    # Without motion, colors change at once.
    page.emulate_media(color_scheme="dark", reduced_motion="reduce")
    by_night = _run_axe(page, {"runOnly": _OF_COLORS})
    page.emulate_media(color_scheme="light", reduced_motion="no-preference")
    return [*by_day, *(("by night", *each) for each in by_night)]


def _run_axe(page: Page, options: dict[str, Any]) -> list[Any]:
    found: list[Any] = page.evaluate("(options) => axe.run(options).then(({ violations }) => violations)", options)
    return [(each["id"], [node["html"] for node in each["nodes"]]) for each in found]


def overflow_of(page: Page) -> int:
    """Return by how many pixels a page is wider than its window."""
    pixels: int = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    return pixels


def overflows_of(page: Page, *widths: int) -> list[int]:
    """Return by how many pixels a page, with all that is folded opened, is wider than windows of some widths."""
    page.evaluate("for (const each of document.querySelectorAll('details')) each.open = true")
    found: list[int] = []
    for width in widths:
        page.set_viewport_size({"width": width, "height": 800})
        found.append(overflow_of(page))
    return found
