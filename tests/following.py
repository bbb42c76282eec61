"""Following the changes of a project by streams, and making some."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager

import httpx2
from builders import Registry, bearer, make_key, make_prompt
from serving import START_SECONDS, Server

from promptuary.model.accounts import NewKey

STREAM = {"Accept": "text/event-stream"}
Event = tuple[str, str]


def key_of(registry: Registry) -> NewKey:
    with registry.database.write() as tx:
        return make_key(tx, registry.user)


@contextmanager
def stream(
    registry: Registry, server: Server, key: NewKey, query: str = "", *, last_id: str = "", receive_bytes: int = 0
) -> Iterator[tuple[httpx2.Response, Iterator[Event]]]:
    """Open a stream. Its client takes what it is asked for, and ``receive_bytes`` at most of what it is not asked for yet."""
    headers = bearer(key) | STREAM | ({"Last-Event-ID": last_id} if last_id else {})
    url = f"{server.url}/api/projects/{registry.project.id}/llm_prompts/changes/{query}"
    options = [(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)] if receive_bytes else []
    with (
        httpx2.Client(transport=httpx2.HTTPTransport(socket_options=options), timeout=START_SECONDS) as client,
        client.stream("GET", url, headers=headers) as answer,
    ):
        yield answer, events_of(answer)


def events_of(answer: httpx2.Response) -> Iterator[Event]:
    """The kind and the cursor of each event."""
    cursor = kind = ""
    for line in answer.iter_lines():
        field, _, value = line.partition(": ")
        if field == "id":
            cursor = value
        elif field == "event":
            kind = value
        elif not line and kind:
            yield kind, cursor
            kind = ""


def create(registry: Registry, name: str) -> None:
    with registry.database.write() as tx:
        make_prompt(tx, registry.actor, name=name)


def create_many(registry: Registry, part: str, count: int) -> None:
    for number in range(count):
        create(registry, f"{part}-{number}")


def listed(registry: Registry, server: Server, key: NewKey) -> list[str]:
    url = f"{server.url}/api/projects/{registry.project.id}/llm_prompts/changes/?limit=1000"
    return [change["cursor"] for change in httpx2.get(url, headers=bearer(key)).json()["results"]]


def newest(registry: Registry, server: Server, key: NewKey) -> str:
    """The cursor of the newest change."""
    url = f"{server.url}/api/projects/{registry.project.id}/llm_prompts/changes/?after={'9' * 20}"
    return str(httpx2.get(url, headers=bearer(key)).json()["next_cursor"])
