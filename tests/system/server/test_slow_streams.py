"""Streams whose clients do not read, at a real server: they cost it little, harm nobody, and do not outlive their access."""

import socket
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import httpx2
import pytest
from builders import Registry, make_prompt
from following import Event, create, key_of, newest, stream
from serving import Server, running_server, wait_until

from promptuary.model.changes import Attribution, NewChange
from promptuary.model.changes.payloads import PromptImported
from promptuary.registry.operator import keys
from promptuary.store.changes import append_changes, trim_changes
from promptuary.store.prompts import find_prompt

CHANGES = 8_000
SLOW_CLIENTS = 30
FEW_BYTES = 4096

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def write_long_history(registry: Registry) -> None:
    """Write more to the log than the buffers of a connection hold: some five megabytes for each stream."""
    name = "n" * 200
    with registry.database.write() as tx:
        make_prompt(tx, registry.actor, name=name)
        prompt = find_prompt(tx, project_id=registry.project.id, name=name)
        assert prompt is not None
        imported = PromptImported(None, 1, versions_added=1, labels=(), is_archived=False)
        append_changes(tx, [NewChange.of(prompt, imported)] * CHANGES, Attribution(registry.user.id))


def open_streams(server: Server) -> int:
    lines = httpx2.get(f"{server.url}/metrics").text.splitlines()
    return int(float(next(line.split()[1] for line in lines if line.startswith("promptuary_change_streams "))))


def take_more(answer: httpx2.Response) -> None:
    """Let the client's system accept more at once: through a window of a few bytes megabytes take a minute."""
    connection: socket.socket = answer.extensions["network_stream"].get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1_000_000)


def read_until(events: Iterator[Event], cursor: str) -> list[str]:
    """Read on to a change, and return the cursors on the way."""
    seen: list[str] = []
    while not seen or seen[-1] != cursor:
        kind, at = next(events)
        assert kind == "change"
        seen.append(at)
    return seen


def test_clients_that_do_not_read_cost_little_memory_and_end_with_their_key_and_with_the_server(
    registry: Registry, database_url: str, tmp_path: Path
) -> None:
    slow_key, lost_key, key = key_of(registry), key_of(registry), key_of(registry)
    write_long_history(registry)
    with running_server(database_url, tmp_path / "output.txt") as server, ExitStack() as stack:
        [worker] = server.workers()
        _, events = stack.enter_context(stream(registry, server, key, "?after=0"))
        assert next(events) == ("ready", "0")
        create(registry, "one")
        last = newest(registry, server, key)
        assert len(read_until(events, last)) >= CHANGES
        before = worker.memory_info().rss
        for slow in [slow_key, *[lost_key] * SLOW_CLIENTS]:
            stack.enter_context(stream(registry, server, slow, "?after=0", receive_bytes=FEW_BYTES))
        assert open_streams(server) == SLOW_CLIENTS + 2
        # Whoever reads gets everything meanwhile, the newest too.
        _, others = stack.enter_context(stream(registry, server, key, "?after=0"))
        next(others)
        create(registry, "two")
        last = newest(registry, server, key)
        assert read_until(events, last)[-1] == read_until(others, last)[-1] == last
        # All that is still to be sent is three times as much.
        assert worker.memory_info().rss - before < 50_000_000
        with registry.database.write() as tx:
            keys.revoke_key(tx, lost_key.key.id)
        wait_until(lambda: open_streams(server) == 3)
        server.stop()
        # None of them had to be cut short because it held up the stop.
        assert "timeout graceful shutdown exceeded" not in server.output
        assert "Traceback" not in server.output


def test_an_open_stream_that_the_trimmed_log_has_left_behind_is_reset_and_goes_on(
    registry: Registry, database_url: str, tmp_path: Path
) -> None:
    key = key_of(registry)
    write_long_history(registry)
    with (
        running_server(database_url, tmp_path / "output.txt") as server,
        stream(registry, server, key, "?after=0", receive_bytes=FEW_BYTES) as (answer, events),
    ):
        assert next(events) == ("ready", "0")
        with registry.database.write() as tx:
            trim_changes(tx, before=registry.database.clock() + timedelta(days=1))
        last = newest(registry, server, key)
        take_more(answer)
        told = []
        kind = "change"
        while kind == "change":
            kind, cursor = next(events)
            # A cursor ends with eight digits that are made from the time of the entry.
            told.append(int(cursor[:-8]))
        # What was sent before is whole, and nothing of what was trimmed comes behind the reset.
        assert (kind, cursor) == ("reset", last)
        assert len(told) < CHANGES
        assert {after - before for before, after in pairwise(told[:-1])} <= {1}
        create(registry, "after-the-reset")
        assert next(events) == ("change", newest(registry, server, key))
