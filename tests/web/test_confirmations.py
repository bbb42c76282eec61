"""What a review or a form shows is what its button does: nothing is changed that has moved in the meantime."""

import re

import pytest
from browsing import browser_of
from builders import Api
from fastapi.testclient import TestClient
from httpx2 import Response
from prompt_pages import follow, headline, latest, make, path, publish, text_of
from web_forms import addresses_of, form_of

from promptuary.model.access import Role
from promptuary.model.errors import PromptNotFound
from promptuary.registry import labels, prompts

GONE = "The prompt 'greeting' that you looked at was archived in the meantime. Nothing was changed."


def place(web: Api, version: int, label: str = "production") -> None:
    with web.registry.database.write() as tx:
        labels.move_label(tx, web.registry.actor, name="greeting", label=label, version=version)


def position(web: Api, label: str = "production") -> int | None:
    with web.registry.database.read() as tx:
        version = prompts.fetch_prompt(tx, web.registry.actor, "greeting")
    return next((pointer.version for pointer in version.prompt_labels if pointer.name == label), None)


def send(browser: TestClient, shown: Response, address: str) -> Response:
    """Press the button of a page's form."""
    return browser.post(address, data=form_of(shown, address))


@pytest.fixture
def three_versions(web: Api) -> None:
    make(web)
    publish(web, base=1, prompt="second")
    publish(web, base=2, prompt="third")


@pytest.mark.usefixtures("three_versions")
def test_a_label_that_was_moved_since_the_review_stays_and_the_review_is_shown_again(web: Api, browser: TestClient) -> None:
    place(web, 1)
    address = path(web, "prompts/greeting/labels/set/")
    review = browser.get(f"{address}?label=production&version=2")
    place(web, 3)
    again = send(browser, review, address)
    assert again.status_code == 409
    assert headline(again) == "production: v3 → v2"
    assert "production was moved in the meantime. Nothing was changed." in text_of(again)
    assert position(web) == 3
    assert follow(browser, send(browser, again, address)) == "production now points at version 2."
    assert position(web) == 2


@pytest.mark.usefixtures("three_versions")
def test_a_label_that_somebody_set_since_the_review_of_a_new_one_stays(web: Api, browser: TestClient) -> None:
    address = path(web, "prompts/greeting/labels/set/")
    review = browser.get(f"{address}?label=production&version=1")
    place(web, 3)
    assert headline(send(browser, review, address)) == "production: v3 → v1"
    assert position(web) == 3


@pytest.mark.usefixtures("three_versions")
def test_a_label_that_was_removed_or_is_there_already_since_the_review_is_told(web: Api, browser: TestClient) -> None:
    place(web, 1)
    address = path(web, "prompts/greeting/labels/set/")
    review = browser.get(f"{address}?label=production&version=2")
    place(web, 2)
    assert headline(send(browser, review, address)) == "production already points at v2"
    with web.registry.database.write() as tx:
        labels.remove_label(tx, web.registry.actor, name="greeting", label="production")
    assert headline(send(browser, review, address)) == "production: nothing → v2"
    assert position(web) is None


@pytest.mark.usefixtures("three_versions")
def test_a_label_that_was_moved_since_the_review_of_its_removal_stays(web: Api, browser: TestClient) -> None:
    place(web, 1)
    address = path(web, "prompts/greeting/labels/remove/")
    review = browser.get(f"{address}?label=production")
    place(web, 3)
    again = send(browser, review, address)
    assert (again.status_code, headline(again)) == (409, "Remove production from v3?")
    assert position(web) == 3
    assert follow(browser, send(browser, again, address)) == "production is removed."


@pytest.mark.usefixtures("three_versions")
def test_a_prompt_whose_labels_or_versions_changed_since_the_review_is_not_archived(web: Api, browser: TestClient) -> None:
    address = path(web, "prompts/greeting/archive/")
    review = browser.get(address)
    place(web, 3)
    again = send(browser, review, address)
    assert again.status_code == 409
    assert "Its labels go: production v3" in text_of(again)
    publish(web, base=3, prompt="fourth")
    again = send(browser, again, address)
    assert again.status_code == 409
    assert "All 4 versions are kept" in text_of(again)
    assert follow(browser, send(browser, again, address)).startswith("greeting is archived.")


def test_another_prompt_that_has_the_name_by_now_is_not_archived(web: Api, browser: TestClient) -> None:
    make(web)
    address = path(web, "prompts/greeting/archive/")
    review = browser.get(address)
    with web.registry.database.write() as tx:
        prompts.archive_prompt(tx, web.registry.actor, name="greeting")
    make(web, prompt="another")
    assert send(browser, review, address).status_code == 409
    assert latest(web)[1] == "another"


