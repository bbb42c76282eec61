"""How servers end: asked to, in the middle of something, or killed in part."""

import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import psutil
import pytest
from builders import make_key, make_registry
from serving import START_SECONDS, Server, environment, free_port, run_command, running_server, wait_until

from promptuary.store.database import Database

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def server(database_url: str, tmp_path: Path) -> Iterator[Server]:
    with running_server(database_url, tmp_path / "output.txt", workers=2) as server:
        wait_until(lambda: server.output.count("Started worker") == 2)
        yield server


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_an_idle_server_with_all_its_processes_and_status_0(server: Server, number: signal.Signals) -> None:
    processes = server.processes()
    server.process.send_signal(number)
    assert server.process.wait(timeout=START_SECONDS) == 0
    assert not any(process.is_running() for process in processes)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_lets_a_running_request_finish_and_ends_with_status_0(
    database: Database, server: Server, number: signal.Signals
) -> None:
    registry = make_registry(database)
    with database.write() as tx:
        key = make_key(tx, registry.user).value
    body = b'{"name": "greeting", "prompt": "Hello!"}'
    head = (
        f"POST /api/projects/{registry.project.id}/llm_prompts/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
        f"Authorization: Bearer {key}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        "Expect: 100-continue\r\n\r\n"
    )
    address = urlsplit(server.url)
    with socket.create_connection((address.hostname, address.port), timeout=START_SECONDS) as connection:
        connection.sendall(head.encode())
        assert connection.recv(1000).startswith(b"HTTP/1.1 100 Continue")
        server.process.send_signal(number)
        wait_until(lambda: "Stopping worker" in server.output)
        connection.sendall(body)
        assert connection.recv(1000).startswith(b"HTTP/1.1 201 Created")
    assert server.process.wait(timeout=START_SECONDS) == 0


def test_a_server_that_is_still_starting_can_be_stopped(database_url: str, tmp_path: Path) -> None:
    output = tmp_path / "output.txt"
    with output.open("wb") as file:
        command = [sys.executable, "-m", "promptuary", "serve", f"--port={free_port()}"]
        process = subprocess.Popen(command, env=environment(database_url=database_url), stdout=file, stderr=file)
    wait_until(lambda: "Spawning worker" in output.read_text())
    process.terminate()
    # Less than the time after which a worker that does not stop is killed.
    assert process.wait(timeout=20) == 0


def test_a_killed_worker_is_replaced_while_the_other_goes_on(server: Server) -> None:
    killed, other = server.workers()
    killed.kill()
    statuses = set()

    def is_replaced() -> bool:
        statuses.add(httpx2.get(f"{server.url}/_readyz").status_code)
        running = [worker.pid for worker in server.workers() if worker.status() != psutil.STATUS_ZOMBIE]
        return len(running) == 2 and killed.pid not in running

    wait_until(lambda: not killed.is_running() or killed.status() == psutil.STATUS_ZOMBIE)
    wait_until(is_replaced)
    assert statuses == {200}
    assert other.is_running()


def test_the_workers_of_a_killed_supervisor_stop_and_free_the_port(server: Server) -> None:
    workers = server.workers()
    server.process.kill()
    server.process.wait()
    _, still_alive = psutil.wait_procs(workers, timeout=START_SECONDS)
    assert [worker for worker in still_alive if worker.status() != psutil.STATUS_ZOMBIE] == []


def test_a_second_server_on_the_port_refuses_to_start(server: Server, database_url: str) -> None:
    port = urlsplit(server.url).port
    second = run_command("serve", f"--port={port}", database_url=database_url)
    assert (second.returncode, second.stderr) == (1, f"Error: Cannot listen on 127.0.0.1:{port}: Address already in use.\n")
    assert server.is_ready()
