"""Labels that point at a new version at once: ticks in the review of a publish and in the form of a new prompt."""

import re

import pytest
from builders import Api
from fastapi.testclient import TestClient
from httpx2 import Response
from prompt_pages import follow, latest, make, path, publish, text_of
from request_pages import protect
from web_forms import edited, form_of

from promptuary.model.prompts import MAX_LABELS
from promptuary.registry import labels, prompts

EDIT, REVIEW, PUBLISH, MERGE = (f"prompts/greeting/{part}/" for part in ("edit", "review", "publish", "merge"))


def place(web: Api, label: str, version: int) -> None:
    with web.registry.database.write() as tx:
        labels.move_label(tx, web.registry.actor, name="greeting", label=label, version=version)


def positions(web: Api, name: str = "greeting") -> dict[str, int]:
    with web.registry.database.read() as tx:
        version = prompts.fetch_prompt(tx, web.registry.actor, name)
    return {pointer.name: pointer.version for pointer in version.prompt_labels}


def boxes(response: Response) -> list[tuple[str, bool]]:
    """The labels that are offered, and if they are ticked."""
    found = re.findall(r'type="checkbox" name="labelled" value="([^"]*)"( checked)?', response.text)
    return [(name, bool(checked)) for name, checked in found]


def review(web: Api, browser: TestClient, text: str) -> Response:
    form = edited(form_of(browser.get(path(web, EDIT)), path(web, REVIEW)), prompt=text)
    return browser.post(path(web, REVIEW), data=form)


def test_a_publish_moves_the_ticked_labels_to_the_new_version(web: Api, browser: TestClient) -> None:
    make(web)
    place(web, "canary", 1)
    place(web, "production", 1)
    shown = review(web, browser, "new")
    assert boxes(shown) == [("production", False), ("canary", False), ("staging", False)]
    assert "Point canary at this version at once (now v1)" in text_of(shown)
    sent = form_of(shown, path(web, PUBLISH)) | {"labelled": ["production", "staging"]}
    notice = follow(browser, browser.post(path(web, PUBLISH), data=sent))
    assert notice == "Version 2 is published. production, staging point at it."
    assert positions(web) == {"canary": 1, "production": 2, "staging": 2}


@pytest.mark.parametrize(
    ("seen", "meanwhile", "told"),
    [(3, 1, "production v3 → v1 v3 → v1: moved by"), (None, 1, "production not set → v1 not set → v1: set by")],
)
def test_a_ticked_label_that_was_moved_since_the_review_publishes_nothing_and_keeps_the_text(
    web: Api, browser: TestClient, seen: int | None, meanwhile: int, told: str
) -> None:
    make(web)
    publish(web, base=1, prompt="second")
    publish(web, base=2, prompt="third")
    if seen is not None:
        place(web, "production", seen)
    sent = form_of(review(web, browser, "new text"), path(web, PUBLISH)) | {"labelled": ["production", "staging"]}
    place(web, "production", meanwhile)
    again = browser.post(path(web, PUBLISH), data=sent | {"note": "Why"})
    assert (again.status_code, latest(web)[0], positions(web)) == (409, 3, {"production": meanwhile})
    assert "Nothing was published, and no label was moved." in text_of(again)
    assert told in text_of(again)
    assert boxes(again) == [("production", True), ("staging", True)]
    fields = form_of(again, path(web, PUBLISH))
    assert (fields["prompt"], fields["note"]) == ("new text", "Why")
    assert follow(browser, browser.post(path(web, PUBLISH), data=fields | {"labelled": "production"})).startswith("Version 4 is")
    assert positions(web) == {"production": 4}


def test_a_label_without_a_tick_may_move_while_a_version_is_reviewed(web: Api, browser: TestClient) -> None:
    make(web)
    sent = form_of(review(web, browser, "new"), path(web, PUBLISH)) | {"labelled": "staging"}
    place(web, "production", 1)
    assert follow(browser, browser.post(path(web, PUBLISH), data=sent)).startswith("Version 2 is published.")
    assert positions(web) == {"production": 1, "staging": 2}


def test_without_a_tick_a_publish_moves_no_label(web: Api, browser: TestClient) -> None:
    make(web)
    place(web, "production", 1)
    sent = form_of(review(web, browser, "new"), path(web, PUBLISH))
    assert follow(browser, browser.post(path(web, PUBLISH), data=sent)) == "Version 2 is published."
    assert positions(web) == {"production": 1}


