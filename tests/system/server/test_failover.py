"""A highly available PostgreSQL: the primary is lost with what only it had, and its replica takes its place."""

import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection
from pathlib import Path

import httpx2
import postgres_server
import psutil
import psycopg
import pytest
from builders import Registry, bearer, make_key, make_prompt, make_registry
from following import newest, stream
from ports import free_port
from serving import Server, running_server, wait_until

from promptuary.model.accounts import NewKey
from promptuary.registry import labels
from promptuary.store import schema
from promptuary.store.engine.database import Database

QUERIES = ("", "?label=production", "?version=2")


@dataclass(frozen=True)
class Pair:
    """A primary and a replica that streams from it."""

    programs: Path
    folder: Path
    ports: tuple[int, int]

    @property
    def url(self) -> str:
        """The address that servers get: whichever of the two takes writes."""
        first, second = self.ports
        hosts = f"127.0.0.1:{first},127.0.0.1:{second}"
        return f"postgresql://postgres@{hosts}/promptuary?target_session_attrs=read-write"

    def connect(self, number: int, database: str = "promptuary") -> psycopg.Connection[tuple[object, ...]]:
        return psycopg.connect(host="127.0.0.1", port=self.ports[number], user="postgres", dbname=database, autocommit=True)

    def data(self, number: int) -> Path:
        return self.folder / f"data-{number}"

    def start(self, number: int) -> None:
        settings = [f"--unix_socket_directories={self.folder}", "--listen_addresses=127.0.0.1", f"--port={self.ports[number]}"]
        postgres_server.start(self.programs, self.data(number), [*settings, "--fsync=off"])

    def copy_primary(self) -> None:
        command = [str(self.programs / "pg_basebackup"), f"--pgdata={self.data(1)}", "--host=127.0.0.1", f"--port={self.ports[0]}"]
        options = ["--username=postgres", "--write-recovery-conf", "--checkpoint=fast", "--no-sync"]
        postgres_server.run([*command, *options], owner_of=self.folder)

    def detach_replica(self) -> None:
        """Let the replica receive what there is, and nothing of what comes."""
        with closing(self.connect(0)) as primary, closing(self.connect(1)) as replica:
            end = primary.execute("SELECT pg_current_wal_lsn()").fetchone()
            has_all = "SELECT pg_last_wal_replay_lsn() >= %s::pg_lsn"
            wait_until(lambda: replica.execute(has_all, end).fetchone() == (True,))
            replica.execute("ALTER SYSTEM SET primary_conninfo = ''")
            replica.execute("SELECT pg_reload_conf()")
            wait_until(lambda: primary.execute("SELECT count(*) FROM pg_stat_replication").fetchone() == (0,))

    def lose_primary(self) -> None:
        postgres_server.halt(self.programs, self.data(0), mode="immediate")

    def promote_replica(self) -> None:
        command = [str(self.programs / "pg_ctl"), f"--pgdata={self.data(1)}", "--wait", "promote"]
        postgres_server.run(command, owner_of=self.data(1))


@pytest.fixture
def pair() -> Iterator[Pair]:
    installed = postgres_server.wheel_programs()
    assert installed is not None
    with postgres_server.runnable(installed) as programs, postgres_server.server_folder() as folder:
        made = Pair(programs, folder, (free_port(), free_port()))
        postgres_server.initialize(programs, made.data(0))
        try:
            made.start(0)
            with closing(made.connect(0, "postgres")) as connection:
                connection.execute("CREATE DATABASE promptuary")
            made.copy_primary()
            made.start(1)
            yield made
        finally:
            for number in (0, 1):
                postgres_server.halt(programs, made.data(number))


@dataclass(frozen=True)
class Caller:
    """Fetches a prompt from every worker of a server."""

    server: Server
    path: str
    key: NewKey

    def fetch(self) -> list[tuple[int, str]]:
        """Return the status and the text, if any, of each query and each worker."""
        with self._connections() as connections:
            return [self._fetch(connection, query) for connection in connections for query in QUERIES]

    def publish(self, text: str, *, base: int) -> int:
        url = f"{self.server.url}{self.path}"
        answer = httpx2.patch(url, json={"prompt": text, "base_version": base}, headers=bearer(self.key))
        assert answer.status_code == 200, answer.text
        version: int = answer.json()["version"]
        return version

    def _fetch(self, connection: HTTPConnection, query: str) -> tuple[int, str]:
        connection.request("GET", f"{self.path}{query}", headers=bearer(self.key))
        answer = connection.getresponse()
        return answer.status, json.loads(answer.read()).get("prompt", "")

    @contextmanager
    def _connections(self) -> Iterator[list[HTTPConnection]]:
        """Open connections until each worker has taken one."""
        opened: list[HTTPConnection] = []
        of_worker: dict[int, HTTPConnection] = {}
        workers = self.server.workers()

        def has_all() -> bool:
            connection = HTTPConnection(self.server.url.removeprefix("http://"), timeout=30)
            opened.append(connection)
            self._fetch(connection, "")
            port = connection.sock.getsockname()[1]
            of_worker.update({each.pid: connection for each in workers if _has_connection_from(each, port)})
            return len(of_worker) == len(workers)

        try:
            wait_until(has_all)
            yield [*of_worker.values()]
        finally:
            for connection in opened:
                connection.close()


