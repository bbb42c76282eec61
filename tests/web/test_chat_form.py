"""Writing chats without scripts: cards with fields, and buttons that send the form to move, add and remove them."""

import json
import re
from typing import Any

import pytest
from builders import Api
from fastapi.testclient import TestClient
from httpx2 import Response
from prompt_pages import follow, headline, latest, make, path, publish, text_of
from web_forms import Fields, edited, form_of

CALL = {"id": "c1", "type": "function", "function": {"name": "weather", "arguments": '{"n": 12345678901234567890}'}}
CHAT: list[dict[str, Any]] = [
    {"content": "Be kind.\r\nBe {{tone}}.", "role": "system"},
    {"type": "placeholder", "name": "history", "limit": 1.0},
    {"role": "user", "content": [{"type": "text", "text": "{{question}}"}, {"type": "image_url", "image_url": {"url": "u"}}]},
    {"role": "assistant", "content": None, "tool_calls": [CALL]},
    {"role": "tool", "tool_call_id": "c1", "content": "warm\n", "cache": {"z": 1, "a": [2.50, None]}},
]


def act(web: Api, name: str) -> str:
    return path(web, f"prompts/greeting/{name}/")


def editing(web: Api, browser: TestClient) -> Fields:
    return form_of(browser.get(act(web, "edit")), act(web, "review"))


def chosen(web: Api, browser: TestClient, form: Fields, action: str) -> Response:
    return browser.post(act(web, "edit"), data=form | {"act": action})


def published(web: Api, browser: TestClient, form: Fields) -> Any:
    """Review and publish a form, and return the content of the version that results."""
    review = browser.post(act(web, "review"), data=form)
    assert headline(review).startswith("Publish version"), text_of(review)
    browser.post(act(web, "publish"), data=form_of(review, act(web, "publish")))
    return json.loads(latest(web)[1])


def without(entry: dict[str, Any], key: str) -> dict[str, Any]:
    return {name: value for name, value in entry.items() if name != key}


def test_a_chat_of_which_only_the_note_was_edited_stays_byte_for_byte(web: Api, browser: TestClient) -> None:
    make(web, prompt=CHAT)
    before = latest(web)[1]
    published(web, browser, edited(editing(web, browser), note="only the note"))
    assert latest(web)[:2] == (2, before)


def test_a_message_is_edited_and_the_others_stay_as_they_were(web: Api, browser: TestClient) -> None:
    make(web, prompt=CHAT)
    form = editing(web, browser)
    assert form["text.0"] == "Be kind.\r\nBe {{tone}}."
    assert form["entries"] == "0 1 2 3 4"
    result = published(web, browser, edited(form, **{"text.0": "Be kind.\nBe brief.\nBe {{tone}}."}))
    changed = [CHAT[0] | {"content": "Be kind.\r\nBe brief.\r\nBe {{tone}}."}, *CHAT[1:]]
    assert json.dumps(result) == json.dumps(changed)


def test_parts_calls_and_other_fields_are_edited_as_json(web: Api, browser: TestClient) -> None:
    make(web, prompt=CHAT)
    form = editing(web, browser)
    assert json.loads(str(form["rest.2"])) == without(CHAT[2], "role")
    assert json.loads(str(form["rest.4"])) == without(without(CHAT[4], "role"), "content")
    assert "text.2" not in form
    result = published(web, browser, edited(form, **{"rest.2": '{"content": ["short"]}', "name.1": "earlier"}))
    assert result[1:3] == [CHAT[1] | {"name": "earlier"}, {"role": "user", "content": ["short"]}]
    assert result[3:] == CHAT[3:]


def test_buttons_move_add_and_remove_messages(web: Api, browser: TestClient) -> None:
    make(web, prompt=CHAT)
    form = edited(editing(web, browser), **{"text.4": "cold", "note": "kept"})
    shown = chosen(web, browser, form, "up 4")
    assert re.search(r'value="up 4"[^>]* autofocus', shown.text)
    form = form_of(shown, act(web, "review"))
    assert (form["entries"], form["text.4"], form["note"]) == ("0 1 2 4 3", "cold", "kept")
    form = form_of(chosen(web, browser, form, "remove 2"), act(web, "review"))
    shown = chosen(web, browser, form, "above 0")
    form = edited(form_of(shown, act(web, "review")), **{"text.n0": "First."})
    assert form["entries"] == "n0 0 1 4 3"
    result = published(web, browser, form)
    assert result == [{"role": "user", "content": "First."}, CHAT[0], CHAT[1], CHAT[4] | {"content": "cold"}, CHAT[3]]
    assert list(result[3]) == list(CHAT[4])


