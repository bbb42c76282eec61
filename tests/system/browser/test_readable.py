"""Every main page, filled with the demo's data, in a real browser: in nobody's way, by day and by night, wide and narrow."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from chromium import NEEDS_CHROMIUM, open_context, open_each, open_page, overflow_of, overflows_of, violations_by_day_and_night
from long_names import KEY_LABEL, NEW_EMAIL, LongNames, make_long_names
from playwright.sync_api import Browser, BrowserContext, Page
from staging import AUTHOR, PAGES, PROJECT, signed_in_context

import promptuary
from promptuary.store.engine.database import Database

pytestmark = NEEDS_CHROMIUM

NARROW = (360, 390)
STYLES = Path(promptuary.__file__).parent / "web/static/css"


def test_by_night_colors_differ_and_nothing_else() -> None:
    styles = {path.name: path.read_text() for path in STYLES.glob("*.css")}
    assert [name for name, style in styles.items() if "prefers-color-scheme" in style] == ["tokens.css"]
    [night] = re.findall(r"@media \(prefers-color-scheme: dark\) \{\n  :root \{\n(.*?)\n  \}\n\}", styles["tokens.css"], re.DOTALL)
    changed = [
        re.fullmatch(r" +--[\w-]+: (?:0 0\.5rem 1\.5rem )?(?:#[0-9a-f]{6}|rgb\([^)]*\));", line) for line in night.splitlines()
    ]
    assert len(changed) > 10
    assert None not in changed
    assert styles["tokens.css"].count("prefers-color-scheme") == 1


@pytest.mark.parametrize("width", [360, 1280])
def test_all_can_read_every_page_and_none_scrolls_sideways(browser: Browser, origin: str, width: int) -> None:
    found = {}
    with signed_in_context(browser, origin, AUTHOR, width=width) as context:
        for name, page, complaints in open_each(context, PAGES):
            found[name] = (violations_by_day_and_night(page), [*complaints], overflow_of(page))
    assert found == {name: ([], [], 0) for name in PAGES}


def _write(page: Page, text: str) -> None:
    """Go from the editor of a prompt at version 1 to the review of its next one."""
    page.locator(".editor .cm-content >> nth=0").fill(text)
    page.get_by_role("button", name="Review and publish").click()
    page.get_by_role("heading", name="Publish version 2 of").wait_for()


@pytest.mark.parametrize("width", [360, 1280])
def test_all_can_read_the_pages_behind_forms(browser: Browser, origin: str, width: int) -> None:
    name = f"greeting-{width}"
    found = {}

    def look(what: str, page: Page) -> None:
        found[what] = (violations_by_day_and_night(page), overflow_of(page))

    with signed_in_context(browser, origin, AUTHOR, width=width) as context:
        page, _ = open_page(context, f"{PROJECT}/new-prompt/")
        page.get_by_label("Name").fill(name)
        page.locator(".editor .cm-content >> nth=0").fill("one\ntwo")
        page.get_by_role("button", name="Create").click()
        page.get_by_role("heading", name=name).wait_for()
        mine, theirs = (open_page(context, f"{PROJECT}/prompts/{name}/edit/")[0] for _ in range(2))
        _write(theirs, "uno\ntwo")
        look("review", theirs)
        _write(mine, "eins\ntwo")
        theirs.get_by_role("button", name="Publish", exact=True).click()
        theirs.get_by_text("Version 2 is published.").wait_for()
        look("notice", theirs)
        mine.get_by_role("button", name="Publish", exact=True).click()
        mine.get_by_role("heading", name="Another user published a version").wait_for()
        look("conflict", mine)
        page.goto(f"{PROJECT}/prompts/none/")
        look("missing", page)
        page.goto("/settings/keys/")
        page.get_by_label("Label").fill("A key")
        page.get_by_role("button", name="Create the key").click()
        page.get_by_text("Copy it now.").wait_for()
        look("new key", page)
    with open_context(browser, origin, width=width) as stranger:
        page, _ = open_page(stranger, "/sign-in")
        look("sign in", page)
        page.get_by_label("E-mail address").fill("nobody@example.com")
        page.get_by_label("Password").fill("none at all")
        page.get_by_role("button", name="Sign in").click()
        page.get_by_role("alert").wait_for()
        look("refused", page)
    assert {what: answer for what, answer in found.items() if answer != ([], 0)} == {}
    assert len(found) == 7


@pytest.mark.parametrize("width", [360, 1280])
def test_all_can_read_an_invitation_and_the_page_it_leads_to(browser: Browser, origin: str, width: int) -> None:
    email = f"invited-{width}@example.com"
    found = {}

    def look(what: str, page: Page) -> None:
        found[what] = (violations_by_day_and_night(page), overflow_of(page))

    with signed_in_context(browser, origin, AUTHOR, width=width) as context:
        page, _ = open_page(context, f"{PROJECT}/settings/")
        page.get_by_label("E-mail address").fill(email)
        page.get_by_role("button", name="Add the member").click()
        page.get_by_role("button", name=f"Invite {email}").wait_for()
        look("question", page)
        page.get_by_role("button", name=f"Invite {email}").click()
        link = page.locator("#new-link").inner_text()
        look("invitation", page)
    with open_context(browser, origin, width=width) as stranger:
        page, _ = open_page(stranger, link)
        page.get_by_role("heading", name="Create your account").wait_for()
        look("welcome", page)
        page.get_by_label("Password", exact=True).fill("short")
        page.get_by_label("Repeat the password").fill("short")
        page.get_by_role("button", name="Create the account").click()
        page.get_by_text("A password has 8 to").wait_for()
        look("refused", page)
    assert found == dict.fromkeys(("question", "invitation", "welcome", "refused"), ([], 0))


@pytest.fixture(scope="module")
def long_names(demo: Path) -> Iterator[LongNames]:
    """A project with the longest names beside the demo's, which the server of the demo shows."""
    database = Database.open(f"sqlite:///{demo}")
    with database.write() as tx:
        made = make_long_names(tx)
    yield made
    database.close()