def _has_connection_from(worker: psutil.Process, port: int) -> bool:
    # The far end of a socket that listens is empty.
    return (port,) in {tuple(connection.raddr)[1:] for connection in worker.net_connections("tcp")}


@dataclass(frozen=True)
class Scene:
    """A server with two workers on a pair of PostgreSQL servers, and a prompt that both of these have."""

    pair: Pair
    registry: Registry
    caller: Caller

    @property
    def server(self) -> Server:
        return self.caller.server


@pytest.fixture
def scene(pair: Pair, tmp_path: Path) -> Iterator[Scene]:
    database = Database.open(pair.url)
    schema.upgrade(database)
    registry = make_registry(database)
    with database.write() as tx:
        make_prompt(tx, registry.actor, prompt="kept")
        labels.move_label(tx, registry.actor, name="greeting", label="production", version=1)
        key = make_key(tx, registry.user)
    with running_server(pair.url, tmp_path / "output.txt", workers=2) as server:
        path = f"/api/projects/{registry.project.id}/llm_prompts/name/greeting/"
        yield Scene(pair, registry, Caller(server, path, key))
    database.close()


KEPT = [(200, "kept"), (200, "kept"), (404, "")] * 2
LOST = [(200, "lost")] * 6


def write_what_only_the_primary_has(scene: Scene) -> None:
    assert scene.caller.fetch() == KEPT
    scene.pair.detach_replica()
    assert scene.caller.publish("lost", base=1) == 2
    with scene.registry.database.write() as tx:
        labels.move_label(tx, scene.registry.actor, name="greeting", label="production", version=2)
    # Twice, so that it is in the memory of both workers.
    assert [scene.caller.fetch(), scene.caller.fetch()] == [LOST, LOST]


def assert_that_what_the_replica_has_is_served(scene: Scene) -> None:
    answers: list[list[tuple[int, str]]] = []

    def are_served() -> bool:
        answers.append(scene.caller.fetch())
        return all(status != 503 for status, _ in answers[-1])

    wait_until(are_served)
    assert (200, "lost") not in [answer for fetched in answers for answer in fetched]
    assert answers[-1] == KEPT
    assert scene.caller.publish("published again", base=1) == 2
    again = (200, "published again")
    assert scene.caller.fetch() == [again, (200, "kept"), again] * 2


def test_nothing_is_served_without_a_primary_and_then_what_the_replica_has(scene: Scene) -> None:
    write_what_only_the_primary_has(scene)
    lost = newest(scene.registry, scene.server, scene.caller.key)
    scene.pair.lose_primary()
    wait_until(lambda: {status for status, _ in scene.caller.fetch()} == {503})
    assert httpx2.patch(
        f"{scene.server.url}{scene.caller.path}", json={"prompt": "x", "base_version": 2}, headers=bearer(scene.caller.key)
    ).is_server_error
    scene.pair.promote_replica()
    assert_that_what_the_replica_has_is_served(scene)
    assert_that_a_program_that_polls_is_told_of_the_loss(scene, after=lost)


def assert_that_a_program_that_polls_is_told_of_the_loss(scene: Scene, *, after: str) -> None:
    url = f"{scene.server.url}/api/projects/{scene.registry.project.id}/llm_prompts/changes/"
    # More changes than were lost, so that the sequence of the cursor is that of another entry.
    for base in range(2, 5):
        scene.caller.publish("more", base=base)
    present = newest(scene.registry, scene.server, scene.caller.key)
    assert int(present) > int(after)
    answer = httpx2.get(url, params={"after": after}, headers=bearer(scene.caller.key)).json()
    assert (answer["reset"], answer["next_cursor"]) == (True, present)


def test_workers_and_streams_that_noticed_nothing_keep_nothing_of_what_is_lost(scene: Scene) -> None:
    key = scene.caller.key
    with stream(scene.registry, scene.server, key) as (_, events):
        assert next(events)[0] == "ready"
        write_what_only_the_primary_has(scene)
        assert [next(events)[0], next(events)[0]] == ["change", "change"]
        scene.pair.lose_primary()
        scene.pair.promote_replica()
        assert next(events)[0] == "reset"
        assert_that_what_the_replica_has_is_served(scene)
        assert next(events) == ("change", newest(scene.registry, scene.server, key))