def test_what_is_written_below_the_cards_is_added(web: Api, browser: TestClient) -> None:
    make(web, prompt=CHAT[:1])
    form = edited(editing(web, browser), **{"role.new": "critic", "text.new": "Hm.", "name.new": "history"})
    added = [{"role": "critic", "content": "Hm."}, {"type": "placeholder", "name": "history"}]
    assert published(web, browser, form) == [CHAT[0], *added]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"rest.4": '{"a": 1,}'}, "Message 5: its other fields: This is not valid JSON. Line 1, column "),
        ({"rest.4": "[1]"}, "Message 5: its other fields must be a JSON object, in braces."),
        ({"rest.4": '{"role": "x"}'}, "Message 5: 'role' is also in its other fields; keep one of them."),
        ({"role.0": " "}, "Message 1: the message needs a role."),
        ({"role.new": "", "text.new": "x"}, "Message 6: the message needs a role."),
        ({"name.1": ""}, "Message 2: the placeholder needs a name."),
        ({"rest.2": '{"content": 1}'}, "Message 3: its content must be a text, a list of parts, or null beside tool_calls."),
        ({"rest.0": '{"name": "\\ud800"}'}, "Message 1: its other fields have surrogate characters, which are not allowed."),
    ],
)
def test_a_card_that_makes_no_message_is_told_and_nothing_is_lost(
    web: Api, browser: TestClient, changes: dict[str, str], message: str
) -> None:
    make(web, prompt=CHAT)
    form = edited(editing(web, browser), **{"text.4": "kept text", **changes})
    for name in ("review", "publish", "merge"):
        shown = browser.post(act(web, name), data=form)
        assert (shown.status_code, latest(web)[0]) == (400, 1)
        assert f"Prompt: {message}" in text_of(shown)
        again = form_of(shown, act(web, "review"))
        assert again["text.4"] == "kept text"
        for key, value in changes.items():
            assert value in (again[key], again.get(key.replace("new", "n0")))
        assert '<a href="#prompt">' in shown.text
        assert '<ol class="cards" id="prompt">' in shown.text
    shown = chosen(web, browser, form, "up 3")
    assert shown.status_code == 200
    assert "kept text" in shown.text


def test_a_chat_without_messages_is_refused(web: Api, browser: TestClient) -> None:
    make(web, prompt=CHAT[:1])
    form = form_of(chosen(web, browser, editing(web, browser), "remove 0"), act(web, "review"))
    shown = browser.post(act(web, "review"), data=form)
    assert "A chat needs at least one message." in text_of(shown)


def test_a_text_becomes_a_chat_and_a_text_again(web: Api, browser: TestClient) -> None:
    make(web, prompt="one\r\ntwo\n")
    chat = form_of(chosen(web, browser, editing(web, browser) | {"format": "chat"}, "format"), act(web, "review"))
    assert (chat["role.n0"], chat["text.n0"]) == ("system", "one\r\ntwo\r\n")
    text = form_of(chosen(web, browser, chat | {"format": "text"}, "format"), act(web, "review"))
    assert (text["format"], text["prompt"]) == ("text", "one\r\ntwo\r\n")
    assert published(web, browser, edited(chat, **{"text.new": "Hi"}))[1] == {"role": "user", "content": "Hi"}


def test_a_text_that_is_the_json_of_a_chat_becomes_this_chat(web: Api, browser: TestClient) -> None:
    make(web, prompt=json.dumps(CHAT))
    form = editing(web, browser)
    assert form["format"] == "text"
    assert published(web, browser, form | {"format": "chat"}) == CHAT


@pytest.mark.parametrize(
    ("chat", "reason"), [(CHAT, "This chat has 5 messages."), ([CHAT[4]], "This message has other fields, too.")]
)
def test_a_chat_with_more_than_a_text_does_not_become_one(web: Api, browser: TestClient, chat: object, reason: str) -> None:
    make(web, prompt=chat)
    shown = chosen(web, browser, editing(web, browser) | {"format": "text"}, "format")
    assert shown.status_code == 400
    assert f"can become a text. {reason}" in text_of(shown)
    assert published(web, browser, form_of(shown, act(web, "review"))) == chat


