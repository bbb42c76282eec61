"""The menu of projects with 200 projects, in a browser: found by typing, with the keyboard, and without scripts."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from chromium import NEEDS_CHROMIUM, open_context, open_page, overflow_of, violations_of
from playwright.sync_api import Browser, expect
from staging import AUTHOR, PROJECT, running_demo, sign_in, signed_in_context

from promptuary.model.access import Role
from promptuary.registry.operator import members, projects
from promptuary.store.engine.database import Database

pytestmark = NEEDS_CHROMIUM

MORE = {150: " of wind turbines", 160: "\u202e"}


@pytest.fixture(scope="module")
def origin(demo: Path) -> Iterator[str]:
    with running_demo(demo) as address:
        database = Database.open(f"sqlite:///{demo}")
        with database.write() as tx:
            for number in range(199):
                project = projects.create_project(tx, name=f"Team {number:03}{MORE.get(number, '')}")
                members.set_member(tx, project_id=project.id, email=AUTHOR, role=Role.EDITOR)
        database.close()
        yield address


@pytest.mark.parametrize("width", [390, 1280])
def test_a_project_is_found_by_typing_and_opened_with_the_keyboard(browser: Browser, origin: str, width: int) -> None:
    with signed_in_context(browser, origin, AUTHOR, width=width) as context:
        page, complaints = open_page(context, f"{PROJECT}/prompts/")
        page.locator(".switcher > summary").press("Enter")
        field = page.get_by_label("Find a project")
        expect(field).to_be_focused()
        expect(page.locator(".switcher .found a")).to_have_count(10)
        assert violations_of(page) == []
        page.keyboard.type("15")
        expect(page.locator(".switcher .found a")).to_have_count(12)
        expect(page.locator("main > [role=status]")).to_have_text("12 projects.")
        page.keyboard.press("ArrowDown")
        expect(page.locator(".switcher .found a").first).to_be_focused()
        page.keyboard.press("ArrowUp")
        expect(field).to_be_focused()
        page.keyboard.type("x")
        expect(page.locator(".switcher .found")).to_have_text("No project found")
        assert violations_of(page) == []
        field.fill("160")
        expect(page.locator(".switcher .found a .hidden-character")).to_have_attribute("data-code", "U+202E")
        field.fill("")
        expect(page.locator(".switcher .found a")).to_have_count(10)
        field.fill("turbines 15")
        expect(page.locator(".switcher .found a")).to_have_text(["Team 150 of wind turbines"])
        assert overflow_of(page) == 0
        page.keyboard.press("Enter")
        expect(page.locator(".switcher > summary .name")).to_have_text("Team 150 of wind turbines")
        page.locator(".switcher > summary").click()
        expect(field).to_be_focused()
        page.keyboard.type("Team 00")
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", name="Projects", exact=True)).to_be_visible()
        expect(page.get_by_role("searchbox")).to_have_value("Team 00")
        expect(page.locator("[data-live] [role=status]")).to_contain_text("11 projects")
        assert violations_of(page) == []
        page.locator(".switcher > summary").click()
        page.keyboard.press("Escape")
        expect(page.locator(".switcher > summary")).to_be_focused()
        assert complaints == []


def test_a_project_is_found_without_scripts(browser: Browser, origin: str) -> None:
    with open_context(browser, origin, scripts=False) as context:
        page, _ = sign_in(context, AUTHOR)
        page.locator(".switcher > summary").click()
        page.get_by_label("Find a project").fill("turbines")
        page.keyboard.press("Enter")
        page.get_by_role("link", name="Team 150 of wind turbines").click()
        expect(page.locator(".switcher > summary .name")).to_have_text("Team 150 of wind turbines")
        page.locator(".switcher > summary").click()
        page.get_by_role("link", name="All 200 projects").click()
        page.get_by_role("link", name="Next page →").click()
        expect(page.get_by_text("Page 2 of 2")).to_be_visible()
