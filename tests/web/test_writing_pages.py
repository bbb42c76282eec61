"""Writing prompts and publishing them, alone and while others do."""

import json
import re

import pytest
from builders import Api
from fastapi.testclient import TestClient
from prompt_pages import follow, headline, latest, make, path, publish, text_of


def test_a_prompt_is_written_published_and_read(web: Api, browser: TestClient) -> None:
    created = browser.post(
        path(web, "new-prompt/"), data={"name": "first", "prompt": "Hi {{name}}\r\n", "config": '{"a": 1}', "note": " begun "}
    )
    assert follow(browser, created) == "first was created, at version 1."
    assert latest(web, "first") == (1, "Hi {{name}}\n", {"a": 1})
    changed = {"base_version": "1", "prompt": "Hello {{name}}\r\n", "config": "", "note": "friendlier"}
    review = browser.post(path(web, "prompts/first/review/"), data=changed)
    assert headline(review) == "Publish version 2 of first?"
    assert "<del>Hi</del>" in review.text
    assert "<ins>Hello</ins>" in review.text
    assert latest(web, "first")[0] == 1
    published = browser.post(path(web, "prompts/first/publish/"), data=changed)
    assert follow(browser, published) == "Version 2 is published."
    assert latest(web, "first") == (2, "Hello {{name}}\n", None)
    shown = browser.get(path(web, "prompts/first/"))
    assert '<span class="variable">{{name}}</span>' in shown.text
    assert "friendlier" in text_of(shown)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"name": "not a name"}, "Only letters, numbers, hyphens (-) and underscores (_) are allowed."),
        ({"name": ""}, "This field may not be blank."),
        ({"name": "greeting"}, "A prompt with this name already exists."),
        ({"name": "new"}, "'new' is a reserved name and cannot be used."),
        ({"name": "x", "config": "{"}, "This is not valid JSON"),
        ({"name": "x", "config": "[]"}, "Config must be a JSON object"),
        ({"name": "x", "format": "json"}, "This is not valid JSON"),
    ],
)
def test_what_cannot_be_created_is_shown_again_with_the_reason(
    web: Api, browser: TestClient, fields: dict[str, str], message: str
) -> None:
    make(web)
    shown = browser.post(path(web, "new-prompt/"), data={"prompt": "kept {text", "config": "", "note": "kept note", **fields})
    assert shown.status_code == 400
    assert message in text_of(shown)
    assert "kept {text" in shown.text
    assert "kept note" in shown.text


def test_a_text_that_is_too_large_is_refused_and_nothing_is_written(web: Api, browser: TestClient) -> None:
    shown = browser.post(path(web, "new-prompt/"), data={"name": "big", "prompt": "x" * 1_000_001, "config": "", "note": ""})
    assert shown.status_code == 400
    assert "1000000 bytes or fewer" in text_of(shown)


def test_changes_that_do_not_touch_are_merged_for_review(web: Api, browser: TestClient) -> None:
    make(web, config={"model": "small", "temperature": 0})
    publish(web, base=1, prompt="one\ntwo\nTHREE\n", config={"model": "large", "temperature": 0})
    mine = {"base_version": "1", "prompt": "ONE\ntwo\nthree\n", "config": '{"model": "small", "temperature": 1}', "note": "mine"}
    merged = browser.post(path(web, "prompts/greeting/publish/"), data=mine)
    assert headline(merged) == "Publish version 3 of greeting?"
    assert "ONE\ntwo\nTHREE\n</textarea>" in merged.text
    assert '<input type="hidden" name="base_version" value="2">' in merged.text
    assert latest(web)[0] == 2
    sent = mine | {"base_version": "2", "prompt": "ONE\ntwo\nTHREE\n", "config": '{"model": "large", "temperature": 1}'}
    assert follow(browser, browser.post(path(web, "prompts/greeting/publish/"), data=sent)) == "Version 3 is published."
    assert latest(web) == (3, "ONE\ntwo\nTHREE\n", {"model": "large", "temperature": 1})


@pytest.mark.parametrize(
    ("choice", "text"),
    [("theirs", "one\ntheirs\nthree\n"), ("yours", "one\nyours\nthree\n"), ("both", "one\ntheirs\nyours\nthree\n")],
)
def test_what_both_changed_is_chosen(web: Api, browser: TestClient, choice: str, text: str) -> None:
    make(web)
    publish(web, base=1, prompt="one\ntheirs\nthree\n")
    mine = {"base_version": "1", "prompt": "one\nyours\nthree\n", "config": "", "note": ""}
    conflict = browser.post(path(web, "prompts/greeting/publish/"), data=mine)
    assert conflict.status_code == 409
    assert headline(conflict) == "Another user published a version"
    for shown in ("theirs", "yours", "two"):
        assert shown in text_of(conflict)
    (field,) = set(re.findall(r'type="radio" id="[^"]*" name="([^"]*)"', conflict.text))
    undecided = browser.post(path(web, "prompts/greeting/merge/"), data=mine | {"theirs": "2"})
    assert undecided.status_code == 409
    review = browser.post(path(web, "prompts/greeting/merge/"), data=mine | {"theirs": "2", field: choice})
    assert headline(review) == "Publish version 3 of greeting?"
    assert f"{text}</textarea>" in review.text


def test_a_choice_made_for_an_older_version_does_not_count_for_a_newer_one(web: Api, browser: TestClient) -> None:
    make(web)
    publish(web, base=1, prompt="one\ntheirs\nthree\n")
    mine = {"base_version": "1", "prompt": "one\nyours\nthree\n", "config": "", "note": "", "theirs": "2", "text-1": "yours"}
    publish(web, base=2, prompt="one\nnewer\nthree\n")
    shown = browser.post(path(web, "prompts/greeting/merge/"), data=mine)
    assert shown.status_code == 409
    assert "newer" in text_of(shown)


