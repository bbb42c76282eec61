"""What people do while they write, in a real browser with the editor: drafts, trials, and texts that browsers change on the way."""

from chromium import NEEDS_CHROMIUM, open_page, violations_of
from playwright.sync_api import BrowserContext, Dialog, Page, expect
from staging import PROJECT

pytestmark = NEEDS_CHROMIUM

PROMPTS = f"{PROJECT}/prompts"
EDITOR = ".editor .cm-content >> nth=0"
CONFIG = "#config + .editor .cm-content"


def create(page: Page, name: str, text: str, *, is_json: bool = False) -> None:
    """Create a prompt by the very form that the page sends."""
    fields: dict[str, str | float | bool] = {
        "name": name,
        "prompt": text,
        "format": "json" if is_json else "text",
        "config": "",
        "note": "",
    }
    page.request.post(f"{PROJECT}/new-prompt/", form=fields, headers={"Sec-Fetch-Site": "same-origin"})


def test_a_text_with_line_ends_of_its_own_survives_the_editor(author: BrowserContext) -> None:
    page, complaints = open_page(author, f"{PROMPTS}/")
    create(page, "mixed", "one\rtwo")
    page.goto(f"{PROMPTS}/mixed/edit/")
    expect(page.locator(EDITOR)).to_be_focused()
    page.get_by_text("Config", exact=True).first.click()
    page.locator(CONFIG).fill('{"model": "small"}')
    page.keyboard.press("Control+Enter")
    page.get_by_role("button", name="Publish", exact=True).click()
    expect(page.get_by_text("Version 2 is published.")).to_be_visible()
    page.goto(f"{PROMPTS}/mixed/compare/?from=1&to=2")
    expect(page.get_by_text("The text is unchanged.")).to_be_visible()
    assert complaints == []


def test_each_tab_keeps_its_own_draft_and_the_list_says_that_there_is_one(author: BrowserContext) -> None:
    page, _ = open_page(author, f"{PROMPTS}/")
    create(page, "drafted", "Base.")
    one, two = author.new_page(), author.new_page()
    for tab in (one, two):
        tab.goto(f"{PROMPTS}/drafted/edit/")
    asked: list[str] = []

    def accept(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.accept()

    for tab, text in ((one, "From the first tab."), (two, "From the second tab.")):
        tab.on("dialog", accept)
        tab.locator(EDITOR).fill(text)
        # The editor takes up what a script has put into it a moment later.
        expect(tab.locator("textarea[name=prompt]")).to_have_value(text)
        tab.get_by_role("link", name="Cancel").click()
        expect(tab.get_by_role("heading", name="drafted", exact=True)).to_be_visible()
    assert asked == []
    page.goto(f"{PROMPTS}/?search=drafted")
    page.get_by_role("link", name="your draft").click()
    expect(page.get_by_role("button", name="Restore it")).to_have_count(2)
    page.get_by_role("button", name="Restore it").first.click()
    expect(page.locator(EDITOR)).to_have_text("From the second tab.")
    expect(page.get_by_role("button", name="Restore it")).to_have_count(1)
    assert violations_of(page) == []
