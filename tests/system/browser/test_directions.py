"""Texts and names that are read from right to left, in a browser: each line in the direction of its own script."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from builders import make_actor
from chromium import NEEDS_CHROMIUM, open_page
from playwright.sync_api import Browser, Locator, expect
from staging import AUTHOR, PROJECT, running_demo, signed_in_context

from promptuary.registry import prompts
from promptuary.registry.operator import projects, users
from promptuary.store.engine.database import Database

pytestmark = NEEDS_CHROMIUM

ENGLISH, HEBREW, ARABIC = "Answer briefly.", "ענה בקצרה.", "أجب باختصار."
NOTE, PROJECT_NAME = "הערה", "פרויקט (2)"


@pytest.fixture(scope="module")
def origin(demo: Path) -> Iterator[str]:
    with running_demo(demo) as address:
        database = Database.open(f"sqlite:///{demo}")
        with database.write() as tx:
            project = projects.rename_project(tx, 1, name=PROJECT_NAME)
            actor = make_actor(project, users.get_user(tx, AUTHOR))
            prompts.create_prompt(tx, actor, name="greeting", prompt=f"{ENGLISH}\n{HEBREW}\n{ARABIC}")
        database.close()
        yield address


def test_a_browser_reads_every_line_of_the_editor_and_every_name_in_its_own_direction(browser: Browser, origin: str) -> None:
    with signed_in_context(browser, origin, AUTHOR) as context:
        page, complaints = open_page(context, f"{PROJECT}/prompts/greeting/edit/")
        lines = page.locator(".editor").first.locator(".cm-line")
        expect(lines).to_have_count(3)
        assert [direction_of(line) for line in lines.all()] == ["ltr", "rtl", "rtl"]
        assert direction_of(page.locator(".switcher > summary .name")) == "rtl"
        assert direction_of(page.locator("h1 bdi")) == "ltr"
        page.get_by_label("Note").fill(NOTE)
        assert direction_of(page.get_by_label("Note")) == "rtl"
        page.goto("/projects/")
        assert direction_of(page.get_by_role("link", name=PROJECT_NAME)) == "rtl"
        assert complaints == []


def direction_of(locator: Locator) -> str:
    direction: str = locator.evaluate("element => getComputedStyle(element).direction")
    return direction
