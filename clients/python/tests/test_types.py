"""What the client returns fits where libraries for models take messages: the type checker reads this file strictly."""

from collections.abc import Iterable
from typing import Literal, TypedDict

from promptuary_client import Prompt
from promptuary_client.prompts import Content


class System(TypedDict, total=False):
    """A message as the package of OpenAI declares it: one class for each role."""

    content: str | Iterable[dict[str, str]]
    role: Literal["system"]
    name: str


class User(TypedDict, total=False):
    content: str | Iterable[dict[str, str]]
    role: Literal["user"]


class Turn(TypedDict):
    """A message as the package of Anthropic declares it: one class for both roles."""

    content: str | Iterable[dict[str, str]]
    role: Literal["user", "assistant"]


def complete(*, messages: Iterable[System | User], model: str, temperature: float | None = None) -> int:
    return len([*messages, model, temperature])


def create(*, messages: Iterable[Turn], model: str) -> int:
    return len([*messages, model])


def test_compiled_messages_and_configs_pass_strict_types_of_libraries_for_models() -> None:
    prompt = Prompt(Content("any", '[{"role": "user", "content": "{{a}}"}]', {"model": "m"}, 1), "any", 1, None, "server", 0.0)
    assert complete(messages=prompt.compile_messages(a="x"), **prompt.config) == 3
    assert create(messages=prompt.compile_messages(a="x"), **prompt.config) == 2
    compiled = prompt.compile(a="x")
    assert not isinstance(compiled, str)
    assert create(messages=compiled, model="m") == 2
