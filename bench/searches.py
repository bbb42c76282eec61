"""Search, with many prompts, for words that are rare, common, or not there at all."""

import statistics
from urllib.parse import urlencode

import httpx2

from bench import postgres
from bench.dataset import KEY, sqlite_dataset
from bench.loads import ALONE, Load, in_turns, with_connections
from bench.pace import FEW_CONNECTIONS, Bench
from bench.results import Goal, Topic
from bench.servers import PROMPTS_PATH, Promptuary, running_promptuary

_PAGE = 100
_GOAL_MILLISECONDS = 50


def measure_sqlite(bench: Bench) -> Topic:
    """Measure search on SQLite."""
    dataset = sqlite_dataset(bench)
    return _measure_search(bench, "search-sqlite", "SQLite", dataset.url)


def measure_postgres(bench: Bench) -> Topic:
    """Measure search on a PostgreSQL that has the extension pg_trgm."""
    return _measure_search_on(bench, "search-postgresql", postgres.with_extensions())


def measure_plain_postgres(bench: Bench) -> Topic:
    """Measure search on a PostgreSQL that lacks the extension pg_trgm."""
    return _measure_search_on(bench, "search-postgresql-plain", postgres.without_extensions())


def _measure_search_on(bench: Bench, name: str, server: postgres.Postgres) -> Topic:
    with postgres.running_filled(server, bench) as url:
        return _measure_search(bench, name, f"{server.name} ({server.version})", url)


def _measure_search(bench: Bench, name: str, place: str, url: str) -> Topic:
    dataset = sqlite_dataset(bench)
    loads = []
    hits = {}
    with running_promptuary(bench.subfolder(name), database_url=url, key=KEY) as promptuary:
        for commonness, needles in dataset.needles.items():
            searches = [f"{PROMPTS_PATH}?{urlencode({'content': 'none', 'limit': _PAGE, 'search': needle})}" for needle in needles]
            paths = bench.folder / f"{name}-{commonness}.txt"
            paths.write_text("\n".join(searches))
            hits[commonness] = statistics.median(_count(promptuary, needle) for needle in needles)
            load = Load(commonness, promptuary.prompts, promptuary.headers, script=("paths", str(paths), "0"))
            loads += [with_connections(load, connections) for connections in FEW_CONNECTIONS]
        outcomes = in_turns(loads, bench.pace.rounds, bench.pace.short_seconds)
    named = {load.name: outcome for load, outcome in zip(loads, outcomes, strict=True)}
    return Topic(
        name=name,
        heading=f"Search on {place}",
        remark=(
            f"{dataset.described} Words of six letters, each request another one, the first {_PAGE} hits with `content=none`; the "
            "answer counts all hits."
        ),
        rows={row: {"hits, median": hits[row.partition(",")[0]]} | outcome.latencies() for row, outcome in named.items()},
        goals=tuple(
            Goal(f"search on {place}, {row}: p95", outcome.p95, _GOAL_MILLISECONDS, unit=" ms", is_minimum=False)
            for row, outcome in named.items()
            if row.endswith(ALONE)
        ),
    )


def _count(promptuary: Promptuary, needle: str) -> int:
    parameters = {"content": "none", "limit": "1", "search": needle}
    answer = httpx2.get(promptuary.prompts, params=parameters, headers=promptuary.headers, timeout=60)
    count: int = answer.raise_for_status().json()["count"]
    return count
