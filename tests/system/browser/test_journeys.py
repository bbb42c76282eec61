"""What people do from end to end: a real server process on SQLite and a real browser, which must have nothing to complain of."""

import re
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from chromium import NEEDS_CHROMIUM, open_context, open_page
from playwright.sync_api import Browser, Page, expect
from posthog.ai.prompts import Prompts
from serving import running_server
from staging import AUTHOR, PASSWORD, PROJECT, REVIEWER, VIEWER, sign_in

pytestmark = NEEDS_CHROMIUM

PROMPTS = f"{PROJECT}/prompts"
# Where a prompt is written: the editor, which takes the place of a plain field as soon as its script is there.
EDITOR = ".editor .cm-content >> nth=0"
PLAIN = "#prompt"


class People:
    """Opens browsers, each with one person in it, and gathers what their consoles say."""

    def __init__(self, browser: Browser, origin: str, stack: ExitStack) -> None:
        self._browser, self._origin, self._stack = browser, origin, stack
        self.complaints: list[list[str]] = []

    def enter(self, email: str, *, scripts: bool = True) -> Page:
        context = self._stack.enter_context(open_context(self._browser, self._origin, scripts=scripts))
        page, complaints = sign_in(context, email)
        self.complaints.append(complaints)
        return page


@pytest.fixture
def people(browser: Browser, origin: str) -> Iterator[People]:
    with ExitStack() as stack:
        people = People(browser, origin, stack)
        yield people
        assert [said for complaints in people.complaints for said in complaints] == []


def _create(page: Page, name: str, text: str, *, field: str = EDITOR) -> None:
    page.goto(f"{PROJECT}/new-prompt/")
    page.get_by_label("Name").fill(name)
    page.locator(field).fill(text)
    page.get_by_role("button", name="Create", exact=True).click()
    expect(page.get_by_role("heading", name=name, exact=True)).to_be_visible()


def _publish(page: Page, name: str, text: str, *, field: str = EDITOR) -> None:
    page.goto(f"{PROMPTS}/{name}/edit/")
    page.locator(field).fill(text)
    page.get_by_role("button", name="Review and publish").click()
    page.get_by_role("button", name="Publish", exact=True).click()
    expect(page.get_by_text(re.compile(r"^Version \d+ is published"))).to_be_visible()


def test_a_row_with_the_focus_shows_its_exact_time(people: People) -> None:
    page = people.enter(VIEWER)
    shown = "getComputedStyle(document.querySelector('.listing tbody time'), '::after').content"
    time = page.locator(".listing tbody time").first
    assert page.evaluate(shown) == "none"
    page.keyboard.press("/")
    page.keyboard.press("ArrowDown")
    assert page.evaluate(shown) == f'"{time.get_attribute("title")}"'


def test_from_the_first_start_to_a_program_that_fetches_the_first_prompt(browser: Browser, sqlite_url: str, tmp_path: Path) -> None:
    with running_server(sqlite_url, tmp_path / "output.txt") as server:
        secret = {kind: re.search(rf"{kind}_[\w-]+", server.output) for kind in ("phx", "phc")}
        welcome = re.search(r"/welcome/[\w-]+", server.output)
        assert welcome
        with open_context(browser, server.url) as context:
            page, complaints = open_page(context, welcome[0])
            page.get_by_label("First name").fill("Ada")
            page.get_by_label("E-mail address").fill("ada@example.com")
            page.get_by_label("Password", exact=True).fill(PASSWORD)
            page.get_by_label("Repeat the password").fill(PASSWORD)
            page.get_by_role("button", name="Create the account").click()
            page.get_by_role("link", name="Write the first prompt").click()
            page.get_by_label("Name").fill("greeting")
            page.locator(EDITOR).fill("Hello, {{name}}!")
            page.get_by_role("button", name="Create", exact=True).click()
            expect(page.get_by_label("Text", exact=True)).to_have_text("Hello, {{name}}!")
        token, key = secret["phc"], secret["phx"]
        assert token
        assert key
        prompts = Prompts(personal_api_key=key[0], project_api_key=token[0], host=server.url)
        fetched = prompts.get("greeting", with_metadata=True)
    assert (fetched.source, fetched.prompt, fetched.version) == ("api", "Hello, {{name}}!", 1)
    assert complaints == []


