"""The servers that are measured: Promptuary, nginx, and bare applications under the same server that Promptuary runs in."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2
from ports import free_port
from serving import NO_SETTINGS, Server, running_server

from bench.loads import require_tools
from bench.pace import PROMPT_BYTES, Bench

ROOT = Path(__file__).parents[1]
PROMPTS_PATH = "/api/projects/1/llm_prompts/"

_LONGEST_START_SECONDS = 240
_PAUSE_SECONDS = 0.02


@dataclass(frozen=True, slots=True)
class Promptuary:
    """A running server with one worker, and a key that may do everything in its first project."""

    server: Server
    key: str

    @property
    def prompts(self) -> str:
        """The URL of the project's prompts."""
        return f"{self.server.url}{PROMPTS_PATH}"

    @property
    def headers(self) -> dict[str, str]:
        """Credentials."""
        return {"Authorization": f"Bearer {self.key}"}

    def url_of(self, name: str) -> str:
        """Return the URL of a prompt."""
        return f"{self.prompts}name/{name}/"

    def create(self, name: str) -> None:
        """Create a prompt of the size that is measured."""
        body = {"name": name, "prompt": "x" * PROMPT_BYTES}
        httpx2.post(self.prompts, json=body, headers=self.headers).raise_for_status()

    def create_assembled(self, name: str) -> None:
        """Create a prompt that has the size that is measured with the texts of two parts, which follow a label."""
        parts = [f"{name}-part-{number}" for number in (1, 2)]
        half = PROMPT_BYTES // 2
        texts = dict.fromkeys(parts, "x" * half)
        texts[name] = "".join(f"@@@prompt:name={part}|label=production@@@" for part in parts)
        for created, text in texts.items():
            httpx2.post(self.prompts, json={"name": created, "prompt": text}, headers=self.headers).raise_for_status()
            label = f"{self.url_of(created)}labels/production/"
            httpx2.put(label, json={"version": 1}, headers=self.headers).raise_for_status()

    def fetch(self, name: str) -> httpx2.Response:
        """Fetch a prompt."""
        return httpx2.get(self.url_of(name), headers=self.headers).raise_for_status()


@contextmanager
def running_promptuary(folder: Path, *, database_url: str = "", key: str = "") -> Iterator[Promptuary]:
    """Run Promptuary with one worker, on a new SQLite database unless another is named. Settings are the defaults.

    Only writes, and the streams of one key, are not limited in number: a limit is not what is measured.
    """
    url = database_url or f"sqlite:///{folder / 'promptuary.db'}"
    with running_server(url, folder / "output.txt", rate_limit_writes="", max_streams_per_key="0") as server:
        yield Promptuary(server, key or re.findall(r"phx_[\w-]+", server.output)[0])


@contextmanager
def running_nginx(bench: Bench, content: bytes) -> Iterator[str]:
    """Serve some bytes as a static file with one worker; yield the file's URL."""
    require_tools("nginx")
    port = free_port()
    folder = bench.subfolder("nginx")
    (folder / "html").mkdir()
    (folder / "html" / "answer.json").write_bytes(content)
    bench.folder.chmod(0o755)
    config = folder / "nginx.conf"
    config.write_text(
        f"daemon off; worker_processes 1; pid {folder}/pid; error_log {folder}/error.log;\n"
        "events { worker_connections 1024; }\n"
        "http { access_log off; sendfile on; keepalive_requests 100000000; types { application/json json; }\n"
        f"server {{ listen 127.0.0.1:{port}; root {folder}/html; }} }}\n"
    )
    url = f"http://127.0.0.1:{port}/answer.json"
    with running(["nginx", "-c", str(config)], folder, url):
        yield url


@contextmanager
def running_bare(folder: Path, application: str, **environment: str) -> Iterator[str]:
    """Run an application of `bench.bare` with one worker, in the server that Promptuary's workers run in; yield its URL."""
    port = free_port()
    options = ["--factory", "--ws=none", "--loop=uvloop", "--http=httptools", "--lifespan=off", "--no-access-log"]
    command = [sys.executable, "-m", "uvicorn", *options, "--host=127.0.0.1", f"--port={port}", f"bench.bare:{application}"]
    url = f"http://127.0.0.1:{port}/"
    with running(command, folder, url, {"PYTHONPATH": str(ROOT), **environment}):
        yield url


@contextmanager
def running_floor(folder: Path, length: int) -> Iterator[str]:
    """Run `bench.floor`, which answers with so many bytes; yield its URL."""
    port = free_port()
    url = f"http://127.0.0.1:{port}/"
    with running([sys.executable, "-m", "bench.floor", str(port), str(length)], folder, url, {"PYTHONPATH": str(ROOT)}):
        yield url


@contextmanager
def running(command: Sequence[str], folder: Path, url: str, environment: Mapping[str, str] = NO_SETTINGS) -> Iterator[int]:
    """Run a server for the length of the block, from when a URL of it is answered; yield its process id."""
    with (folder / "output.txt").open("ab") as output:
        env = os.environ | dict(environment)
        process = subprocess.Popen(command, cwd=folder, env=env, stdout=output, stderr=output)
    try:
        deadline = time.monotonic() + _LONGEST_START_SECONDS
        while not answers(url):
            if process.poll() is not None or time.monotonic() > deadline:
                message = f"{command[0]} did not start:\n{(folder / 'output.txt').read_text()}"
                raise RuntimeError(message)
            time.sleep(_PAUSE_SECONDS)
        yield process.pid
    finally:
        process.terminate()
        process.wait()


def answers(url: str) -> bool:
    """Return `True` if a URL is served."""
    try:
        return httpx2.get(url).status_code == 200
    except httpx2.TransportError:
        return False
