"""What people do to release with confidence: move a label, look at its timeline, undo, release many prompts, undo it as a whole."""

import re

from chromium import NEEDS_CHROMIUM, open_page, overflow_of, violations_by_day_and_night
from playwright.sync_api import BrowserContext, Page, expect
from staging import PROJECT

pytestmark = NEEDS_CHROMIUM

PROMPTS = f"{PROJECT}/prompts"
REPLY = f"{PROMPTS}/support-reply"


def _row(page: Page, name: str) -> str:
    """What a row of a list says."""
    return re.sub(r"\s+", " ", page.get_by_role("row", name=name).inner_text())


def test_a_label_is_moved_and_the_move_is_undone_with_mouse_and_keys(author: BrowserContext) -> None:
    page, complaints = open_page(author, f"{REPLY}/")
    page.get_by_role("link", name="Labels", exact=True).click()
    page.get_by_role("row", name="production").get_by_role("link", name="Move to v9").click()
    page.get_by_label("Reason").fill("Cheaper, and as good in the tests")
    page.get_by_role("button", name="Move production").click()
    expect(page.get_by_role("status").first).to_contain_text("production now points at version 9.")
    assert "v9 ← v8 ← v6 ← v4 ← …" in _row(page, "production")
    page.get_by_role("link", name="History of production").click()
    expect(page.locator(".listing tbody tr").first).to_contain_text("Cheaper, and as good in the tests")
    page.get_by_role("link", name="Compare versions 8 and 9").click()
    expect(page.get_by_role("heading", name="Compare", exact=True)).to_be_visible()
    page.go_back()
    page.get_by_role("link", name="Undo the last move").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Undo the last move of production: v9 to v8")).to_be_visible()
    page.get_by_label("Reason").focus()
    page.keyboard.type("Too many complaints")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("status").first).to_contain_text("Undone: production points at version 8 again.")
    page.goto(f"{REPLY}/labels/history/?label=production")
    expect(page.get_by_role("row", name="v9 to v8")).to_contain_text("undone")
    page.get_by_role("link", name="Roll back to v2").click()
    expect(page.get_by_role("heading", name="production: v8 to v2")).to_be_visible()
    assert complaints == []


def test_lines_that_a_rollback_removes_are_rows_as_wide_as_the_others(author: BrowserContext) -> None:
    page, _ = open_page(author, f"{REPLY}/labels/set/?label=production&version=2")
    row = page.locator("tr.row.removed").first
    assert row.evaluate("each => getComputedStyle(each).display") == "table-row"


def test_prompts_are_released_together_and_the_release_is_undone_as_a_whole(author: BrowserContext) -> None:
    page, complaints = open_page(author, f"{PROMPTS}/")
    page.get_by_role("navigation", name="Project").get_by_role("link", name="Release").click()
    page.get_by_role("button", name="Review the release").click()
    expect(page.get_by_text("Breaking for programs: 3 prompts")).to_be_visible()
    page.locator("ol.activity > li > details > summary").first.click()
    expect(page.get_by_role("region", name="Changes of sql-generator")).to_be_visible()
    ticks = page.get_by_role("checkbox")
    expect(ticks).to_have_count(6)
    ticks.first.uncheck()
    ticks.nth(1).focus()
    page.keyboard.press("Space")
    page.get_by_label("Reason").fill("November release")
    page.get_by_role("button", name="Release the ticked prompts").click()
    expect(page.get_by_role("status").first).to_contain_text("4 prompts released: production points at what staging points at.")
    expect(page.get_by_role("heading", name="Release of production: 4 prompts")).to_be_visible()
    assert (violations_by_day_and_night(page), overflow_of(page)) == ([], 0)
    page.get_by_role("link", name="Undo this release").click()
    expect(page.get_by_role("heading", name="Undo the release of production?")).to_be_visible()
    assert (violations_by_day_and_night(page), overflow_of(page)) == ([], 0)
    page.get_by_label("Reason").fill("One of them was not ready")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("status").first).to_contain_text("The release is undone: 4 labels moved back.")
    page.get_by_role("link", name="Release", exact=True).first.click()
    expect(page.locator(".listing tbody tr").first).to_contain_text("One of them was not ready")
    expect(page.locator(".listing tbody tr").nth(1)).to_contain_text("November release")
    assert complaints == []


def test_an_incident_is_looked_into_at_its_time(author: BrowserContext) -> None:
    page, complaints = open_page(author, f"{REPLY}/")
    page.get_by_role("link", name="At a point in time").click()
    page.get_by_label("Time (UTC)").fill("2026-09-27T10:00:00")
    page.get_by_role("button", name="Show").click()
    expect(page.get_by_role("region", name="Version 4")).to_contain_text("production")
    expect(page.get_by_role("region", name="Version 6")).to_contain_text("as the latest version")
    assert complaints == []
