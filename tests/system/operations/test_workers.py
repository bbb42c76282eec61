"""What `/metrics` of real servers says: whichever worker answers, it speaks for all, and for those that died."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx2
import pytest
from builders import Registry, bearer, make_key, make_prompt
from scraping import FETCH, LIST, Scraped
from serving import Server, running_server, wait_until
from sqlalchemy import text as sql

from promptuary.store.engine.dialect import announce_changes

ON_SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
ON_POSTGRESQL = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)


def scrape(server: Server) -> Scraped:
    answer = httpx2.get(f"{server.url}/metrics")
    assert answer.status_code == 200
    return Scraped(answer.text)


def wait_for(server: Server, name: str, value: float, **labels: str) -> None:
    wait_until(lambda: scrape(server).value(name, **labels) == value)


@contextmanager
def two_workers(database_url: str, folder: Path) -> Iterator[Server]:
    with running_server(database_url, folder / "output.txt", workers=2) as server:
        wait_for(server, "promptuary_workers", 2)
        yield server


def send_requests(server: Server, registry: Registry, key: dict[str, str]) -> None:
    """Send some requests, each over a connection of its own, so that all workers get some."""
    path = f"{server.url}/api/projects/{registry.project.id}/llm_prompts/"
    for _ in range(40):
        assert httpx2.get(f"{path}name/greeting/", headers=key).status_code == 200
    for _ in range(10):
        assert httpx2.get(path).status_code == 401


@ON_SQLITE
def test_counts_are_exact_over_all_workers_and_survive_a_killed_one(registry: Registry, database_url: str, tmp_path: Path) -> None:
    with registry.database.write() as tx:
        make_prompt(tx, registry.actor)
        key = bearer(make_key(tx, registry.user))
    with two_workers(database_url, tmp_path) as server:
        send_requests(server, registry, key)
        expected = {("GET", FETCH, "200"): 40, ("GET", LIST, "401"): 10}
        assert [scrape(server).requests() for _ in range(8)] == [expected] * 8
        cpu_seconds = scrape(server).value("process_cpu_seconds_total")
        for worker in server.workers():
            worker.kill()
            worker.wait()
            wait_for(server, "promptuary_workers", 2)
            assert scrape(server).requests() == expected
        send_requests(server, registry, key)
        scraped = scrape(server)
        assert scraped.requests() == {operation: 2 * count for operation, count in expected.items()}
        assert sum(scraped.value("promptuary_cache_fetches_total", result=result) for result in ("hit", "miss")) == 80
        assert scraped.value("process_cpu_seconds_total") > cpu_seconds
        assert "/metrics" not in server.output


@ON_SQLITE
def test_gauges_are_those_of_all_workers_that_are_alive(registry: Registry, database_url: str, tmp_path: Path) -> None:
    with registry.database.write() as tx:
        make_prompt(tx, registry.actor)
        key = bearer(make_key(tx, registry.user))
    with two_workers(database_url, tmp_path) as server:
        wait_for(server, "promptuary_cache_max_bytes", 512_000_000)
        wait_for(server, "promptuary_database_connections_max", 20)

        def have_both_answered() -> bool:
            send_requests(server, registry, key)
            return scrape(server).value("promptuary_cache_entries") == 2

        wait_until(have_both_answered)
        wait_for(server, "promptuary_requests_in_progress", 1)
        killed = server.workers()[0]
        killed.kill()
        killed.wait()
        wait_for(server, "promptuary_workers", 2)
        wait_for(server, "promptuary_cache_entries", 1)


@pytest.mark.parametrize("cache_megabytes", ["256", "0"])
@ON_SQLITE
def test_a_server_without_a_cache_has_metrics_too(database_url: str, tmp_path: Path, cache_megabytes: str) -> None:
    with running_server(database_url, tmp_path / "output.txt", cache_megabytes=cache_megabytes) as server:
        assert scrape(server).value("promptuary_cache_max_bytes") == int(cache_megabytes) * 1_000_000


def test_workers_that_nobody_asks_for_anything_follow_the_change_log(registry: Registry, database_url: str, tmp_path: Path) -> None:
    with two_workers(database_url, tmp_path) as server:
        # Each worker begins to watch by itself, at the log's end.
        wait_for(server, "promptuary_change_lag_seconds", 0)
        published = 0

        def have_all_applied_one() -> bool:
            nonlocal published
            published += 1
            with registry.database.write() as tx:
                make_prompt(tx, registry.actor, name=f"prompt-{published}")
            # More than one of them can have applied alone, however long before the other it began to watch.
            return scrape(server).value("promptuary_changes_applied_total") > published

        wait_until(have_all_applied_one)
        last = scrape(server).value("promptuary_changes_applied_total")
        with registry.database.write() as tx:
            make_prompt(tx, registry.actor, name="another")
        wait_until(lambda: scrape(server).value("promptuary_changes_applied_total") >= last + 2)


@ON_POSTGRESQL
def test_a_server_that_cannot_read_the_change_log_shows_for_how_long(registry: Registry, database_url: str, tmp_path: Path) -> None:
    with running_server(database_url, tmp_path / "output.txt") as server:
        wait_until(lambda: is_watched(registry))
        with registry.database.write() as locking:
            locking.connection.execute(sql("LOCK TABLE changes IN ACCESS EXCLUSIVE MODE"))
            with registry.database.write() as tx:
                announce_changes(tx.connection)
            wait_until(lambda: scrape(server).value("promptuary_change_lag_seconds") > 1)
        wait_for(server, "promptuary_change_lag_seconds", 0)


def is_watched(registry: Registry) -> bool:
    with registry.database.read() as tx:
        found = tx.connection.execute(
            sql("SELECT count(*) FROM pg_stat_activity WHERE query = 'SELECT 1' AND datname = current_database()")
        )
        return bool(found.scalar_one())
