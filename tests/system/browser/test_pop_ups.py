"""Confirmations of what cannot be taken back are whole and readable at every width, with and without scripts."""

import pytest
from chromium import NEEDS_CHROMIUM, open_page, overflow_of, violations_of
from playwright.sync_api import Browser, Page
from staging import AUTHOR, PROJECT, signed_in_context

pytestmark = NEEDS_CHROMIUM

# How far what is in a confirmation is from its edge and from each other, at least, in pixels.
_MIN_DISTANCE = 8


def _geometry(page: Page) -> dict[str, float]:
    """Measure the first open confirmation: what it cuts off, what leaves the window, and how close its parts are."""
    found: dict[str, float] = page.evaluate(
        """() => {
            const form = document.querySelector('.confirmation[open] > form');
            const box = form.getBoundingClientRect();
            const button = form.querySelector('button').getBoundingClientRect();
            const above = form.querySelector('button').previousElementSibling.getBoundingClientRect();
            const check = form.querySelector('input[type=checkbox]')?.getBoundingClientRect();
            const text = form.querySelector('label > span')?.getBoundingClientRect();
            return {
                outside: Math.max(0, -box.left, box.right - document.documentElement.clientWidth),
                cut: Math.max(form.scrollWidth - form.clientWidth, form.scrollHeight - form.clientHeight),
                padding: Math.min(button.left - box.left, box.bottom - button.bottom, above.top - box.top),
                distance: Math.min(button.top - above.bottom, check ? text.left - check.right : Infinity),
            };
        }"""
    )
    return found


@pytest.mark.parametrize("width", [390, 850, 1024, 1440])
def test_every_confirmation_is_whole_and_inside_the_window(browser: Browser, origin: str, width: int) -> None:
    with signed_in_context(browser, origin, AUTHOR, width=width) as context:
        page, complaints = open_page(context, "/settings/keys/")
        page.get_by_label("Label").fill(f"A key with quite a long label for {width} pixels")
        page.get_by_role("button", name="Create the key").click()
        page.get_by_text("Copy it now.").wait_for()
        for address, summary in (
            ("/settings/keys/", "Revoke"),
            (f"{PROJECT}/settings/", "Remove"),
            (f"{PROJECT}/settings/", "Replace the token"),
        ):
            page.goto(address)
            page.locator(".confirmation > summary", has_text=summary).first.click()
            found = _geometry(page)
            assert (summary, found["outside"], found["cut"], overflow_of(page)) == (summary, 0, 0, 0)
            assert min(found["padding"], found["distance"]) >= _MIN_DISTANCE - 1
            assert violations_of(page) == []
        assert complaints == []
