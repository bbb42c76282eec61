"""Other registries: installed by the benchmark itself, each into an environment of its own, and started as gently as they can be.

One process or worker that answers, SQLite, no logs, no telemetry, no authentication.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx2
from ports import free_port

from bench.loads import Load, in_turns
from bench.pace import CONNECTIONS, PROMPT_BYTES, Bench
from bench.results import CannotMeasure, Goal, Topic
from bench.servers import running, running_promptuary

NAME = "fetched"
_TEXT = "x" * PROMPT_BYTES


@dataclass(frozen=True, slots=True)
class Peer:
    """Installation, start, data and fetches of another registry. ``command`` and ``environment`` take folder and port."""

    name: str
    package: str
    version: str
    command: Callable[[Path, int], list[str]]
    environment: Callable[[Path, int], dict[str, str]]
    health: str
    fetch: str
    fill: Callable[[str], None]

    def python(self, bench: Bench) -> Path:
        """Return the Python of the environment, which `install` made."""
        return bench.cache / f"{self.package}-{self.version}" / "bin" / "python"

    def started(self, bench: Bench, folder: Path, port: int) -> tuple[list[str], dict[str, str]]:
        """Return the command and the environment that start it."""
        program, *arguments = self.command(folder, port)
        command = [str(self.python(bench).with_name(program)), *arguments]
        path = f"{self.python(bench).parent}{os.pathsep}{os.environ['PATH']}"
        return command, {"PATH": path, "HOME": str(folder)} | self.environment(folder, port)


def install(peer: Peer, bench: Bench) -> None:
    """Install a peer unless it is there from an earlier run. Raises `CannotMeasure`."""
    folder = peer.python(bench).parents[1]
    mark = folder / "is-installed"
    if mark.exists():
        return
    print(f"Installing {peer.package} {peer.version} into {folder}; this takes some minutes ...", flush=True)
    subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)
    command = [str(peer.python(bench)), "-m", "pip", "--disable-pip-version-check", "--quiet", "install"]
    done = subprocess.run([*command, f"{peer.package}=={peer.version}"], capture_output=True, text=True, check=False)
    if done.returncode:
        message = f"{peer.name} could not be installed: {done.stderr.strip().splitlines()[-1]}"
        raise CannotMeasure(message)
    mark.touch()


@contextmanager
def running_peer(peer: Peer, bench: Bench) -> Iterator[str]:
    """Run a peer with one prompt in it; yield the URL of its fetch."""
    install(peer, bench)
    folder = bench.subfolder(peer.package)
    port = free_port()
    command, environment = peer.started(bench, folder, port)
    base = f"http://127.0.0.1:{port}"
    with running(command, folder, f"{base}{peer.health}", environment):
        url = f"{base}{peer.fetch}"
        if httpx2.get(url).status_code != 200:
            peer.fill(base)
        if _TEXT not in httpx2.get(url).raise_for_status().text:
            message = f"{peer.name} does not answer with the prompt."
            raise RuntimeError(message)
        yield url


def measure(bench: Bench) -> Topic:
    """Compare fetches with those of the peers."""
    phoenix, mlflow = PEERS
    folder = bench.subfolder("beside-peers")
    with (
        running_promptuary(folder) as promptuary,
        running_peer(phoenix, bench) as phoenix_url,
        running_peer(mlflow, bench) as mlflow_url,
    ):
        promptuary.create(NAME)
        loads = [
            Load("Promptuary", promptuary.url_of(NAME), promptuary.headers, status=200),
            Load(f"{phoenix.name} {phoenix.version}", phoenix_url, status=200),
            Load(f"{mlflow.name} {mlflow.version}", mlflow_url, status=200),
        ]
        outcomes = in_turns(loads, bench.pace.rounds, bench.pace.seconds)
    ours, *theirs = outcomes
    return Topic(
        name="peers",
        heading="Fetch beside other registries",
        remark=(
            f"The latest version of a prompt of {PROMPT_BYTES:,} bytes on {CONNECTIONS} connections: Phoenix "
            "`GET /v1/prompts/{name}/latest`, MLflow `GET /api/2.0/mlflow/model-versions/get`. All three are up all the time."
        ),
        rows={
            load.name: {
                "requests/s": outcome.rate,
                "Promptuary is faster, times": ours.rate / outcome.rate,
                "p50, ms": outcome.p50,
                "p99, ms": outcome.p99,
            }
            for load, outcome in zip(loads, outcomes, strict=True)
        },
        goals=tuple(
            Goal(f"fetch: requests/s, times {peer.name}", ours.rate / outcome.rate, 100)
            for peer, outcome in zip(PEERS, theirs, strict=True)
        ),
    )


def _post(url: str, body: Mapping[str, object]) -> None:
    answer = httpx2.post(url, content=json.dumps(body), headers={"Content-Type": "application/json"})
    if answer.is_error:
        message = f"{url} got {answer.status_code}: {answer.text}"
        raise RuntimeError(message)


def _fill_phoenix(base: str) -> None:
    version = {
        "model_provider": "OPENAI",
        "model_name": "gpt-4o",
        "template": {"type": "chat", "messages": [{"role": "user", "content": _TEXT}]},
        "template_type": "CHAT",
        "template_format": "MUSTACHE",
        "invocation_parameters": {"type": "openai", "openai": {}},
    }
    _post(f"{base}/v1/prompts", {"prompt": {"name": NAME}, "version": version})


def _fill_mlflow(base: str) -> None:
    # A prompt of MLflow is a registered model with this tag, a version of it a model version with the text in another.
    is_prompt = {"key": "mlflow.prompt.is_prompt", "value": "true"}
    _post(f"{base}/api/2.0/mlflow/registered-models/create", {"name": NAME, "tags": [is_prompt]})
    tags = [is_prompt, {"key": "mlflow.prompt.text", "value": _TEXT}]
    _post(f"{base}/api/2.0/mlflow/model-versions/create", {"name": NAME, "source": "prompt-template", "tags": tags})


PEERS = (
    Peer(
        name="Phoenix",
        package="arize-phoenix",
        version="20.26.1",
        command=lambda _folder, _port: ["phoenix", "serve"],
        environment=lambda folder, port: {
            "PHOENIX_WORKING_DIR": str(folder),
            "PHOENIX_HOST": "127.0.0.1",
            "PHOENIX_PORT": str(port),
            "PHOENIX_GRPC_PORT": str(free_port()),
            "PHOENIX_TELEMETRY_ENABLED": "false",
            "PHOENIX_ALLOW_EXTERNAL_RESOURCES": "false",
            "PHOENIX_DISABLE_AGENT_ASSISTANT": "true",
            "PHOENIX_LOG_MIGRATIONS": "false",
            "PHOENIX_LOGGING_LEVEL": "error",
            "PHOENIX_DB_LOGGING_LEVEL": "error",
        },
        health="/healthz",
        fetch=f"/v1/prompts/{NAME}/latest",
        fill=_fill_phoenix,
    ),
    Peer(
        name="MLflow",
        package="mlflow",
        version="3.17.2",
        command=lambda folder, port: [
            "mlflow",
            "server",
            f"--backend-store-uri=sqlite:///{folder}/mlflow.db",
            "--workers=1",
            "--host=127.0.0.1",
            f"--port={port}",
            "--uvicorn-opts=--no-access-log --log-level error",
        ],
        environment=lambda _folder, _port: {
            "MLFLOW_DISABLE_TELEMETRY": "true",
            "MLFLOW_LOGGING_LEVEL": "ERROR",
            "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
        },
        health="/health",
        fetch=f"/api/2.0/mlflow/model-versions/get?name={NAME}&version=1",
        fill=_fill_mlflow,
    ),
)
