"""What prompts are to programs, by the cases that the client library and the scripts of the pages have in common."""

import json
from pathlib import Path
from typing import Any

import pytest

from promptuary.model.chats import chat_of, chat_of_text
from promptuary.model.content import encode_prompt, text_of
from promptuary.model.templates import Template

VECTORS = json.loads((Path(__file__).parent.parent / "vectors/templates.json").read_text(encoding="utf-8"))


def text_for_programs(content: object) -> str:
    return text_of(encode_prompt(content))


@pytest.mark.parametrize("case", VECTORS, ids=[case["name"] for case in VECTORS])
def test_a_prompt_is_what_its_text_says(case: dict[str, Any]) -> None:
    template = Template(text_for_programs(case["content"]))
    assert (template.kind, list(template.variables), list(template.placeholders)) == (
        case["kind"],
        case["variables"],
        case["placeholders"],
    )
    assert (chat_of_text(template.text) is not None) == (case["kind"] == "chat")


@pytest.mark.parametrize(
    "case", [case for case in VECTORS if "filled" in case and case["kind"] != "chat"], ids=lambda case: case["name"]
)
def test_values_are_put_in(case: dict[str, Any]) -> None:
    template = Template(text_for_programs(case["content"]))
    assert template.fill(case["values"]) == case["filled"]
    assert template.fill({}) == template.text


def test_only_declared_names_are_variables() -> None:
    assert Template("{{a}} {{b}}", declared={"b"}).variables == ("b",)
    assert Template("{{a}} {{b}}", declared={"b"}).fill({"a": "1", "b": "2"}) == "{{a}} 2"
    assert Template("{{a}}", declared=()).variables == ()


def test_nothing_but_lists_are_chats() -> None:
    assert [chat_of(value) for value in (None, "", 1, {}, {"role": "user", "content": "x"})] == [None] * 5


@pytest.mark.parametrize("text", ["[" * 100_000, '{"a":' * 100_000, "[{" * 100_000])
def test_a_deep_beginning_is_a_text(text: str) -> None:
    assert Template(text).kind == "text"