def test_a_copy_is_not_made_of_a_version_that_the_form_did_not_show(web: Api, browser: TestClient) -> None:
    make(web)
    address = path(web, "prompts/greeting/duplicate/")
    shown = browser.get(address)
    publish(web, base=1, prompt="newer")
    again = send(browser, shown, address)
    assert again.status_code == 409
    assert "v2 was published in the meantime" in text_of(again)
    with web.registry.database.read() as tx, pytest.raises(PromptNotFound):
        prompts.fetch_prompt(tx, web.registry.actor, "greeting-copy")
    assert follow(browser, send(browser, again, address)) == "This is a copy of greeting."
    assert latest(web, "greeting-copy")[1] == "newer"


def test_a_copy_is_not_made_of_another_prompt_that_has_the_name_by_now(web: Api, browser: TestClient) -> None:
    make(web)
    address = path(web, "prompts/greeting/duplicate/")
    sent = form_of(browser.get(address), address)
    with web.registry.database.write() as tx:
        prompts.archive_prompt(tx, web.registry.actor, name="greeting")
    make(web, prompt="another")
    for new_name in ("greeting-copy", "not a name", "greeting"):
        refused = browser.post(address, data=sent | {"new_name": new_name})
        assert (refused.status_code, headline(refused)) == (409, "This prompt was archived"), new_name
        assert GONE in text_of(refused)
        assert "Read or restore the archived prompt" in refused.text
    with web.registry.database.read() as tx, pytest.raises(PromptNotFound):
        prompts.fetch_prompt(tx, web.registry.actor, "greeting-copy")


@pytest.mark.usefixtures("three_versions")
def test_a_label_of_a_prompt_that_was_archived_since_the_review_is_not_moved(web: Api, browser: TestClient) -> None:
    address = path(web, "prompts/greeting/labels/set/")
    review = browser.get(f"{address}?label=production&version=1")
    with web.registry.database.write() as tx:
        prompts.archive_prompt(tx, web.registry.actor, name="greeting")
    refused = send(browser, review, address)
    assert (refused.status_code, headline(refused)) == (409, "This prompt was archived")
    assert GONE in text_of(refused)


@pytest.mark.usefixtures("three_versions")
def test_no_address_of_a_page_has_an_encoded_slash(web: Api, browser: TestClient) -> None:
    place(web, 1)
    pages = ["prompts/", "release/", "archive/", "activity/", "settings/", "new-prompt/", "prompts/greeting/"]
    pages += [
        f"prompts/greeting/{part}"
        for part in (
            "edit/",
            "labels/",
            "labels/set/?label=production&version=3",
            "labels/set/?label=new&version=3",
            "labels/remove/?label=production",
            "labels/history/?label=production",
            "at/?at=2026-03-01T12:00",
            "compare/",
            "use/",
            "usage/",
            "activity/",
            "history/",
            "duplicate/",
            "archive/",
            "restore/?version=1",
        )
    ]
    for rest in pages:
        shown = browser.get(path(web, rest))
        assert shown.status_code == 200, rest
        assert [address for address in addresses_of(shown) if re.search("%2f", address, re.IGNORECASE)] == [], rest


def test_a_project_that_was_renamed_or_got_a_token_meanwhile_stays_as_it_is(web: Api) -> None:
    admin = browser_of(web, Role.ADMIN)
    settings = path(web, "settings/")
    shown = admin.get(settings)
    rename = form_of(shown, settings) | {"name": "Second"}
    rotate = form_of(shown, f"{settings}token") | {"confirmed": "yes"}
    for number, (address, form) in enumerate([(settings, rename), (f"{settings}token", rotate)]):
        assert admin.post(address, data=form).status_code == 303, number
        again = admin.post(address, data=form | ({"name": "Third"} if number == 0 else {}))
        assert again.status_code == 400
        assert "in the meantime. Nothing was changed." in text_of(again)
    assert "Second" in text_of(admin.get(settings))
    assert admin.post(settings, data=form_of(admin.get(settings), settings) | {"name": "Third"}).status_code == 303


@pytest.mark.usefixtures("three_versions")
def test_nothing_is_done_to_another_prompt_that_has_the_name_by_now(web: Api, browser: TestClient) -> None:
    place(web, 1)
    place(web, 3)
    pages = {
        "labels/set/": "labels/set/?label=production&version=2",
        "labels/remove/": "labels/remove/?label=production",
        "labels/undo/": "labels/undo/?label=production",
        "review/": "edit/",
        "publish/": "restore/?version=1",
        "duplicate/": "duplicate/",
    }
    shown = {action: browser.get(path(web, f"prompts/greeting/{rest}")) for action, rest in pages.items()}
    with web.registry.database.write() as tx:
        prompts.archive_prompt(tx, web.registry.actor, name="greeting")
    make(web, prompt="another")
    for base in (1, 2):
        publish(web, base=base, prompt=f"another {base + 1}")
    place(web, 3)
    for action, page in shown.items():
        refused = send(browser, page, path(web, f"prompts/greeting/{action}"))
        assert refused.status_code == 409, action
        assert GONE in text_of(refused), action
        assert "Read or restore the archived prompt" in refused.text, action
    assert latest(web)[:2] == (3, "another 3")
    assert browser.get(path(web, "prompts/greeting-copy/")).status_code == 404
    assert position(web) == 3
