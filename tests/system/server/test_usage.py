"""Real servers count every fetch: exactly when they are stopped, all but the last moments when they are killed."""

import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import pytest
from builders import Registry, bearer, make_key, make_prompt
from serving import START_SECONDS, Server, running_server, wait_until

from promptuary.model.accounts import NewKey
from promptuary.registry import labels, usage

CLIENTS = 4


@dataclass
class Load:
    """Clients that fetch by label until they are told to stop or the server is gone, and count what was answered."""

    url: str
    path: str
    headers: dict[str, str]
    answered: list[int] = field(default_factory=lambda: [0] * CLIENTS)
    is_over: threading.Event = field(default_factory=threading.Event)

    @contextmanager
    def going_on(self) -> Iterator[None]:
        with ThreadPoolExecutor(CLIENTS) as pool:
            tasks = [pool.submit(self._fetch, number) for number in range(CLIENTS)]
            try:
                yield
            finally:
                self.is_over.set()
        for task in tasks:
            task.result()

    def wait_for_more(self, count: int) -> None:
        wanted = sum(self.answered) + count
        wait_until(lambda: sum(self.answered) >= wanted)

    def _fetch(self, number: int) -> None:
        try:
            while not self.is_over.is_set():
                # With new connections now and then, so that all workers get some.
                with httpx2.Client(base_url=self.url, headers=self.headers, timeout=START_SECONDS) as client:
                    for _ in range(20):
                        assert client.get(self.path).status_code == 200
                        self.answered[number] += 1
        except httpx2.TransportError:
            return


@pytest.fixture
def key(registry: Registry) -> NewKey:
    with registry.database.write() as tx:
        make_prompt(tx, registry.actor)
        labels.move_label(tx, registry.actor, name="greeting", label="production", version=1)
        return make_key(tx, registry.user)


def path_of(registry: Registry) -> str:
    return f"/api/projects/{registry.project.id}/llm_prompts/name/greeting/"


def load_on(server: Server, registry: Registry, key: NewKey) -> Load:
    return Load(server.url, f"{path_of(registry)}?label=production", bearer(key))


def counted(registry: Registry) -> int:
    with registry.database.read() as tx:
        return usage.get_usage(tx, registry.actor, name="greeting", limit=1).fetches


def test_a_server_that_is_stopped_under_load_has_counted_every_fetch_that_was_answered(
    registry: Registry, key: NewKey, database_url: str, tmp_path: Path
) -> None:
    with running_server(database_url, tmp_path / "output.txt", workers=2, usage_seconds="3600") as server:
        wait_until(lambda: server.output.count("Started worker") == 2)
        load = load_on(server, registry, key)
        with load.going_on():
            load.wait_for_more(500)
            assert counted(registry) == 0
            server.stop()
    # A client may have lost the answer to its last fetch, not more.
    assert 0 <= counted(registry) - sum(load.answered) <= CLIENTS
    assert "fetches not written" not in server.output


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_fetches_of_several_workers_add_up_exactly(registry: Registry, key: NewKey, database_url: str, tmp_path: Path) -> None:
    with running_server(database_url, tmp_path / "output.txt", workers=2, usage_seconds="1") as server:
        wait_until(lambda: server.output.count("Started worker") == 2)
        load = load_on(server, registry, key)
        with load.going_on():
            load.wait_for_more(500)
            # While fetches go on, what was counted is written by and by.
            wait_until(lambda: counted(registry) > 0)
        wait_until(lambda: counted(registry) == sum(load.answered))
    assert counted(registry) == sum(load.answered)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_server_that_is_killed_loses_what_was_not_written_and_no_more(
    registry: Registry, key: NewKey, database_url: str, tmp_path: Path
) -> None:
    with running_server(database_url, tmp_path / "output.txt", usage_seconds="1") as server:
        with httpx2.Client(base_url=server.url, headers=bearer(key)) as client:
            for _ in range(20):
                client.get(path_of(registry))
            wait_until(lambda: counted(registry) == 20)
            client.get(path_of(registry))
        server.kill()
    assert counted(registry) in {20, 21}


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_fetch_that_ends_after_the_signal_to_stop_is_counted(
    registry: Registry, key: NewKey, database_url: str, tmp_path: Path
) -> None:
    head = (
        f"GET {path_of(registry)} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAuthorization: Bearer {key.value}\r\n"
        "Content-Length: 2\r\nExpect: 100-continue\r\n\r\n"
    )
    with running_server(database_url, tmp_path / "output.txt") as server:
        address = urlsplit(server.url)
        with socket.create_connection((address.hostname, address.port), timeout=START_SECONDS) as connection:
            connection.sendall(head.encode())
            assert connection.recv(1000).startswith(b"HTTP/1.1 100 Continue")
            server.process.terminate()
            wait_until(lambda: "Stopping worker" in server.output)
            connection.sendall(b"{}")
            assert connection.recv(1000).startswith(b"HTTP/1.1 200 OK")
        server.process.wait(timeout=START_SECONDS)
    assert counted(registry) == 1