def test_who_publishes_second_brings_both_texts_together(people: People) -> None:
    author, reviewer = people.enter(AUTHOR), people.enter(REVIEWER)
    _create(author, "contested", "Be kind.\n\nAnswer in English.\n\nBe brief.")
    for page, text in (
        (reviewer, "Be kind.\n\nAnswer in German.\n\nBe very brief."),
        (author, "Be very kind.\n\nAnswer in French.\n\nBe brief."),
    ):
        page.goto(f"{PROMPTS}/contested/edit/")
        page.locator(EDITOR).fill(text)
        page.get_by_role("button", name="Review and publish").click()
        expect(page.get_by_role("heading", name="Publish version 2 of contested?")).to_be_visible()
    reviewer.get_by_role("button", name="Publish", exact=True).click()
    expect(reviewer.get_by_text("Version 2 is published.")).to_be_visible()

    author.get_by_role("button", name="Publish", exact=True).click()
    expect(author.get_by_role("heading", name="Another user published a version")).to_be_visible()
    author.get_by_label("Take yours", exact=True).first.check()
    author.get_by_role("button", name="Review the result").click()
    author.get_by_role("button", name="Publish", exact=True).click()
    expect(author.get_by_text("Version 3 is published.")).to_be_visible()
    expect(author.get_by_label("Text", exact=True)).to_have_text("Be very kind.\n\nAnswer in French.\n\nBe very brief.")
    people.complaints[0].remove("Failed to load resource: the server responded with a status of 409 (Conflict)")


def test_a_label_is_moved_and_rolled_back(people: People) -> None:
    page = people.enter(AUTHOR)
    _create(page, "released", "First.")
    _publish(page, "released", "Second.")
    for version, button in ((1, "Set production"), (2, "Move production"), (1, "Move production")):
        page.goto(f"{PROMPTS}/released/labels/")
        page.get_by_label("Label", exact=True).fill("production")
        page.get_by_label("Version", exact=True).fill(str(version))
        page.get_by_role("button", name="Review the change").click()
        page.get_by_role("button", name=button).click()
        expect(page.get_by_role("status").first).to_contain_text("production")
        page.goto(f"{PROMPTS}/released/?label=production")
        expect(page.get_by_label("Text", exact=True)).to_have_text({1: "First.", 2: "Second."}[version])


WRITING = re.compile(
    r"new prompt|^edit|^more|publish|duplicate|archive |restore|set a label|set or move|remove|save|replace|add ", re.IGNORECASE
)
READ = [
    f"{PROMPTS}/",
    f"{PROMPTS}/support-reply/",
    f"{PROMPTS}/support-reply/?version=1",
    *(f"{PROMPTS}/support-reply/{part}/" for part in ("compare", "labels", "use", "usage", "activity")),
    f"{PROMPTS}/support-reply/labels/history/?label=production",
    *(f"{PROJECT}/{part}/" for part in ("release", "archive", "activity", "settings")),
]


def test_a_viewer_sees_no_way_to_write(people: People) -> None:
    author, viewer = people.enter(AUTHOR), people.enter(VIEWER)
    author.goto(f"{PROMPTS}/support-reply/")
    expect(author.get_by_role("link", name=WRITING).first).to_be_visible()
    for address in READ:
        viewer.goto(address)
        expect(viewer.locator("h1")).to_be_visible()
        expect(viewer.locator("main").get_by_role("link", name=WRITING)).to_have_count(0)
        expect(viewer.locator("main").get_by_role("button", name=WRITING)).to_have_count(0)
        expect(viewer.locator("main form[method=post]")).to_have_count(0)
    viewer.goto(f"{PROMPTS}/support-reply/")
    viewer.keyboard.press("e")
    expect(viewer).to_have_url(re.compile(r"/support-reply/$"))


def test_all_is_written_without_scripts(people: People) -> None:
    page = people.enter(AUTHOR, scripts=False)
    _create(page, "unscripted", "First.", field=PLAIN)
    _publish(page, "unscripted", "Second, for {{customer}}.", field=PLAIN)
    expect(page.get_by_label("Text", exact=True)).to_have_text("Second, for {{customer}}.")
    page.goto(f"{PROMPTS}/unscripted/labels/set/?label=production&version=2")
    page.get_by_role("button", name="Set production").click()
    page.goto(f"{PROMPTS}/unscripted/archive/")
    page.get_by_role("button", name="Archive unscripted").click()
    page.goto(f"{PROJECT}/archive/")
    page.get_by_role("button", name="Restore unscripted").click()
    page.goto(f"{PROMPTS}/unscripted/")
    expect(page.get_by_label("Text", exact=True)).to_have_text("Second, for {{customer}}.")


def test_a_prompt_is_found_written_and_published_with_keys_alone(people: People) -> None:
    page = people.enter(AUTHOR)
    _create(page, "keyboard-only", "Answer.")
    page.goto(f"{PROMPTS}/")
    page.keyboard.press("/")
    page.keyboard.type("keyboard-only")
    expect(page.locator(".listing tbody tr")).to_have_count(1)
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="keyboard-only", exact=True)).to_be_visible()
    page.keyboard.press("e")
    expect(page.get_by_role("heading", name="Edit keyboard-only")).to_be_visible()
    page.locator(EDITOR).focus()
    page.keyboard.press("Control+End")
    page.keyboard.type(" Kindly.")
    page.keyboard.press("Control+Enter")
    expect(page.get_by_role("heading", name="Publish version 2 of keyboard-only?")).to_be_visible()
    page.keyboard.press("Control+Enter")
    expect(page.get_by_text("Version 2 is published.")).to_be_visible()
    expect(page.get_by_label("Text", exact=True)).to_have_text("Answer. Kindly.")