def test_ticks_survive_editing_again_and_a_merge(web: Api, browser: TestClient) -> None:
    make(web)
    sent = form_of(review(web, browser, "mine\ntwo\nthree\n"), path(web, PUBLISH)) | {"labelled": "staging"}
    again = browser.post(path(web, EDIT), data=sent)
    shown = browser.post(path(web, REVIEW), data=form_of(again, path(web, REVIEW)))
    assert ("staging", True) in boxes(shown)
    publish(web, base=1, prompt="theirs\ntwo\nthree\n")
    conflict = browser.post(path(web, PUBLISH), data=form_of(shown, path(web, PUBLISH)) | {"labelled": "staging"})
    assert conflict.status_code == 409
    assert form_of(conflict, path(web, MERGE))["labelled"] == "staging"


def test_a_new_prompt_has_the_ticked_labels_from_the_start(web: Api, browser: TestClient) -> None:
    address = path(web, "new-prompt/")
    form = browser.get(address)
    assert boxes(form) == [("production", False), ("staging", False)]
    sent = edited(form_of(form, address), name="greeting", prompt="Hello!")
    refused = browser.post(address, data=sent | {"name": "not a name", "labelled": "production"})
    assert boxes(refused) == [("production", True), ("staging", False)]
    done = browser.post(address, data=sent | {"labelled": "production"})
    assert follow(browser, done) == "greeting was created, at version 1. production points at it."
    assert positions(web) == {"production": 1}


@pytest.mark.parametrize("label", ["Not one", "", "latest"])
def test_a_label_that_is_none_publishes_nothing_and_keeps_the_text(web: Api, browser: TestClient, label: str) -> None:
    make(web)
    sent = form_of(review(web, browser, "new text"), path(web, PUBLISH)) | {"labelled": label}
    refused = browser.post(path(web, PUBLISH), data=sent)
    assert (refused.status_code, "new text" in refused.text, 'class="problem"' in refused.text) == (400, True, True)
    assert latest(web)[0] == 1


def test_a_label_too_many_publishes_nothing_and_keeps_the_text(web: Api, browser: TestClient) -> None:
    make(web)
    for number in range(MAX_LABELS):
        place(web, f"label-{number}", 1)
    shown = review(web, browser, "new text")
    assert "42 more labels" in text_of(shown)
    sent = form_of(shown, path(web, PUBLISH)) | {"labelled": "one-more"}
    refused = browser.post(path(web, PUBLISH), data=sent)
    assert (refused.status_code, "new text" in refused.text) == (400, True)
    assert "This prompt has reached the maximum of 50 labels." in text_of(refused)
    assert latest(web)[0] == 1


def test_a_protected_label_has_no_tick_for_those_who_may_not_move_it(web: Api, browser: TestClient) -> None:
    make(web)
    protect(web, pattern="production")
    shown = review(web, browser, "new text")
    assert 'value="production" disabled>' in shown.text
    assert "(protected: publish first, then propose it in a change request)" in text_of(shown)
    assert 'value="production" disabled>' in browser.get(path(web, "new-prompt/")).text


def test_a_label_that_was_protected_meanwhile_publishes_nothing_and_keeps_the_text(web: Api, browser: TestClient) -> None:
    make(web)
    sent = form_of(review(web, browser, "new text"), path(web, PUBLISH)) | {"labelled": "production"}
    address = path(web, "new-prompt/")
    created = edited(form_of(browser.get(address), address), name="other", prompt="new text") | {"labelled": "production"}
    protect(web, pattern="production")
    for refused in (browser.post(path(web, PUBLISH), data=sent), browser.post(address, data=created)):
        assert (refused.status_code, "new text" in refused.text) == (403, True)
        assert "The label 'production' is protected. Open a change request or ask an admin." in text_of(refused)
    assert (latest(web)[0], positions(web)) == (1, {})
    assert browser.get(path(web, "prompts/other/")).status_code == 404


def test_a_breaking_change_takes_an_admin_also_with_a_tick(web: Api, browser: TestClient) -> None:
    make(web)
    place(web, "production", 1)
    protect(web, pattern="production", approvals=0, breaking_needs_admin=True)
    shown = review(web, browser, "Hello {{who}}")
    assert 'value="production">' in shown.text
    refused = browser.post(path(web, PUBLISH), data=form_of(shown, path(web, PUBLISH)) | {"labelled": "production"})
    assert (refused.status_code, "Hello {{who}}" in refused.text, latest(web)[0]) == (403, True, 1)
