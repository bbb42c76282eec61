"""Before a server stops it tells so, and serves on until load balancers had the time to go elsewhere."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest
from builders import Registry, bearer, make_key, make_prompt
from serving import START_SECONDS, Server, running_server, wait_until

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

ENDLESS = "3600"


@contextmanager
def draining_server(database_url: str, tmp_path: Path) -> Iterator[Server]:
    """A server that was asked to stop and whose time to drain has begun, with two workers."""
    with running_server(database_url, tmp_path / "output.txt", workers=2, drain_seconds=ENDLESS) as server:
        server.process.terminate()
        wait_until(lambda: readiness(server) == (503, {"status": "stopping"}))
        yield server


def readiness(server: Server) -> tuple[int, object]:
    answer = httpx2.get(f"{server.url}/_readyz")
    return answer.status_code, answer.json()


@contextmanager
def client_of(registry: Registry, server: Server) -> Iterator[httpx2.Client]:
    with registry.database.write() as tx:
        key = make_key(tx, registry.user)
        make_prompt(tx, registry.actor, name="greeting")
    url = f"{server.url}/api/projects/{registry.project.id}/llm_prompts"
    with httpx2.Client(base_url=url, headers=bearer(key)) as client:
        yield client


def test_readiness_turns_false_on_all_workers_first_while_requests_are_served(
    registry: Registry, database_url: str, tmp_path: Path
) -> None:
    with draining_server(database_url, tmp_path) as server, client_of(registry, server) as client:
        assert {readiness(server)[0] for _ in range(30)} == {503}
        assert httpx2.get(f"{server.url}/_livez").status_code == 200
        assert [client.get("name/greeting/").status_code for _ in range(4)] == [200] * 4
        assert client.post("", json={"name": "written", "prompt": "Hello!"}).status_code == 201
        server.process.terminate()
        assert server.process.wait(timeout=START_SECONDS) == 0


def test_connections_end_with_their_next_answer_so_that_clients_go_elsewhere(
    registry: Registry, database_url: str, tmp_path: Path
) -> None:
    with draining_server(database_url, tmp_path) as server, client_of(registry, server) as client:
        answers = [client.get("name/greeting/"), client.get("name/greeting/"), client.get("name/unknown/"), client.post("")]
        server.process.terminate()
    assert [(answer.status_code, answer.headers["connection"]) for answer in answers] == [
        (200, "close"),
        (200, "close"),
        (404, "close"),
        (400, "close"),
    ]


def test_reads_that_a_proxy_repeats_elsewhere_are_sent_there_and_nothing_else_is(
    registry: Registry, database_url: str, tmp_path: Path
) -> None:
    elsewhere = {"X-Retries-Elsewhere": "yes"}
    with draining_server(database_url, tmp_path) as server, client_of(registry, server) as client:
        refused = client.get("name/greeting/", headers=elsewhere)
        written = client.post("", json={"name": "written", "prompt": "Hello!"}, headers=elsewhere)
        alive = httpx2.get(f"{server.url}/_livez", headers=elsewhere)
        server.process.terminate()
    assert (refused.status_code, refused.json()["detail"]) == (503, "The server is shutting down. Try again.")
    assert "x-request-id" in refused.headers
    assert (written.status_code, alive.status_code) == (201, 200)


def test_before_a_stop_no_connection_is_ended_and_nothing_is_sent_elsewhere(
    registry: Registry, database_url: str, tmp_path: Path
) -> None:
    with running_server(database_url, tmp_path / "output.txt") as server, client_of(registry, server) as client:
        answer = client.get("name/greeting/", headers={"X-Retries-Elsewhere": "yes"})
    assert answer.status_code == 200
    assert "connection" not in answer.headers


def test_the_time_to_drain_ends_by_itself(database_url: str, tmp_path: Path) -> None:
    with running_server(database_url, tmp_path / "output.txt", drain_seconds="0.5") as server:
        server.process.terminate()
        assert server.process.wait(timeout=START_SECONDS) == 0
        assert "Draining: not ready, serving for 0.5 s" in server.output


def test_an_interrupt_from_the_terminal_drains_nothing(database_url: str, tmp_path: Path) -> None:
    with running_server(database_url, tmp_path / "output.txt", drain_seconds=ENDLESS) as server:
        server.process.send_signal(signal.SIGINT)
        assert server.process.wait(timeout=START_SECONDS) == 0


def test_a_server_whose_workers_are_asked_to_stop_too_does_not_wait_for_them(database_url: str, tmp_path: Path) -> None:
    with running_server(database_url, tmp_path / "output.txt", workers=2, drain_seconds=ENDLESS) as server:
        for process in server.processes():
            process.terminate()
        assert server.process.wait(timeout=START_SECONDS) == 0
