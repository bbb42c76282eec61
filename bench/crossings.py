"""Two servers that share a PostgreSQL database: how long a write through one takes to show on the other."""

import http.client
import json
import statistics
import time
from collections.abc import Mapping
from urllib.parse import urlsplit

from bench import postgres
from bench.pace import PROMPT_BYTES, Bench
from bench.results import Goal, Topic
from bench.servers import running_promptuary

_NAME = "crossing"


class _Client:
    """One connection to one server, which is kept open."""

    def __init__(self, url: str, headers: Mapping[str, str]) -> None:
        parts = urlsplit(url)
        self._connection = http.client.HTTPConnection(parts.netloc)
        self._path = parts.path
        self._headers = dict(headers) | {"Content-Type": "application/json"}

    def publish(self, base: int) -> int:
        """Publish a version and return its number."""
        return self._ask("PATCH", json.dumps({"base_version": base, "prompt": "x" * PROMPT_BYTES}))

    def fetch(self) -> int:
        """Fetch the prompt and return the number of its version."""
        return self._ask("GET", None)

    def _ask(self, method: str, body: str | None) -> int:
        self._connection.request(method, self._path, body, self._headers)
        answer = self._connection.getresponse()
        content = answer.read()
        if answer.status != 200:
            message = f"{method} got {answer.status}: {content.decode()}"
            raise RuntimeError(message)
        version: int = json.loads(content)["version"]
        return version


def measure(bench: Bench) -> Topic:
    """Publish on one server and fetch from the other until the version shows, over and over."""
    server = postgres.without_extensions()
    delays = []
    stale_at_home = 0
    with (
        postgres.running_empty(server, bench) as url,
        running_promptuary(bench.subfolder("first"), database_url=url) as first,
        running_promptuary(bench.subfolder("second"), database_url=url, key=first.key) as second,
    ):
        first.create(_NAME)
        writer, home, other = (_Client(promptuary.url_of(_NAME), promptuary.headers) for promptuary in (first, first, second))
        latest = other.fetch()
        for _ in range(bench.pace.crossings):
            latest = writer.publish(latest)
            acknowledged = time.perf_counter()
            while other.fetch() != latest:
                pass
            delays.append((time.perf_counter() - acknowledged) * 1000)
            stale_at_home += home.fetch() != latest
    percentiles = statistics.quantiles(delays, n=100, method="inclusive")
    figures = {"writes": float(len(delays)), "p50, ms": percentiles[49], "p99, ms": percentiles[98], "longest, ms": max(delays)}
    return Topic(
        name="crossings",
        heading="Across two servers",
        remark=(
            f"Two servers share {server.name} ({server.version}). After each publish was acknowledged by the first, the second is "
            "asked until it shows it; the time ends when that answer has arrived, so it includes one fetch at least."
        ),
        rows={"from one server to the other": figures},
        goals=(
            Goal("write on one server to visible on the other: p99", percentiles[98], 50, unit=" ms", is_minimum=False),
            Goal("stale answers of the server that took the write", stale_at_home, 0, is_minimum=False),
        ),
    )