def test_both_configs_are_offered_where_both_changed_a_key(web: Api, browser: TestClient) -> None:
    make(web, config={"a": {"b": 1}})
    publish(web, base=1, prompt="one\ntwo\nthree\n", config={"a": {"b": 2}})
    mine = {"base_version": "1", "prompt": "one\ntwo\nthree\n", "config": '{"a": {"b": 3}}', "note": ""}
    conflict = browser.post(path(web, "prompts/greeting/publish/"), data=mine)
    assert "Both of you changed a.b in the config" in text_of(conflict)
    review = browser.post(path(web, "prompts/greeting/merge/"), data=mine | {"theirs": "2", "config-a.b": "yours"})
    assert headline(review) == "Publish version 3 of greeting?"


def test_a_key_that_both_added_to_json_is_chosen_and_the_review_shows_what_is_stored(web: Api, browser: TestClient) -> None:
    base = {"aa": 1, "in": [{"bb": 2, "cc": 3, "dd": 4, "ee": 5}]}
    make(web)
    publish(web, base=1, prompt=base)
    publish(web, base=2, prompt={"aa": 1, "in": [{"bb": 2, "kk": "THEIRS", "cc": 3, "dd": 4, "ee": 5}]})
    mine = json.dumps({"aa": 1, "in": [{"bb": 2, "cc": 3, "dd": 4, "kk": "MINE", "ee": 5}]}, indent=2)
    sent = {"base_version": "2", "prompt": mine, "format": "json", "config": "", "note": ""}
    conflict = browser.post(path(web, "prompts/greeting/publish/"), data=sent)
    assert conflict.status_code == 409
    assert "The merged JSON would have the key kk twice, so choose between the two" in text_of(conflict)
    assert latest(web)[0] == 3
    for choice, absent in (("theirs", "MINE"), ("yours", "THEIRS")):
        review = browser.post(path(web, "prompts/greeting/merge/"), data=sent | {"theirs": "3", "whole-text": choice})
        assert headline(review) == "Publish version 4 of greeting?"
        assert absent not in "".join(re.findall(r"<textarea.*?</textarea>", review.text, re.DOTALL))


def test_lines_of_json_of_which_one_takes_both_are_not_two_values_of_a_key(web: Api, browser: TestClient) -> None:
    make(web)
    publish(web, base=1, prompt={"aa": 1, "bb": 2, "cc": 3})
    publish(web, base=2, prompt={"aa": 1, "bb": "THEIRS", "cc": 3})
    mine = json.dumps({"aa": 1, "bb": "MINE", "cc": 3}, indent=2)
    sent = {"base_version": "2", "prompt": mine, "format": "json", "config": "", "note": "", "theirs": "3"}
    again = browser.post(path(web, "prompts/greeting/merge/"), data=sent | {"text-1": "both"})
    assert again.status_code == 409
    assert "would have the key bb twice" in text_of(again)
    review = browser.post(path(web, "prompts/greeting/merge/"), data=sent | {"whole-text": "yours"})
    assert headline(review) == "Publish version 4 of greeting?"


def test_an_old_version_is_restored_as_the_newest_with_a_note_that_says_so(web: Api, browser: TestClient) -> None:
    make(web, config={"a": 1})
    publish(web, base=1, prompt="changed", config=None)
    review = browser.get(path(web, "prompts/greeting/restore/?version=1"))
    assert headline(review) == "Publish version 3 of greeting?"
    assert 'value="Restore version 1"' in review.text
    sent = {"base_version": "2", "prompt": "one\r\ntwo\r\nthree\r\n", "config": '{"a": 1}', "note": "Restore version 1"}
    assert follow(browser, browser.post(path(web, "prompts/greeting/publish/"), data=sent)) == "Version 3 is published."
    assert latest(web) == (3, "one\ntwo\nthree\n", {"a": 1})


@pytest.mark.parametrize(
    ("fields", "field", "message"),
    [
        ({"config": '{"a": 1,}'}, "config", "Config: This is not valid JSON. Line 1, column"),
        ({"config": "{a: 1}"}, "config", "Line 1, column 2: a key in double quotes is missing."),
        ({"config": "[]"}, "config", "Config: Config must be a JSON object"),
        ({"prompt": '["a"\n"b"]', "format": "json"}, "prompt", "Line 2, column 1: a comma or a closing bracket is missing."),
        ({"note": "n" * 401}, "note", "Note: Ensure this field has no more than 400 characters."),
    ],
)
def test_an_error_stands_at_its_field_which_takes_the_focus(
    web: Api, browser: TestClient, fields: dict[str, str], field: str, message: str
) -> None:
    make(web)
    address = path(web, "prompts/greeting/review/")
    shown = browser.post(address, data={"base_version": "1", "prompt": "x", "config": "", "note": "", **fields})
    assert shown.status_code == 400
    assert message in text_of(shown)
    assert f'<a href="#{field}">' in shown.text
    assert f'id="{field}-problem"' in shown.text
    [focused] = re.findall(r"<[^<>]* autofocus[^<>]*>", shown.text)
    assert f'id="{field}"' in focused
    assert 'aria-invalid="true"' in focused


def test_the_review_tells_who_published_meanwhile(web: Api, browser: TestClient) -> None:
    make(web)
    publish(web, base=1, prompt="theirs")
    review = browser.post(
        path(web, "prompts/greeting/review/"), data={"base_version": "1", "prompt": "mine", "config": "", "note": ""}
    )
    assert "v2 was published after you began from v1" in text_of(review)
