"""Writers of one process on SQLite: they take turns, and those who wait for each other share a commit."""

import sqlite3
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing

import pytest
from sqlalchemy import Connection, event, text
from sqlalchemy.exc import DBAPIError, OperationalError

from promptuary.model.errors import Unavailable
from promptuary.store import schema
from promptuary.store.engine.database import Database
from promptuary.store.engine.group_commit import MAX_TURNS, SharedCommits

Block = Callable[[Connection], None]
Until = Callable[[Callable[[], bool]], None]

INSERT = text("INSERT INTO projects (name, api_token, created_at) VALUES (:name, :name, '2026-01-01 00:00:00.000000')")
DANGLING = text("INSERT INTO members (project_id, user_id, role, created_at) VALUES (7, 7, 'viewer', '2026-01-01 00:00:00.000000')")


@pytest.fixture
def database(sqlite_url: str) -> Iterator[Database]:
    database = Database.open(sqlite_url)
    schema.upgrade(database)
    yield database
    database.close()


@pytest.fixture
def told(database: Database) -> list[str]:
    """What has happened in which order; every commit is noted."""
    happened: list[str] = []
    event.listen(database.engine, "commit", lambda _connection: happened.append("commit"))
    return happened


def names(database: Database) -> list[str]:
    with database.read() as tx:
        return list(tx.connection.execute(text("SELECT name FROM projects ORDER BY name")).scalars())


def inserting(name: str) -> Block:
    def insert(connection: Connection) -> None:
        connection.execute(INSERT, {"name": name})

    return insert


def failing(name: str) -> Block:
    def insert_and_fail(connection: Connection) -> None:
        connection.execute(INSERT, {"name": name})
        raise ZeroDivisionError

    return insert_and_fail


def fill_disk(connection: Connection) -> None:
    pages = connection.execute(text("PRAGMA page_count")).scalar_one()
    connection.execute(text(f"PRAGMA max_page_count = {pages + 1}"))
    connection.execute(INSERT, {"name": "x" * 100_000})


def leave_dangling(connection: Connection) -> None:
    """Do what only the commit refuses."""
    connection.execute(text("PRAGMA defer_foreign_keys = ON"))
    connection.execute(DANGLING)


def take_turns(commits: SharedCommits, until: Until, *blocks: Block, told: list[str] | None = None) -> list[Future[None]]:
    """Run each block in a turn of its own; the first ends when all others wait for theirs. Return how they ended."""
    has_begun = threading.Event()

    def first(connection: Connection) -> None:
        has_begun.set()
        until(lambda: commits.waiting == len(blocks) - 1)
        blocks[0](connection)

    def run(block: Block) -> None:
        with commits.turn() as connection:
            block(connection)
        if told is not None:
            told.append("told")

    with ThreadPoolExecutor(len(blocks)) as pool:
        futures = [pool.submit(run, first)]
        has_begun.wait()
        futures += [pool.submit(run, block) for block in blocks[1:]]
    return futures


def kinds(futures: list[Future[None]]) -> list[type[BaseException] | None]:
    """The kind of error that each turn ended with."""
    return [None if (error := future.exception()) is None else type(error) for future in futures]


def test_writers_who_wait_share_one_commit_and_are_told_after_it(database: Database, told: list[str], until: Until) -> None:
    commits = SharedCommits(database.engine)
    futures = take_turns(commits, until, inserting("a"), inserting("b"), inserting("c"), told=told)
    assert kinds(futures) == [None, None, None]
    assert told == ["commit", "told", "told", "told"]
    assert names(database) == ["a", "b", "c"]


def test_a_turn_sees_what_was_done_in_the_turns_before_and_nobody_else_does(database: Database, until: Until) -> None:
    seen: list[object] = []

    def look(connection: Connection) -> None:
        seen.append(list(connection.execute(text("SELECT name FROM projects")).scalars()))
        seen.append(names(database))

    assert kinds(take_turns(SharedCommits(database.engine), until, inserting("a"), look)) == [None, None]
    assert seen == [["a"], []]


