"""A protected label on its way: proposed by one member, approved by another one, merged; and moved by an admin in an emergency."""

from contextlib import ExitStack

import pytest
from chromium import NEEDS_CHROMIUM, open_context, overflow_of, violations_by_day_and_night
from playwright.sync_api import Browser, Page, expect
from staging import AUTHOR, PROJECT, REVIEWER, sign_in

pytestmark = NEEDS_CHROMIUM

# The versions of odd numbers are the author's, the others are the reviewer's, who must not approve them.
LABELS = f"{PROJECT}/prompts/support-reply/labels"


def _enter(browser: Browser, origin: str, stack: ExitStack, email: str, *, width: int, scripts: bool) -> Page:
    context = stack.enter_context(open_context(browser, origin, width=width, scripts=scripts))
    return sign_in(context, email)[0]


def _protect(admin: Page, label: str) -> None:
    admin.goto(f"{PROJECT}/settings/labels/")
    admin.get_by_label("Label", exact=True).fill(label)
    admin.get_by_role("button", name="Add the rule").click()
    expect(admin.get_by_text(f"{label} is protected.")).to_be_visible()


@pytest.mark.parametrize(("width", "scripts"), [(1280, True), (360, False)])
def test_one_proposes_another_approves_and_the_label_moves(browser: Browser, origin: str, width: int, *, scripts: bool) -> None:
    label = f"guarded-{width}"
    with ExitStack() as stack:
        author, reviewer = (_enter(browser, origin, stack, email, width=width, scripts=scripts) for email in (AUTHOR, REVIEWER))
        _protect(author, label)

        author.goto(f"{LABELS}/set/?label={label}&version=1")
        expect(author.get_by_role("alert")).to_contain_text("is protected, so you cannot set it directly.")
        author.get_by_role("link", name="Open a change request").click()
        author.get_by_label("Title").fill(f"Guard {label}")
        author.get_by_label("Description").fill("Twenty replies read.\nAll were fine.")
        author.get_by_role("button", name="Open the change request").click()
        expect(author.get_by_role("heading", name=f"Guard {label}")).to_be_visible()
        expect(author.get_by_role("button", name="Approve")).to_have_count(0)
        mine = author.url

        reviewer.goto(f"{PROJECT}/requests/")
        reviewer.get_by_role("table", name="Waiting for you").get_by_role("link", name=f"Guard {label}").click()
        began = reviewer.context.new_page()
        began.goto(mine)
        reviewer.get_by_label("Your comment").fill("Which replies?")
        reviewer.get_by_role("button", name="Comment").click()
        expect(reviewer.get_by_text("The comment is added.")).to_be_visible()

        author.goto(f"{mine}edit/")
        author.get_by_label(f"Version for {label} of support-reply").fill("3")
        author.get_by_role("button", name="Save").click()
        expect(author.get_by_text("The change request is saved.")).to_be_visible()

        began.get_by_role("button", name="Approve").click()
        expect(began.get_by_role("alert")).to_contain_text(f"{label} of support-reply was to go from nothing to v1")
        if scripts:
            assert (violations_by_day_and_night(began), overflow_of(began)) == ([], 0)
        began.get_by_role("button", name="Approve").click()
        expect(began.get_by_text("Approved.", exact=True)).to_be_visible()

        author.goto(mine)
        author.get_by_role("button", name="Merge", exact=True).click()
        expect(author.get_by_text("Merged: 1 label moved.")).to_be_visible()
        reviewer.goto(f"{PROJECT}/prompts/support-reply/?label={label}")
        expect(reviewer.get_by_text("v3", exact=True).first).to_be_visible()


def test_an_admin_moves_a_protected_label_in_an_emergency_with_a_reason(browser: Browser, origin: str) -> None:
    with ExitStack() as stack:
        admin = _enter(browser, origin, stack, AUTHOR, width=1280, scripts=True)
        _protect(admin, "urgent")
        admin.goto(f"{LABELS}/set/?label=urgent&version=1")
        admin.get_by_text("Emergency", exact=True).click()
        admin.get_by_label("This is an emergency: bypass the rules").check()
        admin.get_by_role("textbox", name="Reason").fill("Wrong prices in replies")
        assert (violations_by_day_and_night(admin), overflow_of(admin)) == ([], 0)
        admin.get_by_role("button", name="Move urgent now").click()
        expect(admin.get_by_text("urgent now points at version 1.")).to_be_visible()
