"""Calculation of what an installation asks of its workers and its database, from the measured costs of one fetch and one write."""

from collections.abc import Mapping
from dataclasses import dataclass

ANSWERING = "the worker that answers"
OTHER = "each other worker"
IDLE, COLD, WARM, PUBLISH = "a second without requests", "fetch that is not in memory", "fetch from memory", "publish"

_Rows = Mapping[str, Mapping[str, float]]


@dataclass(frozen=True, slots=True)
class Installation:
    """Servers on one PostgreSQL, the programs that fetch from them, and how often versions are published."""

    servers: int
    workers: int
    """Of each server."""
    programs: int
    seconds_between_fetches: int
    """Of each program."""
    publishes_per_minute: int

    @property
    def all_workers(self) -> int:
        return self.servers * self.workers

    @property
    def fetches(self) -> float:
        """Fetches per second."""
        return self.programs / self.seconds_between_fetches

    @property
    def publishes(self) -> float:
        """Publishes per second."""
        return self.publishes_per_minute / 60


EXAMPLE = Installation(servers=10, workers=2, programs=10_000, seconds_between_fetches=60, publishes_per_minute=6)


def per_second(rows: _Rows, column: str, made: Installation) -> float:
    """Add up a cost in all workers.

    After a publish each worker reads the change, and fetches the prompt from the database when it is next asked for it: at most one
    fetch a worker and publish is not answered from memory.
    """

    def cost(what: str, who: str) -> float:
        return rows[f"{what}: {who}"].get(column, 0.0)

    others = made.all_workers - 1
    cold = min(made.fetches, made.publishes * made.all_workers)
    return (
        made.all_workers * cost(IDLE, OTHER)
        + (made.fetches - cold) * cost(WARM, ANSWERING)
        + cold * cost(COLD, ANSWERING)
        + made.publishes * (cost(PUBLISH, ANSWERING) + others * cost(PUBLISH, OTHER))
    )


def calculated(rows: _Rows, made: Installation = EXAMPLE) -> str:
    """Return the calculation of an installation as Markdown."""
    total = {column: per_second(rows, column, made) for column in ("statements", "round trips", "bytes sent", "bytes received")}
    log_bytes = made.publishes * rows[f"{PUBLISH}: {ANSWERING}"]["log bytes"]
    core = per_second(rows, "CPU, µs", made) / made.all_workers / 10_000
    wake_ups = per_second(rows, "wake-ups", made) / made.all_workers
    return (
        f"**{made.servers} servers of {made.workers} workers and {made.programs:,} programs**, each of which fetches every "
        f"{made.seconds_between_fetches} seconds, while {made.publishes_per_minute} versions a minute are published: "
        f"{made.fetches:,.0f} fetches a second, {made.fetches / made.all_workers:,.1f} for each of {made.all_workers} workers, and "
        f"{made.publishes:.2f} publishes. Calculated from this table, the database answers {total['statements']:,.0f} statements a "
        f"second in {total['round trips']:,.0f} round trips, gets {total['bytes sent'] / 1000:,.0f} kB and returns "
        f"{total['bytes received'] / 1000:,.0f} kB, and adds {log_bytes / 1000:,.1f} kB to its log. Each worker takes "
        f"{core:.2f} % of a core and wakes up {wake_ups:,.0f} times a second."
    )
