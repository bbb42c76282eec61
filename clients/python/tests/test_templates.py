"""What becomes of variables, messages and placeholders: pure, without a server."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptuary_client import CompileError, MissingVariables, Prompt
from promptuary_client.prompts import Content

MESSAGES = [
    {"role": "system", "content": 'Be "{{tone}}".', "name": "{{not_content}}"},
    {"type": "placeholder", "name": "history"},
    {
        "role": "user",
        "content": [{"type": "text", "text": "{{ question }}"}, {"type": "image_url", "image_url": {"url": "{{url}}"}}],
    },
    {"placeholder": "more"},
]


def prompt_of(content: object) -> Prompt:
    text = content if isinstance(content, str) else json.dumps(content)
    return Prompt(Content("any", text, None, 1), "any", 1, None, "server", 0.0)


def test_variables_are_told_once_each_in_order_of_appearance() -> None:
    assert prompt_of("{{b}} {{a}} {{ b }} {{user.name-1}} {{}} {{a b}} {c}").variables == ("b", "a", "user.name-1")


def test_values_of_any_kind_become_text() -> None:
    assert prompt_of("{{a}}|{{b}}|{{c}}").compile({"a": 1.5}, b=None, c=["x"]) == "1.5|None|['x']"


def test_a_name_that_is_no_identifier_goes_into_the_mapping() -> None:
    assert prompt_of("{{user.name}} {{missing}} {{self}}").compile({"user.name": "Ada", "missing": 1, "self": 2}) == "Ada 1 2"


def test_what_is_put_in_is_never_looked_at_again() -> None:
    assert prompt_of("{{a}}{{b}}").compile(a="{{b}}", b="\\1{{a}}") == "{{b}}\\1{{a}}"


def test_missing_variables_are_an_error_that_names_them_all() -> None:
    with pytest.raises(MissingVariables, match="a, c") as caught:
        prompt_of("{{a}} {{b}} {{c}}").compile(b="x")
    assert caught.value.names == ("a", "c")


def test_missing_variables_are_left_alone_by_choice() -> None:
    assert prompt_of("{{a}} {{ b }}").compile(missing="keep", a="x") == "x {{ b }}"


def test_messages_are_compiled_where_their_content_is() -> None:
    history = [{"role": "user", "content": "{{tone}}"}, {"role": "assistant", "content": None, "tool_calls": []}]
    compiled = prompt_of(MESSAGES).compile(tone='"kind"', question="Why?", url="https://example.com", history=history, more=[])
    assert compiled == [
        {"role": "system", "content": 'Be ""kind"".', "name": "{{not_content}}"},
        {"role": "user", "content": "{{tone}}"},
        {"role": "assistant", "content": None, "tool_calls": []},
        {
            "role": "user",
            "content": [{"type": "text", "text": "Why?"}, {"type": "image_url", "image_url": {"url": "https://example.com"}}],
        },
    ]


def test_a_chat_prompt_tells_variables_and_placeholders_apart() -> None:
    prompt = prompt_of(MESSAGES)
    assert (prompt.is_chat, prompt.variables, prompt.placeholders) == (True, ("tone", "question", "url"), ("history", "more"))


def test_missing_placeholders_are_missing_like_variables() -> None:
    with pytest.raises(MissingVariables, match="history, more"):
        prompt_of(MESSAGES).compile(tone="", question="", url="")
    kept = prompt_of(MESSAGES).compile_messages(missing="keep")
    assert kept == MESSAGES


@pytest.mark.parametrize("value", ["text", [{"content": "no role"}], ["text"], {"role": "user"}, 5, None])
def test_a_placeholder_takes_nothing_but_messages(value: object) -> None:
    with pytest.raises(CompileError, match="'history' takes a list of messages"):
        prompt_of([{"placeholder": "history"}]).compile(history=value)


@pytest.mark.parametrize(
    "text", ["[]", "[1]", '["role"]', '[{"content": "x"}]', "[{", "[" * 100_000, '{"role": "user"}', " [draft] {{a}}"]
)
def test_what_is_not_a_list_of_messages_is_a_text(text: str) -> None:
    prompt = prompt_of(text)
    assert not prompt.is_chat
    assert prompt.compile(missing="keep") == text
    with pytest.raises(CompileError, match="not a list of chat messages"):
        prompt.compile_messages()


def test_a_chat_prompt_does_not_compile_to_a_text() -> None:
    with pytest.raises(CompileError, match="is a chat prompt"):
        prompt_of([{"role": "user", "content": "Hello!"}]).compile_text()


def test_compiled_messages_are_the_callers_own() -> None:
    prompt = prompt_of([{"role": "user", "content": [{"type": "text", "text": "Hello!"}], "extra": {"a": []}}])
    first = prompt.compile_messages()
    first[0]["extra"]["a"].append("mine")
    assert prompt.compile_messages()[0]["extra"] == {"a": []}


def test_an_unknown_choice_for_missing_is_refused() -> None:
    with pytest.raises(CompileError, match="missing"):
        prompt_of("x").compile(missing="ignore")  # type: ignore[arg-type]


@given(st.text())
def test_a_text_compiles_with_the_variables_that_it_tells(text: str) -> None:
    prompt = prompt_of(text)
    if not prompt.is_chat:
        assert prompt.compile(dict.fromkeys(prompt.variables, "")) is not None
        assert prompt.compile(missing="keep") == text
