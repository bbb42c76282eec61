"""Measures fetches against nginx serving the same bytes as a static file: ``make bench``.

Needs ``wrk`` and ``nginx`` on the PATH. Everything runs on this machine, over loopback, one worker each, in turns, so that what
else the machine does falls on all alike; the median of the rounds counts. Writes `bench/results.json` and `docs/performance.md`.
"""

import json
import os
import platform
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

import httpx2

ROOT = Path(__file__).parents[1]
ROUNDS = 5
SECONDS = 4
CONNECTIONS = 32
PROMPT_BYTES = 1500
PUBLISHES_PER_SECOND = 50

sys.path.insert(0, str(ROOT / "tests"))

from serving import free_port, running_server, wait_until  # noqa: E402 - from the folder above


@dataclass(frozen=True)
class Load:
    """A load: where to, with which headers, and what it is called."""

    name: str
    url: str
    headers: dict[str, str]


@dataclass(frozen=True)
class Result:
    """Medians over the rounds of one load."""

    name: str
    requests_per_second: float
    p99_milliseconds: float


def main() -> None:
    """Measure everything and write the results."""
    missing = [tool for tool in ("wrk", "nginx") if shutil.which(tool) is None]
    if missing:
        sys.exit(f"The benchmark needs {' and '.join(missing)}; on Debian: apt-get install {' '.join(missing)}")
    with tempfile.TemporaryDirectory(prefix="promptuary-bench-") as folder:
        results = measure(Path(folder))
    write_results(results)


def measure(folder: Path) -> list[Result]:
    """Run all loads in turns against one server and one nginx."""
    url = f"sqlite:///{folder / 'promptuary.db'}"
    with running_server(url, folder / "output.txt", rate_limit_writes="") as server:
        key = re.findall(r"phx_[\w-]+", server.output)[0]
        headers = {"Authorization": f"Bearer {key}"}
        path = f"{server.url}/api/projects/1/llm_prompts/"
        for name in ("fetched", "published"):
            httpx2.post(path, json={"name": name, "prompt": "x" * PROMPT_BYTES}, headers=headers).raise_for_status()
        answer = httpx2.get(f"{path}name/fetched/", headers=headers)
        known = headers | {"If-None-Match": answer.headers["etag"]}
        with running_nginx(folder, answer.content) as static:
            loads = [
                Load("nginx, static file", static, {}),
                Load("fetch", f"{path}name/fetched/", headers),
                Load("fetch, answered 304", f"{path}name/fetched/", known),
            ]
            rounds = [[run_wrk(load) for load in loads] for _ in range(ROUNDS)]
            quiet = [median(load.name, column) for load, column in zip(loads, zip(*rounds, strict=True), strict=True)]
            with publishing(path, headers):
                busy = [run_wrk(loads[1]) for _ in range(ROUNDS)]
    return [*quiet, median(f"fetch, with {PUBLISHES_PER_SECOND} publishes a second", busy)]


def median(name: str, rounds: list[tuple[float, float]] | tuple[tuple[float, float], ...]) -> Result:
    """Return the medians of rounds of requests per second and milliseconds."""
    rates, latencies = zip(*rounds, strict=True)
    return Result(name, round(statistics.median(rates)), round(statistics.median(latencies), 2))


def run_wrk(load: Load) -> tuple[float, float]:
    """Run one round after a short warm-up; return requests per second and the 99th percentile in milliseconds."""
    options = ["-t1", f"-c{CONNECTIONS}", "--latency"]
    headers = [part for name, value in load.headers.items() for part in ("-H", f"{name}: {value}")]
    for seconds in (1, SECONDS):
        command = ["wrk", *options, f"-d{seconds}s", *headers, load.url]
        output = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    if "Non-2xx" in output and "If-None-Match" not in load.headers:
        raise RuntimeError(output)
    rate = re.search(r"Requests/sec:\s+([\d.]+)", output)
    latency = re.search(r"99%\s+([\d.]+)(us|ms|s)", output)
    if rate is None or latency is None:
        raise RuntimeError(output)
    return float(rate[1]), float(latency[1]) * {"us": 0.001, "ms": 1, "s": 1000}[latency[2]]


