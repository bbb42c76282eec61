"""Archived prompts: they are read, restored under their name or another one, and old links say where they are."""

import html
import re

import pytest
from browsing import browser_of
from builders import Api
from fastapi.testclient import TestClient
from prompt_pages import follow, latest, make, path, publish, text_of

from promptuary.model.access import Role
from promptuary.registry import labels, prompts


@pytest.fixture
def archived(web: Api) -> str:
    """The address of an archived prompt with two versions."""
    make(web)
    publish(web, base=1, prompt="the newest <text>\u202e", config={"model": "small"})
    with web.registry.database.write() as tx:
        version = prompts.fetch_prompt(tx, web.registry.actor, "greeting")
        prompts.archive_prompt(tx, web.registry.actor, name="greeting")
    return path(web, f"archive/{version.id}/")


def test_an_archived_prompt_can_be_read(web: Api, archived: str) -> None:
    viewer = browser_of(web, Role.VIEWER)
    listed = viewer.get(path(web, "archive/"))
    assert archived in listed.text
    shown = viewer.get(archived)
    assert "the newest &lt;text&gt;" in shown.text
    assert 'data-code="U+202E"' in shown.text
    assert '"model": "small"' in text_of(shown)
    assert "Restore" not in text_of(shown)
    assert "one two three" in text_of(viewer.get(f"{archived}?version=1"))
    assert viewer.get(f"{archived}?version=3").status_code == 404
    for nothing in ("nothing", "%00", "00000000-0000-4000-8000-000000000000"):
        assert viewer.get(path(web, f"archive/{nothing}/")).status_code == 404


def test_an_archived_prompt_says_which_labels_it_had_and_why_it_was_archived(web: Api, browser: TestClient) -> None:
    make(web)
    with web.registry.database.write() as tx:
        for label in ("beta", "production", "staging"):
            labels.move_label(tx, web.registry.actor, name="greeting", label=label, version=1)
        labels.remove_label(tx, web.registry.actor, name="greeting", label="beta")
        version = prompts.fetch_prompt(tx, web.registry.actor, "greeting")
        prompts.archive_prompt(tx, web.registry.actor, name="greeting", reason="retired")
    shown = text_of(browser.get(path(web, f"archive/{version.id}/")))
    assert "Until then it had production v1 staging v1 · Reason: retired" in shown


def test_an_archived_prompt_is_restored_under_another_name(web: Api, browser: TestClient, archived: str) -> None:
    make(web, prompt="a new one of the name")
    version_id = archived.rstrip("/").rpartition("/")[2]
    address = path(web, "prompts/greeting/unarchive/")
    for name, problem in (("greeting", "Choose another name."), ("not a name", "Only letters")):
        refused = browser.post(address, data={"id": version_id, "new_name": name})
        assert refused.status_code == 400
        assert problem in text_of(refused)
        assert f'value="{name}"' in refused.text
    done = browser.post(address, data={"id": version_id, "new_name": "greeting-old"})
    assert follow(browser, done) == "greeting-old is back, without labels."
    assert latest(web, "greeting-old") == (2, "the newest <text>\u202e", {"model": "small"})
    assert latest(web)[1] == "a new one of the name"
    listed = text_of(browser.get(path(web, "prompts/?search=newest")))
    assert "greeting-old" in listed


@pytest.mark.parametrize("rest", ["", "edit/", "labels/", "?version=1", "compare/"])
def test_old_links_lead_to_the_archived_prompt(web: Api, browser: TestClient, archived: str, rest: str) -> None:
    shown = browser.get(path(web, f"prompts/greeting/{rest}"))
    assert shown.status_code == 404
    link = re.search(r'<a href="([^"]*)">Read or restore the archived prompt', shown.text)
    assert link
    assert html.unescape(link[1]) == archived
    assert "was archived" not in text_of(browser.get(path(web, "prompts/never-there/")))
