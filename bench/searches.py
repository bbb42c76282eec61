"""Search among few and among many prompts, for needles that are rare, common, short, or not there at all."""

import statistics
from collections.abc import Mapping
from dataclasses import replace
from urllib.parse import urlencode

import httpx2

from bench import postgres
from bench.dataset import KEY, VERSIONS, Dataset, sqlite_dataset
from bench.loads import ALONE, Load, Outcome, in_turns, with_connections
from bench.pace import FEW_CONNECTIONS, Bench
from bench.results import Goal, Topic
from bench.servers import PROMPTS_PATH, Promptuary, running_promptuary

_PAGE = 100
_FEW_PROMPTS = 10_000
_GOAL_MILLISECONDS = 25
_GOAL_MILLISECONDS_OF_MANY = 250
_SHORT = {"three letters": 3, "two letters": 2, "one letter": 1}


def measure_sqlite(bench: Bench) -> Topic:
    """Measure search on SQLite."""
    outcomes: dict[str, Outcome] = {}
    hits: dict[str, float] = {}
    for part in _parts(bench):
        dataset = sqlite_dataset(part)
        outcomes |= _search(part, "search-sqlite", dataset.url, dataset, hits)
    return _topic(bench, "search-sqlite", "SQLite", outcomes, hits)


def measure_postgres(bench: Bench) -> Topic:
    """Measure search on a PostgreSQL that has the extension pg_trgm."""
    return _measure_search_on(bench, "search-postgresql", postgres.with_extensions())


def measure_plain_postgres(bench: Bench) -> Topic:
    """Measure search on a PostgreSQL that lacks the extension pg_trgm, where each search reads all texts and has no goal."""
    topic = _measure_search_on(bench, "search-postgresql-plain", postgres.without_extensions())
    return replace(topic, goals=())


def _measure_search_on(bench: Bench, name: str, server: postgres.Postgres) -> Topic:
    outcomes: dict[str, Outcome] = {}
    hits: dict[str, float] = {}
    for part in _parts(bench):
        with postgres.running_filled(server, part) as url:
            outcomes |= _search(part, name, url, sqlite_dataset(part), hits)
    return _topic(bench, name, f"{server.name} ({server.version})", outcomes, hits)


def _parts(bench: Bench) -> list[Bench]:
    """Return the run with few prompts and the run with many."""
    return [replace(bench, pace=replace(bench.pace, prompts=prompts)) for prompts in (_FEW_PROMPTS, bench.pace.prompts)]


def _search(bench: Bench, name: str, url: str, dataset: Dataset, hits: dict[str, float]) -> dict[str, Outcome]:
    """Measure each kind of needle, alone and on several connections; note the hits of each kind."""
    loads = []
    kinds = dataset.needles
    kinds |= {kind: sorted({needle[:length] for needle in kinds["common"]}) for kind, length in _SHORT.items()}
    with running_promptuary(bench.subfolder(f"{name}-{dataset.prompts}"), database_url=url, key=KEY) as promptuary:
        for kind, needles in kinds.items():
            row = f"{dataset.prompts:,} prompts: {kind}"
            searches = [f"{PROMPTS_PATH}?{urlencode({'content': 'none', 'limit': _PAGE, 'search': needle})}" for needle in needles]
            paths = bench.folder / f"{name}-{dataset.prompts}-{kind.replace(' ', '-')}.txt"
            paths.write_text("\n".join(searches))
            hits[row] = statistics.median(_count(promptuary, needle) for needle in needles)
            load = Load(row, promptuary.prompts, promptuary.headers, script=("paths", str(paths), "0"))
            loads += [with_connections(load, connections) for connections in FEW_CONNECTIONS]
        outcomes = in_turns(loads, bench.pace.rounds, bench.pace.short_seconds)
    return {load.name: outcome for load, outcome in zip(loads, outcomes, strict=True)}


def _topic(bench: Bench, name: str, place: str, outcomes: Mapping[str, Outcome], hits: Mapping[str, float]) -> Topic:
    of_kinds = {row: next(number for kind, number in hits.items() if row.startswith(f"{kind},")) for row in outcomes}
    return Topic(
        name=name,
        heading=f"Search on {place}",
        remark=(
            f"{_FEW_PROMPTS:,} and {bench.pace.prompts:,} prompts with {VERSIONS} versions each. Words of six letters, and first "
            f"letters of common words; each request another one, the first {_PAGE} hits with `content=none`; the answer counts "
            "all hits."
        ),
        rows={row: {"hits, median": of_kinds[row]} | outcome.latencies() for row, outcome in outcomes.items()},
        goals=tuple(
            Goal(f"search on {place}, {row}: p95", outcome.p95, _goal_of(row), unit=" ms", is_minimum=False)
            for row, outcome in outcomes.items()
            if row.endswith(ALONE)
        ),
    )


def _goal_of(row: str) -> int:
    return _GOAL_MILLISECONDS if row.startswith(f"{_FEW_PROMPTS:,} ") else _GOAL_MILLISECONDS_OF_MANY


def _count(promptuary: Promptuary, needle: str) -> int:
    parameters = {"content": "none", "limit": "1", "search": needle}
    answer = httpx2.get(promptuary.prompts, params=parameters, headers=promptuary.headers, timeout=60)
    count: int = answer.raise_for_status().json()["count"]
    return count
