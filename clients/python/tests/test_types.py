"""What the client returns fits where libraries for models take messages: the type checker reads this file strictly."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator
from typing import Literal, TypedDict

import promptuary_client
from promptuary_client import (
    AsyncPromptuary,
    Change,
    ChangeEvent,
    ChangePage,
    Label,
    Prompt,
    Promptuary,
    Release,
    RestoredPrompt,
    Usage,
)
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


def test_results_of_both_clients_and_what_a_hook_gets_have_types() -> None:
    heard: list[tuple[str, str | None, int | None, str]] = []

    def note(event: ChangeEvent) -> None:
        heard.append((event.name, event.label, event.version, event.prompt.text))

    client, later = Promptuary(offline=True, label=None, on_change=note), AsyncPromptuary(offline=True, on_change=note)
    follow: tuple[Callable[..., Iterator[Change]], Callable[..., AsyncIterator[Change]]] = (
        client.follow_changes,
        later.follow_changes,
    )
    results: tuple[Callable[..., RestoredPrompt], Callable[..., Awaitable[RestoredPrompt]]] = client.restore, later.restore
    usage: Callable[..., Usage] = client.usage
    page: Callable[..., ChangePage] = client.changes
    moves: Callable[..., Release] = client.promote
    undo: Callable[..., Label | None] = client.undo_label
    assert all(map(callable, (*follow, *results, usage, page, moves, undo)))


def test_every_public_name_is_there() -> None:
    assert [name for name in promptuary_client.__all__ if not hasattr(promptuary_client, name)] == []
    assert len(set(promptuary_client.__all__)) == len(promptuary_client.__all__)
