"""Whole programs: their end is not held up, and another event loop is no event."""

import socket
import subprocess
import sys
import threading
from pathlib import Path

import certificates
import pytest
from client_service import ClientMaker, Service
from faults import Proxy, hang
from serving import environment, wait_until

from promptuary_client import Promptuary

FIRST_LINES = """
import asyncio, sys
from promptuary_client import AsyncPromptuary, Promptuary
host, key, folder = sys.argv[1:]
options = dict(api_key=key, cache_dir=folder, timeout=0.2)
"""

THREADS = "prompts = Promptuary(host, **options)\nprint(prompts.get('greeting', fallback='Hello!').source)"
LOOP = """
async def main():
    async with AsyncPromptuary(host, **options) as prompts:
        print((await prompts.get('greeting', fallback='Hello!')).source)
asyncio.run(main())
"""


@pytest.mark.parametrize("program", [THREADS, LOOP])
def test_a_program_ends_at_once_and_silently_while_a_request_is_under_way(
    service: Service, proxy: Proxy, tmp_path: Path, program: str
) -> None:
    proxy.fault = hang
    command = [sys.executable, "-W", "error", "-c", FIRST_LINES + program, proxy.url, service.key.value, str(tmp_path)]
    done = subprocess.run(command, env=environment(), capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (0, "fallback\n")
    assert "Traceback" not in done.stderr


TWO_LOOPS = """
prompts = AsyncPromptuary(host, api_key=key, cache_dir=folder, timeout=60, ttl=3600)
async def fetch(name):
    print((await prompts.get(name)).source)
for name in ("greeting", "greeting", "chat"):
    asyncio.run(fetch(name))
asyncio.run(prompts.close())
"""


def test_a_second_event_loop_has_what_the_first_one_fetched(service: Service, tmp_path: Path) -> None:
    command = [sys.executable, "-c", FIRST_LINES + TWO_LOOPS, service.server.url, service.key.value, str(tmp_path)]
    done = subprocess.run(command, env=environment(), capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout.split(), done.stderr) == (0, ["server", "cache", "server"], "")


IN_OPENSSL = """
import httpx2, os, ssl, threading
began = threading.Event()
def make(**options):
    if threading.current_thread() is not threading.main_thread():
        began.set()
        ssl.create_default_context()
        os.write(1, b"loaded\\n")
    return httpx2.Client(**options)
prompts = Promptuary(host, api_key=key, cache_dir=folder, timeout=60, live=True, http_client_factory=make)
prompts.get("greeting")
began.wait()
"""


@pytest.mark.parametrize(
    "ending", ["", "prompts.close()", "raise SystemExit(0)", "del prompts", "os.fork() or sys.exit(0)\nos.wait()"]
)
def test_a_program_does_not_end_before_a_thread_has_left_openssl(service: Service, tmp_path: Path, ending: str) -> None:
    command = [sys.executable, "-c", FIRST_LINES + IN_OPENSSL + ending, service.server.url, service.key.value, str(tmp_path)]
    # The more certificates there are, the longer a thread is in there.
    env = environment() | certificates.MANY
    programs = [subprocess.Popen(command, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(2)]
    ends = [(*program.communicate(timeout=60), program.returncode) for program in programs]
    assert ends == [(b"loaded\n", b"", 0)] * 2


def own_threads() -> set[threading.Thread]:
    return {thread for thread in threading.enumerate() if thread.name.startswith("promptuary-")}


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_close_ends_the_threads_of_requests_whatever_they_wait_for(make_client: ClientMaker, scheme: str) -> None:
    before = own_threads()
    with socket.create_server(("127.0.0.1", 0)) as silent:
        client = make_client(f"{scheme}://127.0.0.1:{silent.getsockname()[1]}", live=True)
        assert client.get("greeting", fallback="Hello!", timeout=0.01).source == "fallback"
        connections = [silent.accept()[0] for _ in range(2)]
        for connection in connections:
            # The request is sent, or the handshake has begun.
            assert connection.recv(1)
        client.close()
        assert own_threads() <= before
        for connection in connections:
            connection.close()


def test_a_hook_may_close_the_client(make_client: ClientMaker) -> None:
    made: list[Promptuary] = []
    made.append(make_client("http://127.0.0.1:1", on_error=lambda _event: made[0].close()))
    made[0].get("greeting", fallback="Hello!")
    wait_until(lambda: not own_threads())