@contextmanager
def running_nginx(folder: Path, content: bytes) -> Iterator[str]:
    """Serve some bytes as a static file."""
    port = free_port()
    (folder / "html").mkdir()
    (folder / "html" / "answer.json").write_bytes(content)
    folder.chmod(0o755)
    config = folder / "nginx.conf"
    config.write_text(
        f"daemon off; worker_processes 1; pid {folder}/pid; error_log {folder}/error.log;\n"
        "events { worker_connections 1024; }\n"
        "http { access_log off; sendfile on; keepalive_requests 100000000; types { application/json json; }\n"
        f"server {{ listen 127.0.0.1:{port}; root {folder}/html; }} }}\n"
    )
    url = f"http://127.0.0.1:{port}/answer.json"
    process = subprocess.Popen(["nginx", "-c", str(config)], stderr=subprocess.DEVNULL)
    try:
        wait_until(lambda: answers(url))
        yield url
    finally:
        process.terminate()
        process.wait()


def answers(url: str) -> bool:
    """Tell whether a URL is served."""
    try:
        return httpx2.get(url).status_code == 200
    except httpx2.TransportError:
        return False


@contextmanager
def publishing(path: str, headers: dict[str, str]) -> Iterator[None]:
    """Publish versions of another prompt at a steady rate for the length of the block."""
    is_over = threading.Event()

    def publish() -> None:
        base = 1
        with httpx2.Client(headers=headers) as client:
            while not is_over.wait(1 / PUBLISHES_PER_SECOND):
                body = {"base_version": base, "prompt": f"text {base}"}
                base = client.patch(f"{path}name/published/", json=body).raise_for_status().json()["version"]

    thread = threading.Thread(target=publish)
    thread.start()
    try:
        yield
    finally:
        is_over.set()
        thread.join()


def write_results(results: list[Result]) -> None:
    """Write the results for programs and for people."""
    facts = {
        "date": datetime.now(UTC).date().isoformat(),
        "machine": f"{processor()}, {os.cpu_count()} cores, {platform.system()}",
        "versions": {
            "python": platform.python_version(),
            "promptuary": version("promptuary"),
            "granian": version("granian"),
            "nginx": tool_version(["nginx", "-v"]),
            "wrk": tool_version(["wrk", "-v"]),
        },
        "rounds": ROUNDS,
        "seconds": SECONDS,
        "connections": CONNECTIONS,
        "results": [result.__dict__ for result in results],
    }
    (ROOT / "bench" / "results.json").write_text(json.dumps(facts, indent=2) + "\n")
    page = ROOT / "docs" / "performance.md"
    head = page.read_text().partition(MARK)[0] if page.exists() else ""
    page.write_text(f"{head}{MARK}\n\n{table(facts, results)}\n")


MARK = "<!-- Written by make bench; do not edit below. -->"


def table(facts: dict[str, object], results: list[Result]) -> str:
    """Return the results as Markdown."""
    nginx = results[0]
    rows = [
        f"| {result.name} | {result.requests_per_second:,.0f} | {result.requests_per_second / nginx.requests_per_second:.2f} | "
        f"{result.p99_milliseconds:.2f} | {result.p99_milliseconds / nginx.p99_milliseconds:.1f} |"
        for result in results
    ]
    versions = ", ".join(f"{name} {number}" for name, number in dict(facts["versions"]).items())  # type: ignore[call-overload]
    return "\n".join(
        [
            f"Measured on {facts['date']} on {facts['machine']}; {versions}.",
            "",
            "| load | requests/s | of nginx | p99, ms | times nginx |",
            "| --- | ---: | ---: | ---: | ---: |",
            *rows,
        ]
    )


def processor() -> str:
    """Return the processor's name."""
    info = Path("/proc/cpuinfo")
    names = re.findall(r"model name\s*: (.*)", info.read_text()) if info.exists() else []
    return names[0] if names else platform.machine()


def tool_version(command: list[str]) -> str:
    """Return the first version number that a command tells."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    found = re.search(r"\d+\.\d+(\.\d+)?", done.stdout + done.stderr)
    return found[0] if found else "unknown"


if __name__ == "__main__":
    started = time.monotonic()
    main()
    print(f"Done in {time.monotonic() - started:.0f} s; see docs/performance.md and bench/results.json.")
