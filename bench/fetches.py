"""Fetches answered from memory: beside nginx, answered 304, and while others publish."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from bench import publisher
from bench.loads import Load, Outcome, in_turns, median, run
from bench.pace import CONNECTIONS, PROMPT_BYTES, Bench
from bench.results import Goal, Topic
from bench.servers import Promptuary, running_floor, running_nginx, running_promptuary

_PUBLISHES_PER_SECOND = 50
_PUBLISHED_PROMPTS = 20


def measure_fetch(bench: Bench) -> Topic:
    """Compare fetches with a static file of the same bytes, and 304 with 200."""
    with running_promptuary(bench.subfolder("fetch")) as promptuary:
        promptuary.create("fetched")
        promptuary.create_assembled("assembled")
        answer = promptuary.fetch("fetched")
        with (
            running_nginx(bench, answer.content) as static,
            running_floor(bench.subfolder("floor"), len(answer.content)) as floor_url,
        ):
            known = promptuary.headers | {"If-None-Match": answer.headers["etag"]}
            url = promptuary.url_of("fetched")
            loads = [
                Load("nginx, static file", static, status=200),
                Load("uvloop, a protocol that only sends the bytes", floor_url, promptuary.headers, status=200),
                Load("fetch", url, promptuary.headers, status=200),
                Load("fetch, answered 304", url, known, status=304),
                Load("fetch, with another trace id each time", url, promptuary.headers, script=("traces",), status=200),
                Load("fetch of a text with two parts", promptuary.url_of("assembled"), promptuary.headers, status=200),
            ]
            outcomes = in_turns(loads, bench.pace.rounds, bench.pace.seconds)
    nginx, _, fetch, not_modified, _, assembled = outcomes
    return Topic(
        name="fetch",
        heading="Fetch from memory",
        remark=(
            f"A prompt of {PROMPT_BYTES:,} bytes, authenticated, on {CONNECTIONS} connections. nginx serves the answer's bytes as "
            "a static file, without authentication and without an access log; Promptuary writes its log. The second row is what "
            "any server in Python on this event loop is below."
        ),
        rows={load.name: _figures(outcome, nginx) for load, outcome in zip(loads, outcomes, strict=True)},
        goals=(
            Goal("fetch: requests/s of nginx", fetch.rate / nginx.rate, 0.45),
            Goal("fetch: p99, times nginx", fetch.p99 / nginx.p99, 3, is_minimum=False),
            Goal("fetch answered 304: requests/s of answered 200", not_modified.rate / fetch.rate, 1),
            Goal("fetch of a text with two parts: requests/s of a fetch", assembled.rate / fetch.rate, 0.9),
        ),
    )


def _figures(outcome: Outcome, nginx: Outcome) -> dict[str, float]:
    return {
        "requests/s": outcome.rate,
        "of nginx": outcome.rate / nginx.rate,
        "p50, ms": outcome.p50,
        "p99, ms": outcome.p99,
        "p99, times nginx": outcome.p99 / nginx.p99,
    }


def measure_busy(bench: Bench) -> Topic:
    """Compare fetches with and without concurrent publishes, in turns."""
    quiet, busy = [], []
    rates: list[float] = []
    with running_promptuary(bench.subfolder("busy")) as promptuary:
        promptuary.create("fetched")
        for number in range(_PUBLISHED_PROMPTS):
            promptuary.create(f"published-{number}")
        load = Load("fetch", promptuary.url_of("fetched"), promptuary.headers, status=200)
        for _ in range(bench.pace.rounds):
            quiet.append(run(load, bench.pace.seconds))
            with _publishing(promptuary, rates):
                busy.append(run(load, bench.pace.seconds))
    still, moved = median(quiet), median(busy)
    slowest = min(rates)
    return Topic(
        name="busy",
        heading="Fetch while others publish",
        remark=(
            f"A process of its own publishes versions of {_PUBLISHED_PROMPTS} other prompts in turn, {PROMPT_BYTES:,} bytes each, "
            f"at {_PUBLISHES_PER_SECOND} a second by the clock; in the slowest round {slowest:.1f} a second were acknowledged. The "
            "one worker answers both."
        ),
        rows={
            "no publishes": _beside(still, still),
            f"{_PUBLISHES_PER_SECOND} publishes/s": _beside(moved, still),
        },
        goals=(
            Goal("fetch while others publish: requests/s of quiet", moved.rate / still.rate, 0.8),
            Goal("publishes acknowledged", slowest, _PUBLISHES_PER_SECOND * 0.95, unit="/s"),
        ),
    )


def _beside(outcome: Outcome, quiet: Outcome) -> dict[str, float]:
    return {
        "requests/s": outcome.rate,
        "of quiet": outcome.rate / quiet.rate,
        "p50, ms": outcome.p50,
        "p99, ms": outcome.p99,
    }


@contextmanager
def _publishing(promptuary: Promptuary, rates: list[float]) -> Iterator[None]:
    """Publish at a steady rate for the length of the block; add the rate that was reached to ``rates``."""
    parts = urlsplit(promptuary.url_of("published-"))
    arguments = [parts.netloc, parts.path.removesuffix("/"), promptuary.key, str(_PUBLISHED_PROMPTS), str(_PUBLISHES_PER_SECOND)]
    command = [sys.executable, "-S", publisher.__file__, *arguments, "y" * PROMPT_BYTES]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        if process.stdin is None or process.stdout is None or process.stdout.readline() != "ready\n":
            message = "The publisher did not start."
            raise RuntimeError(message)
        try:
            yield
        finally:
            process.stdin.close()
            report = json.loads(process.stdout.readline())
            rates.append(report["published"] / report["seconds"])
