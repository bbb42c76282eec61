"""The parts of the pages in a real browser, under the policy of the pages: all can read them, and scripts do what they say."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from chromium import NEEDS_CHROMIUM, open_context, open_each, open_page, overflow_of, violations_by_day_and_night, violations_of
from playwright.sync_api import Browser, Dialog, Page, expect
from specimen import NAMES, WIDTHS, running_specimen

pytestmark = NEEDS_CHROMIUM


@pytest.fixture(scope="module")
def origin() -> Iterator[str]:
    with running_specimen() as address:
        yield address


@pytest.fixture
def page(browser: Browser, origin: str) -> Iterator[Page]:
    context = open_context(browser, origin)
    page, complaints = open_page(context, "/activity")
    yield page
    assert complaints == []
    context.close()


@pytest.mark.parametrize("width", WIDTHS)
def test_no_page_is_in_the_way_of_anybody(browser: Browser, origin: str, width: int) -> None:
    context = open_context(browser, origin, width=width)
    found = {}
    for name, page, complaints in open_each(context, {name: f"/{name}?notice=Published+version+12." for name in NAMES}):
        found[name] = (violations_by_day_and_night(page), [*complaints], overflow_of(page))
    context.close()
    assert found == {name: ([], [], 0) for name in NAMES}


def test_menus_and_dialogs_are_in_nobodys_way(page: Page) -> None:
    page.goto("/read")
    page.get_by_text("Ada", exact=True).click()
    assert violations_of(page) == []
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog", name="Keyboard shortcuts")).to_be_visible()
    assert violations_of(page) == []


def test_pages_work_without_scripts(browser: Browser, origin: str) -> None:
    context = open_context(browser, origin, scripts=False)
    page, _ = open_page(context, "/write")
    expect(page.get_by_label("Prompt", exact=True)).to_be_editable()
    expect(page.locator("[data-try]")).to_be_hidden()
    page.goto("/parts")
    expect(page.get_by_text("Copy", exact=True)).to_be_hidden()
    context.close()


def test_a_menu_closes_when_one_looks_elsewhere(page: Page) -> None:
    page.locator(".switcher > summary").click()
    expect(page.get_by_role("link", name="New project")).to_be_visible()
    page.get_by_role("heading", name="Activity").click()
    expect(page.get_by_role("link", name="New project")).to_be_hidden()
    page.locator(".switcher > summary").click()
    page.keyboard.press("Escape")
    expect(page.get_by_role("link", name="New project")).to_be_hidden()


def test_results_come_as_one_types(page: Page, origin: str) -> None:
    page.goto("/list")
    page.keyboard.press("/")
    expect(page.get_by_role("searchbox")).to_be_focused()
    page.keyboard.type("code")
    expect(page.locator(".listing tbody tr")).to_have_count(1)
    expect(page).to_have_url(f"{origin}/list?search=code")
    expect(page.get_by_role("searchbox")).to_be_focused()
    page.keyboard.type("x")
    expect(page.get_by_role("heading", name="Nothing found")).to_be_visible()
    for _ in "codex":
        page.keyboard.press("Backspace")
    expect(page.locator(".listing tbody tr")).to_have_count(7)
    expect(page).to_have_url(f"{origin}/list")


def test_a_search_that_needs_another_page_goes_there(page: Page) -> None:
    page.goto("/list")
    page.get_by_role("searchbox").fill("sign me out")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_arrows_move_in_lists(page: Page) -> None:
    page.goto("/list")
    page.keyboard.press("/")
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("link", name="support-reply")).to_be_focused()
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("link", name="code-review")).to_be_focused()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    expect(page.get_by_role("searchbox")).to_be_focused()


def test_e_edits_unless_one_writes_or_has_turned_single_keys_off(page: Page, origin: str) -> None:
    page.goto("/list")
    page.get_by_role("searchbox").press("e")
    expect(page).to_have_url(f"{origin}/list?search=e")
    page.goto("/read")
    page.keyboard.press("?")
    page.get_by_label("Single-letter shortcuts are on").uncheck()
    page.get_by_role("button", name="Close").click()
    page.keyboard.press("e")
    expect(page).to_have_url(f"{origin}/read")
    page.get_by_role("link", name="Keyboard shortcuts").click()
    page.get_by_label("Single-letter shortcuts are on").check()
    page.get_by_role("button", name="Close").click()
    page.keyboard.press("e")
    expect(page).to_have_url(f"{origin}/write")


def test_older_versions_come_into_the_list(page: Page) -> None:
    page.goto("/read")
    expect(page.locator(".history > li")).to_have_count(4)
    page.get_by_role("link", name="Older versions").click()
    expect(page.locator(".history > li")).to_have_count(8)
    page.get_by_role("link", name="Older versions").click()
    expect(page.locator(".history > li")).to_have_count(12)
    expect(page.get_by_role("link", name="Older versions")).to_have_count(0)


def test_snippets_are_copied_where_browsers_have_no_clipboard_for_pages_without_tls(page: Page) -> None:
    page.goto("/parts")
    assert not page.evaluate("isSecureContext")
    page.get_by_role("button", name="Copy: curl").click()
    expect(page.locator("[data-copy]")).to_have_text("Copied")
    page.locator("#name").fill("")
    page.locator("#name").press("Control+v")
    assert "Authorization: Bearer $PROMPTS_KEY" in page.locator("#name").input_value()


def test_what_asks_is_sent_only_after_yes(page: Page) -> None:
    page.goto("/parts")
    sent: list[str] = []
    page.on("request", lambda request: sent.append(request.method))
    page.get_by_role("button", name="Archive support-reply").click()
    dialog = page.get_by_role("dialog", name="Archive support-reply?")
    dialog.get_by_role("button", name="Cancel").click()
    expect(dialog).to_have_count(0)
    assert "POST" not in sent
    page.get_by_role("button", name="Archive support-reply").click()
    with page.expect_navigation():
        dialog.get_by_role("button", name="Archive support-reply").click()
    assert sent.count("POST") == 1


def _prompt(page: Page) -> Any:
    return page.locator(".editor .cm-content").first


def test_the_editor_sends_what_is_written_in_it(page: Page, origin: str) -> None:
    page.goto("/write?then=activity")
    _prompt(page).click()
    page.keyboard.press("Control+End")
    page.keyboard.type("Sign as {{agent}}.")
    with page.expect_request(lambda request: request.method == "POST") as posted:
        page.keyboard.press("Control+Enter")
    assert "Sign+as+%7B%7Bagent%7D%7D." in (posted.value.post_data or "")
    expect(page).to_have_url(f"{origin}/activity")


def test_an_empty_prompt_is_not_sent(page: Page) -> None:
    page.goto("/write")
    _prompt(page).click()
    page.keyboard.press("Control+a")
    page.keyboard.press("Delete")
    page.get_by_role("button", name="Review and publish").click()
    expect(page.locator(".editor.is-invalid")).to_be_visible()
    page.evaluate("window.addEventListener('beforeunload', (event) => event.stopImmediatePropagation(), { capture: true })")


def test_the_editor_marks_variables_and_has_names(page: Page) -> None:
    page.goto("/write")
    expect(page.get_by_role("textbox", name="Prompt", exact=True)).to_be_visible()
    expect(page.get_by_role("textbox", name="Config, as a JSON object")).to_be_visible()
    assert page.locator(".editor .cm-variable").all_inner_texts() == ["{{company}}", "{{language}}", "{{question}}"]
    family = _prompt(page).evaluate("(content) => getComputedStyle(content).fontFamily")
    assert family.startswith('"JetBrains Mono"')


def test_the_editor_finds_and_replaces(page: Page) -> None:
    page.goto("/write")
    _prompt(page).click()
    page.keyboard.press("Control+f")
    page.get_by_role("textbox", name="Find").fill("{{company}}")
    page.get_by_role("textbox", name="Replace").fill("{{shop}}")
    page.get_by_role("button", name="replace all").click()
    expect(page.locator(".editor .cm-variable").first).to_have_text("{{shop}}")
    assert "{{company}}" not in _prompt(page).inner_text()


def test_json_that_is_wrong_is_marked_in_place(page: Page) -> None:
    page.goto("/write")
    config = page.locator(".editor .cm-content").nth(1)
    config.click()
    page.keyboard.press("Control+Home")
    page.keyboard.type("[")
    expect(page.locator(".editor .cm-lint-marker-error")).to_be_visible()
    page.keyboard.press("Backspace")
    expect(page.locator(".editor .cm-lint-marker-error")).to_have_count(0)


def test_a_text_can_be_tried_and_stays_text(page: Page) -> None:
    page.goto("/write")
    page.get_by_label("company").fill("<img src=x onerror=alert(1)>")
    result = page.locator("[data-try-result]")
    expect(result).to_contain_text("customers of <img src=x onerror=alert(1)> in {{language}}.")
    assert result.locator("img").count() == 0
    _prompt(page).click()
    page.keyboard.press("Control+End")
    page.keyboard.type("{{sign}}")
    expect(page.get_by_label("sign", exact=True)).to_be_visible()
    expect(page.get_by_label("company")).to_have_value("<img src=x onerror=alert(1)>")


# Resolves once there is a draft. Playwright's own way to wait for a condition is not allowed by the policy of the pages.
KEPT = """new Promise((resolve) => {
  const look = () => (localStorage.getItem('promptuary-draft:1:1/support-reply') ? resolve() : setTimeout(look, 20));
  look();
})"""


def _draft(page: Page) -> Any:
    return json.loads(page.evaluate("localStorage.getItem('promptuary-draft:1:1/support-reply')") or "null")


def _write(page: Page, text: str) -> None:
    _prompt(page).click()
    page.keyboard.press("Control+Home")
    page.keyboard.type(text)
    page.evaluate(KEPT)


def test_a_draft_outlives_its_page_and_comes_back_with_its_base(page: Page) -> None:
    page.on("dialog", lambda dialog: dialog.accept())
    page.goto("/write")
    _write(page, "Draft. ")
    page.goto("/write?base=13")
    expect(page.get_by_text("it was begun from version 12")).to_be_visible()
    page.get_by_role("button", name="Restore it").click()
    expect(_prompt(page)).to_contain_text("Draft. # Role")
    assert page.locator("[name=base_version]").input_value() == "12"
    page.goto("/write")
    page.get_by_role("button", name="Discard it").click()
    assert _draft(page) is None


def test_leaving_with_something_unpublished_asks_first(page: Page) -> None:
    asked: list[str] = []

    def accept(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.accept()

    page.on("dialog", accept)
    page.goto("/write")
    page.goto("/activity")
    assert asked == []
    page.goto("/write")
    _write(page, "Draft. ")
    page.goto("/activity")
    assert asked == ["beforeunload"]


@pytest.mark.parametrize(
    ("then", "is_kept"),
    [
        ("activity?notice=Published+version+13.", False),
        ("activity", True),
        ("write?notice=Nothing+yet.", True),
        ("parts?notice=Somebody+else+published.", True),
    ],
    ids=["published", "an error page", "the form again", "a page that carries it on"],
)
def test_only_a_published_draft_is_forgotten(page: Page, then: str, is_kept: bool) -> None:  # noqa: FBT001
    page.goto(f"/write?then={then.replace('?', '%3F').replace('+', '%2B')}")
    _write(page, "Draft. ")
    with page.expect_navigation():
        page.get_by_role("button", name="Review and publish").click()
    expect(page.locator("html.scripted")).to_have_count(1)
    assert (_draft(page) is not None) == is_kept
