"""Every change that a real server tells of, read by the client's parser: which prompts it concerns, and which not."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cli_harness import RemoteCli, make_cli
from client_service import Service
from promptuary.model.changes import ChangeKind

from promptuary_client import PromptKey
from promptuary_client.change_log import read_event

KEYS = {
    "latest": PromptKey("p"),
    "version": PromptKey("p", version=1),
    "production": PromptKey("p", label="production"),
    "other label": PromptKey("p", label="staging"),
    "other prompt": PromptKey("other"),
}
ALL = {"latest", "version", "production", "other label"}
CONCERNED: dict[str, set[str]] = {
    "prompt.created": ALL,
    "prompt.published": {"latest"},
    "prompt.duplicated": set(),
    "prompt.archived": ALL,
    "prompt.restored": ALL,
    "label.created": {"production"},
    "label.moved": {"production"},
    "label.removed": {"production"},
}


@pytest.fixture
def cli(service: Service, tmp_path: Path) -> Iterator[RemoteCli]:
    with make_cli(service.server, str(service.registry.database.engine.url), tmp_path) as cli:
        yield cli


def _do_everything(cli: RemoteCli) -> None:
    cli.create("p", "one")
    cli.publish("p", 1, prompt="two")
    cli.label("p", "production", 1)
    cli.label("p", "production", 2)
    assert cli.api.delete("name/p/labels/production/").is_success
    assert cli.api.post("name/p/duplicate/", json={"new_name": "copy"}).is_success
    assert cli.api.post("name/p/archive/").is_success
    assert cli.api.post("name/p/restore/").is_success


def test_the_client_understands_every_change_that_the_server_tells_of(cli: RemoteCli) -> None:
    _do_everything(cli)
    found: dict[str, set[str]] = {}
    lines = _stream(cli, count=9)
    for change in map(read_event, lines):
        if change.name == "p":
            found[change.kind] = {name for name, key in KEYS.items() if change.concerns(key)}
    assert found == CONCERNED
    told = {kind.value for kind in ChangeKind if kind.value.startswith(("prompt.", "label."))}
    assert told - set(found) == {"prompt.imported"}


def _stream(cli: RemoteCli, count: int) -> list[str]:
    """The data of the first changes of a project's stream."""
    options: dict[str, Any] = {"params": {"after": "0"}, "headers": {"Accept": "text/event-stream"}, "timeout": 60}
    data: list[str] = []
    with cli.api.stream("GET", "changes/", **options) as answer:
        kind = ""
        for line in answer.iter_lines():
            field, _, value = line.partition(": ")
            kind = value if field == "event" else kind
            if field == "data" and kind == "change":
                data.append(value)
            if len(data) == count:
                break
    return data
