"""Texts, names and notes that are read from right to left: each part of a page reads in the direction of its own script."""

import re
from html.parser import HTMLParser

import pytest
from browsing import browser_of
from builders import Api
from fastapi.testclient import TestClient
from httpx2 import Response
from prompt_pages import make, path

from promptuary.model.access import Role
from promptuary.registry import labels, prompts
from promptuary.registry.operator import projects

HEBREW = "ענה בקצרה."
NOTE, PROJECT_NAME = "הערה", "פרויקט (2)"
VOID = {"area", "br", "col", "hr", "img", "input", "link", "meta", "rect", "wbr"}


class Directions(HTMLParser):
    """Reads a page and notes the texts that stand in no element with a direction of its own."""

    def __init__(self) -> None:
        super().__init__()
        self._open: list[tuple[str, bool]] = []
        self.directed: list[str] = []
        self.undirected: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in VOID:
            self._open.append((tag, tag == "bdi" or ("dir", "auto") in attrs))

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        (self.directed if any(is_directed for _, is_directed in self._open) else self.undirected).append(data)


def read_directions(answer: Response) -> Directions:
    directions = Directions()
    directions.feed(answer.text)
    return directions


@pytest.fixture
def hebrew(web: Api) -> Api:
    """A project with a Hebrew name, and a prompt in it with a Hebrew text and note."""
    with web.registry.database.write() as tx:
        projects.rename_project(tx, web.registry.project.id, name=PROJECT_NAME)
    make(web, prompt="old")
    with web.registry.database.write() as tx:
        prompts.publish_version(tx, web.registry.actor, name="greeting", prompt=HEBREW, base_version=1, description=NOTE)
        labels.move_label(tx, web.registry.actor, name="greeting", label="staging", version=2)
        labels.move_label(tx, web.registry.actor, name="greeting", label="production", version=1)
        labels.move_label(tx, web.registry.actor, name="greeting", label="production", version=2, reason=NOTE)
        labels.move_label(tx, web.registry.actor, name="greeting", label="production", version=1)
    return web


@pytest.mark.parametrize(
    "rest",
    [
        "prompts/",
        "prompts/?search=none",
        "activity/",
        "settings/",
        "new-prompt/",
        "prompts/greeting/",
        "prompts/greeting/?version=1",
        "prompts/greeting/?version=9",
        "prompts/greeting/edit/",
        "prompts/greeting/compare/?from=1&to=2",
        "prompts/greeting/history/?before=3",
        "prompts/greeting/activity/",
        "prompts/greeting/duplicate/",
        "prompts/greeting/archive/",
        "prompts/greeting/labels/remove/?label=production",
        "prompts/greeting/labels/undo/?label=production",
        "prompts/greeting/labels/history/?label=production",
        "prompts/greeting/at/?at=2026-03-01T12:31",
        "release/?from=staging&to=production",
    ],
)
def test_every_name_and_note_has_a_direction_of_its_own(hebrew: Api, rest: str) -> None:
    shown = read_directions(browser_of(hebrew, Role.ADMIN).get(path(hebrew, rest)))
    for text in (PROJECT_NAME, NOTE, HEBREW):
        assert [each for each in shown.undirected if text in each] == []
    assert [each for each in shown.directed if PROJECT_NAME in each]


@pytest.mark.parametrize(
    "rest", ["prompts/", "archive/", "prompts/greeting/", "prompts/greeting/edit/", "prompts/greeting/archive/"]
)
def test_names_of_prompts_have_a_direction_of_their_own(hebrew: Api, browser: TestClient, rest: str) -> None:
    make(hebrew, name="other")
    with hebrew.registry.database.write() as tx:
        prompts.archive_prompt(tx, hebrew.registry.actor, name="other")
    shown = read_directions(browser.get(path(hebrew, rest)))
    for name in ("greeting", "other"):
        assert [each for each in shown.undirected if name in each.split()] == []


def test_texts_and_fields_have_a_direction_of_their_own(hebrew: Api, browser: TestClient) -> None:
    shown = read_directions(browser.get(path(hebrew, "prompts/greeting/")))
    assert {HEBREW, NOTE} <= {text.strip() for text in shown.directed}
    form = browser.get(path(hebrew, "prompts/greeting/edit/")).text
    assert re.findall(r'<(?:textarea|input)[^>]*name="(prompt|config|note)" dir="auto"', form) == ["prompt", "config", "note"]
