"""Fetches of prompts that are not in memory, beside a bare read of the same rows."""

import shutil
from pathlib import Path

import httpx2

from bench.dataset import KEY, sqlite_dataset
from bench.loads import ALONE, Load, Outcome, median, on_connections, run
from bench.pace import FEW_CONNECTIONS, Bench
from bench.results import Goal, Topic
from bench.servers import PROMPTS_PATH, Promptuary, running_bare, running_promptuary

_GOAL_MILLISECONDS = 5


def measure(bench: Bench) -> Topic:
    """Compare fetches of prompts that were never fetched before with a bare read of the same rows."""
    dataset = sqlite_dataset(bench)
    # Fetches are counted in the database, so they get one of their own.
    file = bench.folder / "cold.db"
    shutil.copyfile(dataset.folder / "promptuary.db", file)
    paths = bench.folder / "cold-paths.txt"
    paths.write_text("\n".join(f"{PROMPTS_PATH}name/{name}/" for name in dataset.names))
    rows: dict[str, dict[str, float]] = {}
    goals = []
    for connections in FEW_CONNECTIONS:
        # A new server for each, so that its memory is empty.
        with (
            running_promptuary(bench.subfolder(f"cold-{connections}"), database_url=f"sqlite:///{file}", key=KEY) as promptuary,
            running_bare(bench.subfolder("bare"), "row_by_index", BENCH_DATABASE=str(file)) as bare_url,
        ):
            bare, cold = _in_turns(bench, paths, bare_url, promptuary, connections)
        rows[on_connections("bare read", connections)] = bare.latencies()
        rows[on_connections("fetch", connections)] = cold.latencies()
        what = on_connections("cold fetch", connections)
        if what.endswith(ALONE):
            goals.append(Goal(f"{what}: p95", cold.p95, _GOAL_MILLISECONDS, unit=" ms", is_minimum=False))
    return Topic(
        name="cold",
        heading="Fetch of a prompt that is not in memory",
        remark=(
            f"{dataset.described} Each prompt is fetched once, in random order, so that no answer is in the server's memory; the "
            "database file is in the system's. The bare read is an application of a few lines in the same server, which selects "
            "the same row with `sqlite3` by the same indices and sends the text, without authentication."
        ),
        rows=rows,
        goals=tuple(goals),
    )


def _in_turns(bench: Bench, paths: Path, bare_url: str, promptuary: Promptuary, connections: int) -> tuple[Outcome, Outcome]:
    first, *others = paths.read_text().split()
    # Who has the key is found out once, before.
    httpx2.get(f"{promptuary.server.url}{first}", headers=promptuary.headers).raise_for_status()
    bare, cold = [], []
    sent = 1
    for _ in range(bench.pace.rounds):
        script = ("paths", str(paths), str(sent))
        for_bare = Load("bare read", bare_url, connections=connections, script=script)
        bare.append(run(for_bare, bench.pace.short_seconds, warm_up_seconds=0))
        for_cold = Load("cold fetch", promptuary.prompts, promptuary.headers, connections, script=script)
        cold.append(run(for_cold, bench.pace.short_seconds, warm_up_seconds=0))
        sent += int(cold[-1].requests) + 2 * connections
        if sent > len(others):
            message = f"{len(others):,} prompts are too few: some were fetched twice."
            raise RuntimeError(message)
    return median(bare), median(cold)
