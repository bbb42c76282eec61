"""What becomes of variables, messages and placeholders: pure, without a server."""

import json
from collections import OrderedDict
from datetime import date
from decimal import Decimal
from enum import Enum
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptuary_client import CompileError, MissingVariablesError, Prompt
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


class Tier(str, Enum):
    GOLD = "gold"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("", ""),
        (1.5, "1.5"),
        (0, "0"),
        (True, "true"),
        (False, "false"),
        (["x", 1, None, True], '["x", 1, null, true]'),
        (("x",), '["x"]'),
        ({"b"}, '["b"]'),
        ({"name": 'Ada "A"', "grüße": {"tier": Tier.GOLD}}, '{"name": "Ada \\"A\\"", "grüße": {"tier": "gold"}}'),
        (MappingProxyType({1: [date(2026, 1, 2)]}), '{"1": ["2026-01-02"]}'),
        (OrderedDict(a=1), '{"a": 1}'),
        (Tier.GOLD, "gold"),
        (b"caf\xc3\xa9", "café"),
        (date(2026, 1, 2), "2026-01-02"),
        (Decimal("1.10"), "1.10"),
    ],
)
def test_values_become_text_as_people_and_models_write_them(value: object, text: str) -> None:
    assert prompt_of("{{a}}").compile(a=value) == text
    assert prompt_of([{"role": "user", "content": "{{a}}"}]).compile(a=value) == [{"role": "user", "content": text}]


def test_a_value_that_contains_itself_is_an_error() -> None:
    endless: list[object] = []
    endless.append(endless)
    with pytest.raises(CompileError, match="contains itself"):
        prompt_of("{{a}}").compile(a=endless)


@pytest.mark.parametrize("content", ["{{name}} {{tier}}", [{"role": "user", "content": "{{name}} {{tier}}"}]])
def test_none_is_no_value(content: object) -> None:
    with pytest.raises(MissingVariablesError, match="No value was given for: name") as caught:
        prompt_of(content).compile(name=None, tier=1)
    assert (caught.value.names, caught.value.unused) == (("name",), ())
    assert "{{name}} 1" in str(prompt_of(content).compile(missing="keep", name=None, tier=1))


def test_a_misspelt_value_is_named_beside_the_missing_one() -> None:
    with pytest.raises(
        MissingVariablesError, match=r"for: customer\. The prompt does not have: custmer\. Did you mean 'customer'"
    ) as caught:
        prompt_of("{{customer}}").compile(custmer="Acme")
    assert (caught.value.names, caught.value.unused) == (("customer",), ("custmer",))


def test_a_name_that_is_no_identifier_goes_into_the_mapping() -> None:
    assert prompt_of("{{user.name}} {{missing}} {{self}}").compile({"user.name": "Ada", "missing": 1, "self": 2}) == "Ada 1 2"


def test_what_is_put_in_is_never_looked_at_again() -> None:
    assert prompt_of("{{a}}{{b}}").compile(a="{{b}}", b="\\1{{a}}") == "{{b}}\\1{{a}}"


def test_missing_variables_are_an_error_that_names_them_all() -> None:
    with pytest.raises(MissingVariablesError, match="a, c") as caught:
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
    with pytest.raises(MissingVariablesError, match="history, more"):
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
