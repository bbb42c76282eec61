"""Several workers and several servers never show a stale or torn answer. ``SOAK_SECONDS`` makes the hunts longer."""

import os
import signal
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path

import httpx2
import pytest
from builders import Registry, bearer
from hunting import NAMES, Hunt, hunting, make_hunt
from serving import Server, running_server, wait_until

SECONDS = float(os.environ.get("SOAK_SECONDS", "3"))

# A long hunt asks with keys that were taken away more often than anybody should.
running_unlimited = partial(running_server, rate_limit_writes="", rate_limit_bad_keys="")

Until = Callable[[Callable[[], bool]], None]


def let_hunt_go_on(hunt: Hunt) -> None:
    """Hunt for a while, and on a busy machine for as long as it takes to have seen something."""
    threading.Event().wait(SECONDS)
    wait_until(lambda: has_prey(hunt))


def has_prey(hunt: Hunt) -> bool:
    return hunt.reads > 100 and hunt.writes > 20


def require_prey(hunt: Hunt) -> None:
    assert hunt.findings == []
    assert has_prey(hunt)


@pytest.mark.timeout(SECONDS + 240)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_four_workers_and_a_second_server_on_one_file_are_never_stale(
    registry: Registry, database_url: str, tmp_path: Path
) -> None:
    hunt = make_hunt(registry)
    with (
        running_unlimited(database_url, tmp_path / "one.txt", workers=4) as one,
        running_unlimited(database_url, tmp_path / "two.txt") as two,
        hunting(hunt, [one.url, two.url], [], is_beside_strict=True),
    ):
        let_hunt_go_on(hunt)
    require_prey(hunt)


@pytest.mark.timeout(SECONDS + 240)
@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_the_server_that_took_a_write_shows_it_at_once_on_all_workers_and_another_one_does_not_go_back(
    registry: Registry, database_url: str, tmp_path: Path
) -> None:
    hunt = make_hunt(registry)
    with (
        running_unlimited(database_url, tmp_path / "one.txt", workers=2) as one,
        running_unlimited(database_url, tmp_path / "two.txt") as two,
        hunting(hunt, [one.url], [two.url], is_beside_strict=False),
    ):
        let_hunt_go_on(hunt)
    require_prey(hunt)


@pytest.mark.timeout(SECONDS + 240)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_workers_go_on_when_another_one_is_killed(registry: Registry, database_url: str, tmp_path: Path) -> None:
    hunt = make_hunt(registry)
    with (
        running_unlimited(database_url, tmp_path / "one.txt", workers=2) as killed,
        running_unlimited(database_url, tmp_path / "two.txt") as written,
        hunting(hunt, [written.url, killed.url], [], is_beside_strict=False),
    ):
        kill_a_worker(killed)
        let_hunt_go_on(hunt)
    require_prey(hunt)


def kill_a_worker(server: Server) -> None:
    server.processes()[-1].send_signal(signal.SIGKILL)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_servers_that_lost_their_database_connections_show_what_was_written_meanwhile(
    registry: Registry, database_url: str, tmp_path: Path, until: Until
) -> None:
    hunt = make_hunt(registry)
    path = f"{hunt.path}name/{NAMES[0]}/"
    with (
        running_unlimited(database_url, tmp_path / "one.txt") as one,
        running_unlimited(database_url, tmp_path / "two.txt") as two,
        httpx2.Client(base_url=one.url, headers=bearer(hunt.key)) as writer,
        httpx2.Client(base_url=two.url, headers=bearer(hunt.key)) as reader,
    ):
        for version in range(1, 4):
            until(lambda: reader.get(path).status_code == 200)
            cut_connections(registry)
            until(lambda: writer.get(path).status_code == 200)
            writer.patch(path, json={"base_version": version, "prompt": f"1.{version + 1}"}).raise_for_status()
            until(lambda version=version: reader.get(path).json().get("version") == version + 1)  # type: ignore[misc]


def cut_connections(registry: Registry) -> None:
    with registry.database.write() as tx:
        tx.connection.exec_driver_sql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
