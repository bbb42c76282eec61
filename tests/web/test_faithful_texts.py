"""What a person did not change is published byte for byte, whatever browsers make of it on the way."""

import pytest
from builders import Api
from fastapi.testclient import TestClient
from prompt_pages import follow, headline, latest, make, path, publish
from web_forms import edited, form_of

ODD = ["x\r\ny", "x\ry\r", "a\r\nb\nc\rd", "\r\n\r\nx", "\n\n\nx", "a\0b", "x\n\n", "x\r\n", "\ufeffx\u2028y", "\ufffd\0"]
ACTIONS = {name: f"prompts/greeting/{name}/" for name in ("edit", "review", "publish", "merge", "restore")}


def act(web: Api, name: str) -> str:
    return path(web, ACTIONS[name])


@pytest.mark.parametrize("text", ODD)
def test_restoring_publishes_the_very_text_of_the_old_version(web: Api, browser: TestClient, text: str) -> None:
    make(web, prompt=text)
    publish(web, base=1, prompt="a\nb")
    publish(web, base=2, prompt="a\r\nb\r\n")
    review = browser.get(f"{act(web, 'restore')}?version=1")
    published = browser.post(act(web, "publish"), data=form_of(review, act(web, "publish")))
    assert follow(browser, published) == "Version 4 is published."
    assert latest(web)[1] == text


@pytest.mark.parametrize("text", ODD)
def test_a_text_of_which_only_config_and_note_were_edited_stays_as_it_is(web: Api, browser: TestClient, text: str) -> None:
    make(web, prompt=text)
    form = edited(form_of(browser.get(act(web, "edit")), act(web, "review")), config='{"a": 1}', note="config only")
    review = browser.post(act(web, "review"), data=form)
    back = browser.post(act(web, "edit"), data=form_of(review, act(web, "publish")))
    review = browser.post(act(web, "review"), data=form_of(back, act(web, "review")))
    browser.post(act(web, "publish"), data=form_of(review, act(web, "publish")))
    assert latest(web) == (2, text, {"a": 1})


@pytest.mark.parametrize("text", ODD)
def test_a_text_begun_from_an_old_version_keeps_what_it_has(web: Api, browser: TestClient, text: str) -> None:
    make(web, prompt=text)
    publish(web, base=1, prompt="other")
    form = form_of(browser.get(f"{act(web, 'edit')}?version=1"), act(web, "review"))
    review = browser.post(act(web, "review"), data=form)
    browser.post(act(web, "publish"), data=form_of(review, act(web, "publish")))
    assert latest(web)[1] == text


@pytest.mark.parametrize("text", ODD)
def test_a_restored_text_stays_as_it_is_when_somebody_publishes_a_config_meanwhile(
    web: Api, browser: TestClient, text: str
) -> None:
    make(web, prompt=text)
    publish(web, base=1, prompt="a\nb")
    review = browser.get(f"{act(web, 'restore')}?version=1")
    publish(web, base=2, prompt="a\nb", config={"theirs": 1})
    merged = browser.post(act(web, "publish"), data=form_of(review, act(web, "publish")))
    assert headline(merged) == "Publish version 4 of greeting?"
    browser.post(act(web, "publish"), data=form_of(merged, act(web, "publish")))
    assert latest(web)[:2] == (4, text)


def test_lines_that_nobody_changed_keep_their_ends_when_changes_are_brought_together(web: Api, browser: TestClient) -> None:
    make(web, prompt="one\r\ntwo\nthree\rfour\r\n")
    form = edited(form_of(browser.get(act(web, "edit")), act(web, "review")), prompt="one\ntwo\nthree\nFOUR\n")
    publish(web, base=1, prompt="ONE\r\ntwo\nthree\rfour\r\n")
    merged = browser.post(act(web, "publish"), data=form)
    assert headline(merged) == "Publish version 3 of greeting?"
    browser.post(act(web, "publish"), data=form_of(merged, act(web, "publish")))
    assert latest(web)[1] == "ONE\r\ntwo\nthree\rFOUR\r\n"


def test_a_decided_conflict_keeps_the_line_ends_of_what_nobody_touched(web: Api, browser: TestClient) -> None:
    make(web, prompt="one\r\ntwo\nthree\r\n")
    form = edited(form_of(browser.get(act(web, "edit")), act(web, "review")), prompt="one\nmine\nthree\n")
    publish(web, base=1, prompt="one\r\ntheirs\nthree\r\n")
    conflict = browser.post(act(web, "publish"), data=form)
    assert conflict.status_code == 409
    chosen = form_of(conflict, act(web, "merge")) | {"text-1": "yours"}
    review = browser.post(act(web, "merge"), data=chosen)
    browser.post(act(web, "publish"), data=form_of(review, act(web, "publish")))
    assert latest(web)[1] == "one\r\nmine\nthree\r\n"


def test_keys_with_dots_are_decided_one_by_one(web: Api, browser: TestClient) -> None:
    make(web, config={"a.b": 1, "a": {"b": 1}})
    form = edited(form_of(browser.get(act(web, "edit")), act(web, "review")), config='{"a.b": 2, "a": {"b": 2}}')
    publish(web, base=1, prompt="one\ntwo\nthree\n", config={"a.b": 3, "a": {"b": 3}})
    conflict = browser.post(act(web, "publish"), data=form)
    choices = {'config-"a.b"': "theirs", "config-a.b": "yours"}
    review = browser.post(act(web, "merge"), data=form_of(conflict, act(web, "merge")) | choices)
    browser.post(act(web, "publish"), data=form_of(review, act(web, "publish")))
    assert latest(web)[2] == {"a.b": 3, "a": {"b": 2}}