def test_cards_become_json_and_cards_again(web: Api, browser: TestClient) -> None:
    make(web, prompt=CHAT)
    form = edited(editing(web, browser), **{"text.4": "cold"})
    raw = form_of(chosen(web, browser, form | {"format": "json"}, "format"), act(web, "review"))
    changed = [*CHAT[:4], CHAT[4] | {"content": "cold"}]
    assert json.loads(str(raw["prompt"])) == changed
    cards = form_of(chosen(web, browser, raw | {"format": "chat"}, "format"), act(web, "review"))
    assert (cards["entries"], cards["text.4"]) == ("0 1 2 3 4", "cold")
    assert json.dumps(published(web, browser, cards)) == json.dumps(changed)


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        ('[{"role": "user"', "This is not valid JSON. Line 1, column 17"),
        ('{"messages": []}', "This JSON is not a chat: it must be a list of messages in square brackets."),
        ("[]", "This JSON is not a chat: it must be a list"),
        ('[{"role": "user", "content": "x"}, {"role": "user"}]', "entry 2 is neither a message with a role and a content nor"),
    ],
)
def test_json_that_is_no_chat_stays_json_with_the_reason(web: Api, browser: TestClient, raw: str, message: str) -> None:
    make(web, prompt=CHAT)
    form = form_of(chosen(web, browser, editing(web, browser) | {"format": "json"}, "format"), act(web, "review"))
    for name in ("review", "publish"):
        shown = browser.post(act(web, name), data=edited(form, prompt=raw) | {"format": "chat"})
        assert shown.status_code == 400
        assert message in text_of(shown)
        again = form_of(shown, act(web, "review"))
        assert (again["prompt"], again["format"]) == (raw, "json")


def test_a_new_chat_is_written_without_scripts(web: Api, browser: TestClient) -> None:
    address = path(web, "new-prompt/")
    form = edited(form_of(browser.get(address), address), name="fresh", prompt="Be kind.")
    form = form_of(browser.post(address, data=form | {"format": "chat", "act": "format"}), address)
    form = form_of(browser.post(address, data=edited(form, **{"text.new": "{{question}}"}) | {"act": "below n0"}), address)
    assert (form["name"], form["entries"]) == ("fresh", "n0 n2 n1")
    created = browser.post(address, data=edited(form, **{"role.n2": "assistant", "text.n2": "Yes?"}))
    assert follow(browser, created) == "fresh was created, at version 1."
    assert json.loads(latest(web, "fresh")[1]) == [
        {"role": "system", "content": "Be kind."},
        {"role": "assistant", "content": "Yes?"},
        {"role": "user", "content": "{{question}}"},
    ]


def test_an_edited_chat_goes_from_the_review_back_to_the_cards(web: Api, browser: TestClient) -> None:
    make(web, prompt=CHAT)
    review = browser.post(act(web, "review"), data=edited(editing(web, browser), **{"text.0": "New."}))
    back = browser.post(act(web, "edit"), data=form_of(review, act(web, "publish")))
    form = form_of(back, act(web, "review"))
    assert (form["entries"], form["text.0"]) == ("0 1 2 3 4", "New.")
    assert json.dumps(published(web, browser, form)) == json.dumps([CHAT[0] | {"content": "New."}, *CHAT[1:]])


def test_two_who_edit_different_messages_are_merged(web: Api, browser: TestClient) -> None:
    make(web, prompt=CHAT)
    form = edited(editing(web, browser), **{"text.0": "Mine."})
    publish(web, base=1, prompt=[*CHAT[:4], CHAT[4] | {"content": "theirs"}])
    merged = browser.post(act(web, "publish"), data=form)
    assert headline(merged) == "Publish version 3 of greeting?"
    browser.post(act(web, "publish"), data=form_of(merged, act(web, "publish")))
    assert json.loads(latest(web)[1]) == [CHAT[0] | {"content": "Mine."}, *CHAT[1:4], CHAT[4] | {"content": "theirs"}]


LONG: list[dict[str, Any]] = [
    {"role": "user", "content": "x" * 950_000 if number == 250 else f"Message {number}"} for number in range(500)
]


def test_a_chat_of_500_messages_of_which_one_is_a_megabyte_is_edited_without_scripts(web: Api, browser: TestClient) -> None:
    make(web, prompt=LONG)
    form = editing(web, browser)
    assert len(str(form["entries"]).split()) == 500
    result = published(web, browser, edited(form, **{"text.499": "Changed."}))
    assert result == [*LONG[:499], {"role": "user", "content": "Changed."}]


def test_a_longer_chat_is_edited_as_json(web: Api, browser: TestClient) -> None:
    longer = [{"role": "user", "content": str(number)} for number in range(501)]
    make(web, prompt=longer)
    form = editing(web, browser)
    assert form["format"] == "json"
    assert published(web, browser, form | {"format": "chat"}) == longer
