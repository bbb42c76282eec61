"""How servers end: asked to, in the middle of something, or killed in part."""

import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import psutil
import pytest
from builders import make_key, make_registry
from ports import free_port
from serving import START_SECONDS, Server, environment, run_command, running_server, wait_until

from promptuary.store.engine.database import Database

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def server(database_url: str, tmp_path: Path) -> Iterator[Server]:
    with running_server(database_url, tmp_path / "output.txt", workers=2) as server:
        wait_until(lambda: server.output.count("Started worker") == 2)
        yield server


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder for temporary files of servers, empty at first."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    return folder


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_an_idle_server_with_all_its_processes_and_status_0(server: Server, number: signal.Signals) -> None:
    processes = server.processes()
    server.process.send_signal(number)
    assert server.process.wait(timeout=START_SECONDS) == 0
    assert not any(process.is_running() for process in processes)


def test_an_interrupt_from_the_terminal_which_reaches_all_processes_at_once_ends_them_with_status_0(server: Server) -> None:
    for process in server.processes():
        process.send_signal(signal.SIGINT)
    assert server.process.wait(timeout=START_SECONDS) == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_lets_a_running_request_finish_refuses_new_ones_and_ends_with_status_0(
    database: Database, server: Server, number: signal.Signals
) -> None:
    with begun_create(database, server) as (connection, body):
        server.process.send_signal(number)
        wait_until(lambda: server.output.count("Stopping worker") == 2)
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(address_of(server))
        connection.sendall(body)
        assert connection.recv(1000).startswith(b"HTTP/1.1 201 Created")
    assert server.process.wait(timeout=START_SECONDS) == 0


@contextmanager
def begun_create(database: Database, server: Server) -> Iterator[tuple[socket.socket, bytes]]:
    """A request that the server has begun to read, and the body that it waits for."""
    registry = make_registry(database)
    with database.write() as tx:
        key = make_key(tx, registry.user).value
    body = b'{"name": "greeting", "prompt": "Hello!"}'
    head = (
        f"POST /api/projects/{registry.project.id}/llm_prompts/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
        f"Authorization: Bearer {key}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        "Expect: 100-continue\r\n\r\n"
    )
    with socket.create_connection(address_of(server), timeout=START_SECONDS) as connection:
        connection.sendall(head.encode())
        assert connection.recv(1000).startswith(b"HTTP/1.1 100 Continue")
        yield connection, body


def address_of(server: Server) -> tuple[str, int]:
    parts = urlsplit(server.url)
    assert parts.hostname is not None
    assert parts.port is not None
    return parts.hostname, parts.port


def test_a_kept_connection_without_a_request_does_not_hold_up_the_stop(server: Server) -> None:
    with socket.create_connection(address_of(server), timeout=START_SECONDS) as connection:
        connection.sendall(b"GET /_livez HTTP/1.1\r\nHost: localhost\r\n\r\n")
        answer = b""
        while not answer.endswith(b'{"status":"ok"}'):
            answer += connection.recv(1000)
        assert answer.startswith(b"HTTP/1.1 200 OK")
        server.process.terminate()
        assert connection.recv(1000) == b""
    # Less than the time after which a worker that does not stop is killed.
    assert server.process.wait(timeout=20) == 0


def test_a_server_that_is_still_starting_can_be_stopped(database_url: str, tmp_path: Path) -> None:
    output = tmp_path / "output.txt"
    with output.open("wb") as file:
        command = [sys.executable, "-m", "promptuary", "serve", f"--port={free_port()}"]
        process = subprocess.Popen(command, env=environment(database_url=database_url), stdout=file, stderr=file)
    wait_until(lambda: "Spawning worker" in output.read_text())
    process.terminate()
    # Less than the time after which a worker that does not stop is killed.
    assert process.wait(timeout=20) == 0


def test_a_server_that_still_waits_for_its_database_can_be_stopped_and_says_nothing(
    database: Database, database_url: str, tmp_path: Path
) -> None:
    output = tmp_path / "output.txt"
    with output.open("wb") as file, database.write():
        command = [sys.executable, "-m", "promptuary", "serve", f"--port={free_port()}"]
        process = subprocess.Popen(command, env=environment(database_url=database_url), stdout=file, stderr=file)
        wait_until(lambda: len(psutil.Process(process.pid).children()) == 1)
        [worker] = psutil.Process(process.pid).children()
        wait_until(lambda: any("promptuary.db" in opened.path for opened in worker.open_files()))
        process.terminate()
        # Less than the time for which it would wait for the database.
        assert process.wait(timeout=20) == 0
    assert output.read_text() == ""


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


def test_the_only_worker_is_replaced_however_often_it_is_killed(database_url: str, tmp_path: Path) -> None:
    with running_server(database_url, tmp_path / "output.txt") as server:
        for _ in range(3):
            (worker,) = server.workers()
            worker.kill()
            worker.wait()
            wait_until(server.is_ready)
        server.stop()
        assert server.process.returncode == 0


