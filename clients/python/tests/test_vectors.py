"""The client reads variables and chats as the server and its pages do, by cases that all have in common."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from promptuary_client import InvalidValuesError, Prompt
from promptuary_client.prompts import Content
from promptuary_client.templates import Template
from promptuary_client.variables import find_names

_FOLDER = Path(__file__).parents[3] / "tests/vectors"
VARIABLES = json.loads((_FOLDER / "variables.json").read_text(encoding="utf-8"))
VALUES = json.loads((_FOLDER / "values.json").read_text(encoding="utf-8"))
TEMPLATES = json.loads((_FOLDER / "templates.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", VARIABLES, ids=[case["name"] for case in VARIABLES])
def test_variables_are_found_and_replaced(case: dict[str, Any]) -> None:
    assert list(dict.fromkeys(find_names(case["text"]))) == case["variables"]
    if "filled" in case:
        assert Template(case["text"]).compile_text(case["values"], "keep") == case["filled"]


@pytest.mark.parametrize("case", TEMPLATES, ids=[case["name"] for case in TEMPLATES])
def test_a_prompt_is_what_its_text_says(case: dict[str, Any]) -> None:
    content = case["content"]
    template = Template(content if isinstance(content, str) else json.dumps(content, ensure_ascii=False))
    assert list(template.variables) == case["variables"]
    assert list(template.placeholders) == case["placeholders"]
    assert (template.messages is not None) == (case["kind"] == "chat")
    if "filled" in case:
        compile_it = template.compile_messages if case["kind"] == "chat" else template.compile_text
        assert compile_it(case["values"], "keep") == case["filled"]


@pytest.mark.parametrize("case", VALUES, ids=[case["name"] for case in VALUES])
def test_values_are_checked_and_put_in(case: dict[str, Any]) -> None:
    content = case["content"]
    text = content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)
    prompt = Prompt(Content("any", text, None, 1, contract=case["variables"]), "any", 1, None, "server", 0.0)
    if "filled" in case:
        assert prompt.compile(case["values"]) == case["filled"]
        return
    with pytest.raises(InvalidValuesError) as caught:
        prompt.compile(case["values"])
    # The client adds the type in Python's words.
    assert [re.sub(r"(of the type \w+), not \w+\.$", r"\1.", problem) for problem in caught.value.problems] == case["problems"]
