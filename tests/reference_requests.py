"""Requests that make prompts reference others, and the prompts they need."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from builders import Api, Registry, make_api
from httpx2 import Response

from promptuary.registry.prompts import create_prompt
from promptuary.store.engine.database import Database

TONE = "@@@prompt:name=tone|label=production@@@"
RULES = "@@@prompt:name=rules|version=1@@@"


def create(api: Api, name: str, prompt: object, **body: object) -> dict[str, Any]:
    answer = api.client.post(api.path, json={"name": name, "prompt": prompt} | body)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


def publish(api: Api, name: str, base: int, prompt: object) -> Response:
    return api.client.patch(f"{api.path}name/{name}/", json={"base_version": base, "prompt": prompt})


def label(api: Api, name: str, version: int, label: str = "production") -> Response:
    return api.client.put(f"{api.path}name/{name}/labels/{label}/", json={"version": version})


def fetch(api: Api, name: str, query: str = "") -> Response:
    return api.client.get(f"{api.path}name/{name}/{query}")


def archive(api: Api, name: str) -> Response:
    return api.client.post(f"{api.path}name/{name}/archive/")


def make_parts(api: Api) -> None:
    """Two parts: tone, labelled production, and rules."""
    with api.registry.database.write() as tx:
        create_prompt(tx, api.registry.actor, name="tone", prompt="Be kind.\n", labelled=["production"])
        create_prompt(tx, api.registry.actor, name="rules", prompt="# Rules\nNo {{forbidden}}.")


@contextmanager
def api_with_depth(registry: Registry, depth: int) -> Iterator[Api]:
    opened = Database(registry.database.engine, clock=registry.database.clock, reference_depth=depth)
    with make_api(Registry(opened, registry.project, registry.user, registry.actor)) as api:
        yield api