@pytest.fixture
def narrow(browser: Browser, origin: str, long_names: LongNames) -> Iterator[BrowserContext]:
    """A narrow window in which an admin of the project with the longest names is signed in."""
    with open_context(browser, origin, width=NARROW[0]) as context:
        context.add_cookies([{"name": "promptuary", "value": long_names.session, "url": origin}])
        yield context


def test_no_page_scrolls_sideways_however_long_the_names_on_it_are(narrow: BrowserContext, long_names: LongNames) -> None:
    found = {}
    for name, page, complaints in open_each(narrow, long_names.pages):
        found[name] = (overflows_of(page, *NARROW), [*complaints])
    assert found == {name: ([0, 0], []) for name in long_names.pages}


def test_no_page_behind_a_form_scrolls_sideways_however_long_the_names_on_it_are(
    narrow: BrowserContext, long_names: LongNames
) -> None:
    found = {}
    page, _ = open_page(narrow, f"{long_names.project}/settings/")
    page.get_by_label("E-mail address").fill(NEW_EMAIL)
    page.get_by_role("button", name="Add the member").click()
    page.get_by_role("button", name="Invite").wait_for()
    found["question"] = overflows_of(page, *NARROW)
    page.get_by_role("button", name="Invite").click()
    page.locator("#new-link").wait_for()
    found["invitation"] = overflows_of(page, *NARROW)
    page.goto("/settings/keys/")
    page.get_by_label("Label").fill(KEY_LABEL)
    page.get_by_role("button", name="Create the key").click()
    page.get_by_text("Copy it now.").wait_for()
    found["new key"] = overflows_of(page, *NARROW)
    page.goto(long_names.pages["prompt"].replace("Prompt", "None"))
    page.get_by_role("heading", name="Not found").wait_for()
    found["missing"] = overflows_of(page, *NARROW)
    assert found == {name: [0, 0] for name in ("question", "invitation", "new key", "missing")}
