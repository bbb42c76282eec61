"""A page on which a prompt is edited or reviewed says what another user has just done to it."""

from chromium import NEEDS_CHROMIUM, open_page, violations_of
from playwright.sync_api import Browser, BrowserContext, Page, expect
from staging import PROJECT, REVIEWER, signed_in_context

pytestmark = NEEDS_CHROMIUM

PROMPT = f"{PROJECT}/prompts/support-reply"
API = "/api/projects/1/llm_prompts/name/support-reply/"
NOTICE = "[data-live-notice]"


def set_label(page: Page, version: int) -> None:
    """Move a label by the very form that its review sends."""
    fields: dict[str, str | float | bool] = {"label": "staging", "version": str(version)}
    page.request.post(f"{PROMPT}/labels/set/", form=fields, headers={"Sec-Fetch-Site": "same-origin"})


def open_listening(context: BrowserContext, address: str) -> tuple[Page, list[str]]:
    """Open a page, and wait until it follows the changes of its prompt."""
    page, complaints = open_page(context, "about:blank")
    with page.expect_response(lambda answer: "/changes/?name=support-reply" in answer.url):
        page.goto(address)
    return page, complaints


def test_who_edits_or_reviews_learns_what_another_user_does(author: BrowserContext, browser: Browser, origin: str) -> None:
    with signed_in_context(browser, origin, REVIEWER) as reviewer:
        editing, complaints = open_listening(author, f"{PROMPT}/edit/")
        reviewing, more = open_listening(author, f"{PROMPT}/labels/set/?label=production&version=7")
        elsewhere, _ = open_page(reviewer, f"{PROJECT}/prompts/")
        own, _ = open_page(author, f"{PROJECT}/prompts/")
        set_label(own, 2)
        set_label(elsewhere, 1)
        for page in (editing, reviewing):
            expect(page.locator(NOTICE)).to_contain_text("has just pointed staging at version 1.")
            expect(page.locator(NOTICE).get_by_role("link")).to_have_attribute("href", f"{PROMPT}/")
        assert violations_of(editing) == []
        latest = elsewhere.request.get(API).json()["version"]
        fields: dict[str, str | float | bool] = {
            "base_version": str(latest),
            "source": "",
            "format": "text",
            "prompt": "Another text",
            "config": "",
            "variables": "",
            "note": "",
        }
        elsewhere.request.post(f"{PROMPT}/publish/", form=fields, headers={"Sec-Fetch-Site": "same-origin"})
        for page in (editing, reviewing):
            expect(page.locator(NOTICE)).to_contain_text(f"has just published version {latest + 1}.")
            expect(page.locator(NOTICE)).to_have_count(1)
        assert [*complaints, *more] == []