def test_a_writer_alone_commits_at_once(database: Database, told: list[str]) -> None:
    for name in ("a", "b"):
        with database.write() as tx:
            inserting(name)(tx.connection)
    assert told == ["commit", "commit"]


def test_the_first_waits_for_a_limited_number_of_turns(database: Database, told: list[str], until: Until) -> None:
    blocks = [inserting(f"{number:02}") for number in range(MAX_TURNS + 3)]
    futures = take_turns(SharedCommits(database.engine), until, *blocks)
    assert kinds(futures) == [None] * len(blocks)
    assert told == ["commit", "commit"]
    assert len(names(database)) == len(blocks)


def test_a_writer_who_fails_undoes_nothing_of_the_others(database: Database, until: Until) -> None:
    futures = take_turns(SharedCommits(database.engine), until, inserting("a"), failing("b"), inserting("c"), failing("d"))
    assert kinds(futures) == [None, ZeroDivisionError, None, ZeroDivisionError]
    assert names(database) == ["a", "c"]


def test_after_a_first_who_fails_the_others_begin_anew(database: Database, until: Until) -> None:
    futures = take_turns(SharedCommits(database.engine), until, failing("a"), inserting("b"), inserting("c"))
    assert kinds(futures) == [ZeroDivisionError, None, None]
    assert names(database) == ["b", "c"]


@pytest.mark.parametrize(("break_it", "error"), [(fill_disk, OperationalError), (leave_dangling, DBAPIError)])
def test_when_the_commit_fails_it_fails_for_all_who_share_it(
    database: Database, break_it: Block, error: type[Exception], until: Until
) -> None:
    commits = SharedCommits(database.engine)
    first, last = (future.exception() for future in take_turns(commits, until, inserting("a"), break_it))
    assert isinstance(first, Unavailable)
    assert isinstance(last, error)
    assert names(database) == []
    database.close()
    with commits.turn() as connection:
        inserting("later")(connection)
    assert names(database) == ["later"]


def test_who_swallows_that_the_disk_is_full_is_not_told_that_anything_was_written(database: Database, until: Until) -> None:
    def swallow(connection: Connection) -> None:
        with pytest.raises(OperationalError):
            fill_disk(connection)

    futures = take_turns(SharedCommits(database.engine), until, inserting("a"), swallow)
    assert kinds(futures) == [Unavailable, Unavailable]
    assert names(database) == []


def test_who_cannot_begin_leaves_the_turn_to_others(database: Database, sqlite_url: str) -> None:
    event.listen(database.engine, "connect", lambda connection, _record: connection.execute("PRAGMA busy_timeout = 0"))
    database.close()
    with closing(sqlite3.connect(sqlite_url.removeprefix("sqlite:///"), isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(Unavailable), database.write():
            pass
        other.execute("COMMIT")
        with database.write() as tx:
            inserting("a")(tx.connection)
    assert names(database) == ["a"]


def test_who_waits_too_long_is_refused_and_whoever_is_at_turn_commits_alone(database: Database) -> None:
    commits = SharedCommits(database.engine, timeout=0.01)
    with commits.turn() as connection:
        inserting("a")(connection)
        with ThreadPoolExecutor(3) as pool:
            late = [pool.submit(_take_turn, commits, inserting(name)) for name in "bcd"]
        assert kinds(late) == [Unavailable] * 3
        assert commits.waiting == 0
    assert names(database) == ["a"]


def test_nothing_that_is_left_to_the_next_is_lost_when_others_time_out(database: Database) -> None:
    commits = SharedCommits(database.engine, timeout=0.002)
    with ThreadPoolExecutor(8) as pool:
        turns = {f"{number:03}": pool.submit(_take_turn, commits, inserting(f"{number:03}")) for number in range(300)}
    assert set(kinds(list(turns.values()))) <= {None, Unavailable}
    assert names(database) == [name for name, turn in turns.items() if turn.exception() is None]


def _take_turn(commits: SharedCommits, block: Block) -> None:
    with commits.turn() as connection:
        block(connection)
