"""Prompts that are lists of chat messages."""

import pytest

from promptuary.model.messages import MAX_MESSAGES, Message, chat_text, messages_of


def test_messages_are_read_with_all_they_have() -> None:
    prompt = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "", "name": "ada"},
        {"role": "user", "content": [{"type": "text", "text": "Hi"}]},
    ]
    system, named, parts = messages_of(prompt) or ()
    assert system == Message("system", "Be brief.", "")
    assert named == Message("user", "", '{\n  "name": "ada"\n}')
    assert (parts.text, '"Hi"' in parts.rest) == ("", True)


@pytest.mark.parametrize(
    "prompt",
    [
        "text",
        [],
        {},
        1,
        [1],
        [{"role": "user"}],
        [{"content": "x"}],
        [{"role": 1, "content": "x"}],
        [{"role": "user", "content": "x"}, "y"],
        [{"role": "user", "content": "x"}] * (MAX_MESSAGES + 1),
    ],
)
def test_anything_else_is_none(prompt: object) -> None:
    assert messages_of(prompt) is None


def test_messages_are_one_text_to_compare() -> None:
    messages = messages_of([{"role": "system", "content": "One\ntwo"}, {"role": "user", "content": "three", "name": "x"}])
    assert chat_text(messages or ()) == 'system:\nOne\ntwo\n\nuser:\nthree\n{\n  "name": "x"\n}'
