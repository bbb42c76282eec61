"""Agents get variables, chats and values as programs do, by the cases that all of them have in common."""

import json
from pathlib import Path
from typing import Any

import pytest
from agent import Agent
from mcp_types import TextContent

_FOLDER = Path(__file__).parents[2] / "vectors"
VARIABLES = json.loads((_FOLDER / "variables.json").read_text(encoding="utf-8"))
TEMPLATES = json.loads((_FOLDER / "templates.json").read_text(encoding="utf-8"))
VALUES = json.loads((_FOLDER / "values.json").read_text(encoding="utf-8"))


def text_of(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def shown(filled: Any) -> list[tuple[str, str]]:
    """What an agent is shown of a text or of messages: it knows two roles, and what has more than text is JSON."""
    messages = [{"role": "user", "content": filled}] if isinstance(filled, str) else filled
    return [("assistant" if each["role"] == "assistant" else "user", shown_text(each)) for each in messages]


def shown_text(message: dict[str, Any]) -> str:
    content = message["content"]
    if isinstance(content, list) and all(isinstance(part, str) or part.keys() == {"type", "text"} for part in content):
        content = "\n".join(part if isinstance(part, str) else part["text"] for part in content)
    return content if isinstance(content, str) and "tool_calls" not in message else text_of(message)


def texts(agent: Agent, name: str, values: dict[str, Any]) -> list[tuple[str, str]]:
    arguments = {name: text_of(value) for name, value in values.items()}
    messages = agent.prompt(name, **arguments).messages
    return [(each.role, each.content.text) for each in messages if isinstance(each.content, TextContent)]


def test_variables_and_placeholders_of_the_vectors_are_arguments_and_are_filled_in(agent: Agent) -> None:
    cases = {f"v-{number}": case for number, case in enumerate([*VARIABLES, *TEMPLATES])}
    for name, case in cases.items():
        agent.result("llma-prompt-create", name=name, prompt=case["content"] if "content" in case else case["text"])
    listed = {prompt.name: [each.name for each in prompt.arguments or ()] for prompt in agent.every_prompt()}
    wanted = {name: [*case["variables"], *case.get("placeholders", ())] for name, case in cases.items()}
    assert {name: listed[name] for name in wanted} == wanted
    complete = {
        name: {key: case["values"][key] for key in case["variables"]}
        for name, case in cases.items()
        if "filled" in case and set(case["variables"]) <= case["values"].keys()
    }
    assert len(complete) > 10
    for name, values in complete.items():
        assert (name, texts(agent, name, values)) == (name, shown(cases[name]["filled"]))


@pytest.mark.parametrize("case", VALUES, ids=[case["name"] for case in VALUES])
def test_values_of_the_vectors_are_checked_and_put_in(agent: Agent, case: dict[str, Any]) -> None:
    name = f"values-{VALUES.index(case)}"
    agent.result("llma-prompt-create", name=name, prompt=case["content"], variables=case["variables"])
    if "problems" in case:
        arguments = {name: text_of(value) for name, value in case["values"].items()}
        assert agent.error(name, **arguments) == " ".join(case["problems"])
    else:
        assert texts(agent, name, case["values"]) == shown(case["filled"])
