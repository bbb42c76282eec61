"""Prompts that share a part, in a real browser: a reference is inserted, resolved, found from the part, and guarded."""

from chromium import NEEDS_CHROMIUM, open_page, violations_of
from playwright.sync_api import BrowserContext, Page, expect
from staging import PROJECT

pytestmark = NEEDS_CHROMIUM

PROMPTS = f"{PROJECT}/prompts"
EDITOR = ".editor .cm-content >> nth=0"
TAG = "@@@prompt:name=tone-of-voice|label=production@@@"
SAFETY = "@@@prompt:name=safety-rules|version=1@@@"


def create(page: Page, name: str, text: str) -> None:
    """Create a prompt by the very form that the page sends."""
    fields: dict[str, str | float | bool] = {"name": name, "prompt": text, "format": "text", "config": "", "note": ""}
    page.request.post(f"{PROJECT}/new-prompt/", form=fields, headers={"Sec-Fetch-Site": "same-origin"})


def test_a_reference_is_inserted_resolved_and_keeps_its_part_from_the_archive(author: BrowserContext) -> None:
    page, complaints = open_page(author, f"{PROMPTS}/")
    create(page, "refund-reply", "Answer {{customer}}.")
    page.goto(f"{PROMPTS}/refund-reply/edit/")
    editor = page.locator(EDITOR)
    expect(editor).to_be_focused()
    page.keyboard.press("Control+End")
    page.keyboard.press("Enter")
    page.get_by_role("link", name="Insert a reference").click()
    dialog = page.get_by_role("dialog", name="Insert a reference")
    dialog.get_by_label("Search prompts").fill("tone")
    expect(dialog.get_by_text("code-review")).to_have_count(0)
    assert violations_of(page) == []
    dialog.get_by_role("button", name="Insert tone-of-voice at production").click()
    expect(dialog).to_have_count(0)
    expect(page.locator("textarea[name=prompt]")).to_have_value(f"Answer {{{{customer}}}}.\n{TAG}")
    expect(page.locator(".cm-reference")).to_have_text(TAG)
    page.keyboard.press("Control+Enter")
    page.get_by_role("button", name="Publish", exact=True).click()
    expect(page.get_by_role("heading", name="References")).to_be_visible()
    page.get_by_role("link", name="Show resolved").click()
    expect(page.locator(".part")).to_contain_text("Write as a helpful colleague would")
    page.goto(f"{PROMPTS}/tone-of-voice/")
    expect(page.get_by_role("heading", name="Used by 3 prompts")).to_be_visible()
    page.get_by_text("More", exact=True).click()
    page.get_by_role("link", name="Archive", exact=True).last.click()
    expect(page.get_by_role("alert")).to_contain_text("so it cannot be archived: complaint-reply, onboarding-email, refund-reply")
    assert complaints == []


def test_typing_the_beginning_of_a_tag_offers_prompts_and_keys_choose_one(author: BrowserContext) -> None:
    page, complaints = open_page(author, f"{PROMPTS}/")
    create(page, "typed-reply", "x")
    page.goto(f"{PROMPTS}/typed-reply/edit/")
    expect(page.locator(EDITOR)).to_be_focused()
    page.keyboard.press("Control+End")
    page.keyboard.type(" @@@")
    dialog = page.get_by_role("dialog", name="Insert a reference")
    expect(dialog.get_by_label("Search prompts")).to_be_focused()
    page.keyboard.type("safety")
    expect(dialog.get_by_role("button", name="Insert safety-rules v1")).to_be_visible()
    expect(dialog.get_by_text("code-review")).to_have_count(0)
    for key in ("ArrowDown", "ArrowDown", "Enter"):
        page.keyboard.press(key)
    expect(page.locator("textarea[name=prompt]")).to_have_value(f"x {SAFETY}")
    # Who writes a tag by hand closes the dialog, and goes on at once; the end of the tag opens none.
    page.keyboard.type(" @@@")
    expect(dialog).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.type(TAG.removeprefix("@@@"))
    expect(page.locator("textarea[name=prompt]")).to_have_value(f"x {SAFETY} {TAG}")
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert complaints == []


def test_a_tag_that_cannot_be_resolved_is_underlined_with_its_reason(author: BrowserContext) -> None:
    page, complaints = open_page(author, f"{PROMPTS}/")
    create(page, "broken-reply", "x")
    page.goto(f"{PROMPTS}/broken-reply/edit/")
    page.locator(EDITOR).fill(f"{TAG} @@@prompt:name=nowhere|version=1@@@")
    underlined = page.locator(".cm-lintRange-error")
    expect(underlined).to_have_text("@@@prompt:name=nowhere|version=1@@@")
    underlined.hover()
    expect(page.locator(".cm-tooltip-lint")).to_contain_text("The referenced prompt 'nowhere' does not exist.")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("alert")).to_contain_text("The referenced prompt 'nowhere' does not exist.")
    expect(page.locator("textarea[name=prompt]")).to_have_value(f"{TAG} @@@prompt:name=nowhere|version=1@@@")
    # The browser notes that the form was refused.
    assert [complaint for complaint in complaints if "400 (Bad Request)" not in complaint] == []
