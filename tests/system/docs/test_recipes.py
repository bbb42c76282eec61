"""The recipes run as they stand, with the real packages: a real server has the prompt, a local one takes the place of the model."""

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from model_provider import ANSWER, Provider, running_provider
from recipes import CLIENT, RECIPES, SETUP, python_of
from serving import environment, running_server

SYSTEM = 'You answer questions about Lamp "Luna". Quote manuals as {{page}}.'
TURNS = [
    {"role": "user", "content": "Hello!"},
    {"role": "assistant", "content": "Hello! How can I help?"},
    {"role": "user", "content": "Is {dimmed} a mode?"},
]
COMPLETION = {"model": "gpt-4.1-mini", "messages": [{"role": "system", "content": SYSTEM}, *TURNS]}
SENT: dict[str, tuple[str, dict[str, Any]]] = {
    "OpenAI": ("POST /v1/chat/completions", COMPLETION | {"max_tokens": 300, "stream": False}),
    "Anthropic": ("POST /v1/messages", {"model": "claude-sonnet-5", "system": SYSTEM, "messages": TURNS, "max_tokens": 300}),
    "LangChain": ("POST /v1/chat/completions", COMPLETION | {"max_completion_tokens": 300, "stream": False}),
    "LlamaIndex": ("POST /v1/chat/completions", COMPLETION | {"max_tokens": 300, "stream": False, "temperature": 0.1}),
    "LiteLLM": ("POST /v1/chat/completions", COMPLETION | {"max_tokens": 300}),
    "pydantic-ai": ("POST /v1/chat/completions", COMPLETION | {"max_completion_tokens": 300, "stream": False}),
}


@pytest.fixture
def provider() -> Iterator[Provider]:
    with running_provider() as provider:
        yield provider


@pytest.fixture(scope="module")
def access(module_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The variables of a program that may read the prompt of the recipes, which was made as the page says."""
    with running_server(module_url, tmp_path_factory.mktemp("server") / "output.txt") as server:
        key = re.search(r"phx_[\w-]+", server.output)
        assert key is not None
        found = {"PROMPTUARY_HOST": server.url, "PROMPTUARY_API_KEY": key[0]}
        command = ["bash", "-euo", "pipefail", "-c", SETUP]
        made = subprocess.run(command, env=os.environ | found, capture_output=True, text=True, timeout=60, check=False)
        assert made.returncode == 0, made.stderr
        yield found


def test_each_recipe_of_the_page_is_compared() -> None:
    assert list(RECIPES) == list(SENT)


@pytest.mark.parametrize("recipe", SENT)
def test_the_messages_of_the_prompt_arrive_at_the_provider_and_nothing_else_is_asked(
    recipe: str, provider: Provider, access: dict[str, str], tmp_path: Path
) -> None:
    python = python_of(recipe)
    own = {"PYTHONPATH": str(CLIENT), "XDG_CACHE_HOME": str(tmp_path), "LITELLM_LOCAL_MODEL_COST_MAP": "True"}
    env = environment() | own | access | provider.environment()
    done = subprocess.run(
        [python, "-c", RECIPES[recipe]], env=env, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False
    )
    assert (done.returncode, done.stdout) == (0, f"{ANSWER}\n"), done.stderr
    assert provider.received == [SENT[recipe]]
