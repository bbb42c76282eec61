"""Writes the pictures of README.md and docs/guide.md: the demo's pages in a real Chromium, by day and by night.

``python tests/screenshots.py FOLDER`` replaces the pictures there; `make screenshots` does it in docs/images.
"""

import sys
import tempfile
from pathlib import Path

from chromium import Theme, chromium, open_context, open_page
from playwright.sync_api import Browser, BrowserContext, Page
from staging import AUTHOR, PAGES, PROJECT, REVIEWER, make_demo, running_demo, signed_in_context

THEMES: tuple[Theme, ...] = ("light", "dark")
SHOWN = ("list", "prompt", "edit", "compare", "labels", "label", "archive", "use", "usage", "resolved", "part-label")
HEIGHT = 760
_PROMPT = f"{PROJECT}/prompts/support-reply"
_OLD = "- At most 120 words, in the language of the message."


def write_pictures(folder: Path) -> None:
    """Show each theme a demo of its own, since a conflict takes somebody who publishes."""
    folder.mkdir(parents=True, exist_ok=True)
    with chromium() as browser:
        for theme in THEMES:
            with tempfile.TemporaryDirectory() as data, running_demo(make_demo(Path(data))) as origin:
                _write_theme(browser, origin, folder, theme)


def _write_theme(browser: Browser, origin: str, folder: Path, theme: Theme) -> None:
    with open_context(browser, origin, theme=theme) as stranger:
        page, _ = open_page(stranger, "/sign-in")
        _take(page, folder / f"sign-in-{theme}.png")
    with signed_in_context(browser, origin, AUTHOR, theme=theme) as author:
        with signed_in_context(browser, origin, REVIEWER, theme=theme) as reviewer:
            _archive(author, "product-description")
            for name in SHOWN:
                page, _ = open_page(author, PAGES[name])
                _take(page, folder / f"{name}-{theme}.png")
                page.close()
            _take_chat(author, folder, theme)
            mine = _propose(author, "- At most 80 words, in the language of the message.")
            _take(mine, folder / f"review-{theme}.png")
            theirs = _propose(reviewer, "- At most 100 words, in the language of the customer.")
            theirs.get_by_role("button", name="Publish", exact=True).click()
            theirs.get_by_text("Version 10 is published.").wait_for()
        mine.get_by_role("button", name="Publish", exact=True).click()
        mine.get_by_role("heading", name="Another user published a version").wait_for()
        mine.evaluate("scrollTo(0, 0)")
        _take(mine, folder / f"conflict-{theme}.png")


def _take_chat(context: BrowserContext, folder: Path, theme: Theme) -> None:
    page, _ = open_page(context, f"{PROJECT}/prompts/maths-tutor-chat/edit/")
    page.locator(".entry .cm-content").first.wait_for()
    page.get_by_role("button", name="Add a placeholder").click()
    page.evaluate("scrollTo(0, 0)")
    _take(page, folder / f"chat-{theme}.png")
    page.goto(PAGES["edit"])
    config = page.locator("details.config")
    config.evaluate("(each) => { each.open = true; }")
    page.get_by_label("Model").fill("text-model-large")
    page.get_by_label("Temperature").fill("0.2")
    page.get_by_label("Maximum tokens").fill("500")
    page.get_by_text("Response schema", exact=True).click()
    schema = '{\n  "type": "object",\n  "properties": {"reply": {"type": "string"}},\n  "required": ["reply"]\n}'
    page.locator('[id="config.response"] + .editor .cm-content').fill(schema)
    config.evaluate("(each) => each.scrollIntoView()")
    _take(page, folder / f"config-{theme}.png")
    page.close()


def _archive(context: BrowserContext, name: str) -> None:
    page, _ = open_page(context, f"{PROJECT}/prompts/{name}/archive/")
    page.get_by_role("button", name=f"Archive {name}").click()
    page.get_by_role("status").first.wait_for()
    page.close()


def _propose(context: BrowserContext, line: str) -> Page:
    """Write a line anew and go on to the page that shows what changes."""
    page, _ = open_page(context, f"{_PROMPT}/edit/")
    editor = page.locator(".editor .cm-content >> nth=0")
    editor.wait_for()
    text = page.locator("#prompt").input_value()
    editor.fill(text.replace(_OLD, line))
    page.get_by_label("Note").fill("Shorter answers")
    page.get_by_role("button", name="Review and publish").click()
    page.get_by_role("heading", name="Publish version 10 of support-reply?").wait_for()
    return page


def _take(page: Page, path: Path) -> None:
    """Take a picture once the faces are there; the editor, once it is in its place."""
    page.set_viewport_size({"width": 1280, "height": HEIGHT})
    page.evaluate("document.fonts.ready.then(() => undefined)")
    if page.locator("[data-editor]").count():
        page.locator(".editor").first.wait_for()
    page.screenshot(path=path)


if __name__ == "__main__":
    write_pictures(Path(sys.argv[1]))
