"""Publishing: durable versions per second, beside what the disk and SQLite can do at all."""

import sqlite3
import statistics
import time
from dataclasses import replace
from pathlib import Path

from bench.loads import Load, median, run
from bench.pace import PROMPT_BYTES, Bench
from bench.results import Goal, Topic
from bench.servers import running_promptuary

_CONNECTIONS = 16


def measure(bench: Bench) -> Topic:
    """Compare publishes over HTTP with bare durable commits of as many bytes, in turns on the same disk."""
    folder = bench.subfolder("publish")
    published, committed = [], []
    with running_promptuary(folder) as promptuary:
        load = Load("publish", promptuary.prompts, promptuary.headers, _CONNECTIONS, threads=_CONNECTIONS)
        for number in range(bench.pace.rounds):
            # Each run of wrk starts again with its first prompt.
            prefix = f"round-{number}-"
            for thread in range(_CONNECTIONS):
                promptuary.create(f"{prefix}{thread}")
            path = promptuary.url_of(prefix).removeprefix(promptuary.server.url).removesuffix("/")
            script = ("publishes", path, "z" * PROMPT_BYTES)
            published.append(run(replace(load, script=script), bench.pace.seconds, warm_up_seconds=0))
            committed.append(_commits_per_second(folder / f"bare-{number}.db", bench.pace.seconds))
    ours, bare = median(published), statistics.median(committed)
    return Topic(
        name="publish",
        heading="Publish",
        remark=(
            f"{_CONNECTIONS} connections, each publishes versions of {PROMPT_BYTES:,} bytes of a prompt of its own. The bare "
            "commits are made by one process that inserts as many bytes into a table with one column and commits each row. Both on "
            "the same disk, in WAL mode with `synchronous=FULL`: every version and every row is synced before it counts."
        ),
        rows={
            "bare commits": {"per second": bare, "of bare": 1.0},
            "publish": {"per second": ours.rate, "of bare": ours.rate / bare, "p50, ms": ours.p50, "p99, ms": ours.p99},
        },
        goals=(Goal("publish: per second, of bare durable commits", ours.rate / bare, 0.1),),
    )


def _commits_per_second(file: Path, seconds: int) -> float:
    connection = sqlite3.connect(file, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("CREATE TABLE versions (id INTEGER PRIMARY KEY, content TEXT NOT NULL)")
    text = "z" * PROMPT_BYTES
    count = 0
    started = time.perf_counter()
    while time.perf_counter() - started < seconds:
        # Without a transaction around it, each insert is one.
        connection.execute("INSERT INTO versions (content) VALUES (?)", (text,))
        count += 1
    rate = count / (time.perf_counter() - started)
    connection.close()
    return rate