def test_a_hangup_renews_the_workers_and_the_server_goes_on(database_url: str, tmp_path: Path) -> None:
    with running_server(database_url, tmp_path / "output.txt") as server:
        (old,) = server.workers()
        server.process.send_signal(signal.SIGHUP)
        old.wait()
        wait_until(server.is_ready)
        assert len(server.workers()) == 1
        server.stop()
        assert server.process.returncode == 0


def test_a_renewal_that_gets_stuck_does_not_keep_the_server_from_stopping(database_url: str, tmp_path: Path) -> None:
    with running_server(database_url, tmp_path / "output.txt") as server:
        (old,) = server.workers()
        server.process.send_signal(signal.SIGHUP)
        wait_until(lambda: len(server.workers()) == 2)
        (new,) = (worker for worker in server.workers() if worker.pid != old.pid)
        new.suspend()
        server.stop()
        assert server.process.returncode == 0
        new.wait()


def test_a_server_that_cannot_start_a_worker_for_a_while_tries_again(database_url: str, tmp_path: Path) -> None:
    with running_server(database_url, tmp_path / "output.txt") as server:
        (worker,) = server.workers()
        supervisor = psutil.Process(server.process.pid)
        limits = supervisor.rlimit(psutil.RLIMIT_NOFILE)
        supervisor.rlimit(psutil.RLIMIT_NOFILE, (3, limits[1]))
        worker.kill()
        wait_until(lambda: "Worker-1 cannot be started: [Errno 24] Too many open files" in server.output)
        supervisor.rlimit(psutil.RLIMIT_NOFILE, limits)
        wait_until(server.is_ready)
        server.stop()
        assert server.process.returncode == 0


def test_a_server_whose_workers_cannot_start_gives_up_with_status_1(database_url: str) -> None:
    command = [sys.executable, "-m", "promptuary.supervisor", "--host=127.0.0.1", f"--port={free_port()}"]
    run = subprocess.run(
        [*command, "--workers=2", "--address=http://127.0.0.1", "--drain-seconds=0"],
        env=environment(database_url=database_url, log_level="loud"),
        capture_output=True,
        text=True,
        timeout=START_SECONDS,
        check=False,
    )
    assert run.returncode == 1
    assert "Input should be 'debug', 'info', 'warning' or 'error'" in run.stderr
    assert "The workers cannot start. See the log messages above for the reason." in run.stderr


def test_the_workers_of_a_killed_supervisor_stop_free_the_port_and_leave_nothing_behind(
    database_url: str, tmp_path: Path, temporary: Path
) -> None:
    with running_server(database_url, tmp_path / "output.txt", workers=2) as server:
        workers = server.workers()
        assert [path.name.startswith("promptuary-") for path in temporary.iterdir()] == [True]
        server.process.kill()
        server.process.wait()
        _, still_alive = psutil.wait_procs(workers, timeout=START_SECONDS)
        assert [worker for worker in still_alive if worker.status() != psutil.STATUS_ZOMBIE] == []
    assert list(temporary.iterdir()) == []


def test_what_a_server_that_was_killed_at_once_has_left_is_removed_by_the_next_one(
    database_url: str, tmp_path: Path, temporary: Path
) -> None:
    with running_server(database_url, tmp_path / "killed.txt") as killed:
        (left,) = temporary.iterdir()
        for process in killed.processes():
            process.suspend()
        killed.kill()
    assert left.exists()
    with running_server(database_url, tmp_path / "first.txt"):
        (first,) = temporary.iterdir()
        assert first != left
        with running_server(database_url, tmp_path / "second.txt"):
            assert first.exists()
            assert len(list(temporary.iterdir())) == 2
    assert list(temporary.iterdir()) == []


def test_a_second_server_on_the_port_refuses_to_start(server: Server, database_url: str) -> None:
    port = urlsplit(server.url).port
    second = run_command("serve", f"--port={port}", database_url=database_url)
    assert (second.returncode, second.stderr) == (1, f"Error: Cannot listen on 127.0.0.1:{port}: Address already in use.\n")
    assert server.is_ready()


def test_a_server_that_stops_does_not_wait_for_bodies(database_url: str, tmp_path: Path) -> None:
    with running_server(database_url, tmp_path / "output.txt") as server, ExitStack() as stack:
        host, _, port = server.url.removeprefix("http://").partition(":")
        talks = []
        for path in ("/api/projects/1/llm_prompts/", "/sign-in", "/mcp", "/nowhere"):
            for length in (1000, 8_000_000):
                talking = stack.enter_context(socket.create_connection((host, int(port)), timeout=START_SECONDS))
                talking.sendall(f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {length}\r\n\r\n".encode() + b" " * 10)
                talks.append(talking)
        server.process.terminate()
        # Far less than requests get for their end.
        server.process.wait(timeout=20)
