"""Whole programs: their end is not held up, and another event loop is no trouble."""

import subprocess
import sys
from pathlib import Path

import pytest
from client_service import Service
from faults import Proxy, hang
from serving import environment

FIRST_LINES = """
import asyncio, sys
from promptuary_client import AsyncPromptuary, Promptuary
host, key, folder = sys.argv[1:]
options = dict(api_key=key, cache_dir=folder, deadline=0.2)
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
prompts = AsyncPromptuary(host, api_key=key, cache_dir=folder, deadline=60, ttl=3600)
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
