"""A read that starts after a write was acknowledged sees it, whoever wrote: this process, another one, or the command line."""

import asyncio
import threading
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest
from builders import Api, Registry, bearer, make_key, make_prompt
from sqlalchemy import event, insert

from promptuary.delivery.commit_signal import open_commit_signal
from promptuary.delivery.freshness import Freshness
from promptuary.model.access import Role, Scope
from promptuary.model.changes import Change
from promptuary.registry import archived, prompts
from promptuary.registry.operator import keys, members, projects, users
from promptuary.store import backup
from promptuary.store.engine.database import DEFAULT_POOL_SIZE, Database
from promptuary.store.tables import changes
from promptuary.store.watch import Watch, open_watch

Until = Callable[[Callable[[], bool]], None]


def text(api: Api, query: str = "") -> str:
    answer = api.client.get(f"{api.path}name/greeting/{query}")
    return str(answer.json()["prompt"]) if answer.status_code == 200 else f"status {answer.status_code}"


def transactions(api: Api, count: int) -> int:
    """Fetch the first text some times in a row; return how many transactions that took on the connections of the application."""
    begun: list[object] = []
    note = begun.append
    event.listen(api.registry.database.engine, "begin", note)
    try:
        assert [text(api) for _ in range(count)] == ["first"] * count
    finally:
        event.remove(api.registry.database.engine, "begin", note)
    return len(begun)


@pytest.fixture
def warm(api: Api, until: Until) -> Api:
    """An application that has answered for prompt "greeting" from memory."""
    with api.registry.database.write() as tx:
        make_prompt(tx, api.registry.actor, prompt="first")
    # Answers come from the database until the watch of the change log is connected.
    until(lambda: transactions(api, 1) == 0)
    return api


def test_a_repeated_fetch_asks_the_database_nothing(warm: Api) -> None:
    assert transactions(warm, 10) == 0


def test_a_published_version_is_served_at_once(warm: Api, database_url: str) -> None:
    other = Database.open(database_url)
    for number in range(1, 20):
        with other.write() as tx:
            prompts.publish_version(tx, warm.registry.actor, name="greeting", base_version=number, prompt=f"text {number}")
        warm.client.put(f"{warm.path}name/greeting/labels/any/", json={"version": 1})
        assert text(warm) == f"text {number}"
    other.close()


def test_a_moved_label_is_served_at_once(warm: Api) -> None:
    warm.client.patch(f"{warm.path}name/greeting/", json={"base_version": 1, "prompt": "second"})
    for version, expected in [(1, "first"), (2, "second"), (1, "first")]:
        warm.client.put(f"{warm.path}name/greeting/labels/production/", json={"version": version})
        assert text(warm, "?label=production") == expected
    warm.client.delete(f"{warm.path}name/greeting/labels/production/")
    assert text(warm, "?label=production") == "status 404"


def test_an_archived_prompt_is_gone_and_one_of_its_name_is_another(warm: Api) -> None:
    warm.client.post(f"{warm.path}name/greeting/archive/")
    assert text(warm) == "status 404"
    warm.client.post(warm.path, json={"name": "greeting", "prompt": "another"})
    assert [text(warm), text(warm, "?version=1")] == ["another", "another"]


def test_a_restored_prompt_is_served_at_once_whoever_restores_it(warm: Api, database_url: str) -> None:
    other = Database.open(database_url)
    version_id = warm.client.get(f"{warm.path}name/greeting/").json()["id"]
    warm.client.post(f"{warm.path}name/greeting/archive/")
    by_id = f"{warm.path}name/{version_id}/"
    for _ in range(5):
        # Asked for while it is gone: what is not there must not be remembered either.
        assert ([text(warm), text(warm)], warm.client.get(by_id).status_code) == (["status 404"] * 2, 404)
        with other.write() as tx:
            archived.restore_prompt(tx, warm.registry.actor, name="greeting")
        warm.client.put(f"{warm.path}name/greeting/labels/any/", json={"version": 1})
        assert ([text(warm), text(warm)], warm.client.get(by_id).status_code) == (["first"] * 2, 200)
        warm.client.post(f"{warm.path}name/greeting/archive/")
    warm.client.post(warm.path, json={"name": "greeting", "prompt": "another"})
    assert text(warm) == "another"
    warm.client.post(f"{warm.path}name/greeting/archive/")
    assert warm.client.post(f"{warm.path}name/greeting/restore/", json={"id": version_id}).status_code == 200
    assert [text(warm), text(warm, "?version=1"), text(warm, "?label=any")] == ["first", "first", "status 404"]
    other.close()


def test_an_old_version_tells_of_the_newest_one(warm: Api) -> None:
    assert warm.client.get(f"{warm.path}name/greeting/?version=1").json()["latest_version"] == 1
    warm.client.patch(f"{warm.path}name/greeting/", json={"base_version": 1, "prompt": "second"})
    assert warm.client.get(f"{warm.path}name/greeting/?version=1").json()["latest_version"] == 2


def test_a_restored_database_is_served_at_once(warm: Api, tmp_path: Path, until: Until) -> None:
    backup.write_backup(warm.registry.database, tmp_path / "backup.db")
    warm.client.patch(f"{warm.path}name/greeting/", json={"base_version": 1, "prompt": "second"})
    assert text(warm) == "second"
    backup.restore_backup(warm.registry.database, tmp_path / "backup.db", replace=True)
    if warm.registry.database.kind == "postgresql":
        # What others write shows when its notice has arrived.
        until(lambda: text(warm) == "first")
    assert text(warm) == "first"


def test_the_log_is_read_while_all_connections_of_a_worker_are_in_use(warm: Api, database_url: str) -> None:
    other = Database.open(database_url)
    with ExitStack() as stack:
        for _ in range(DEFAULT_POOL_SIZE):
            stack.enter_context(warm.registry.database.read())
        with other.write() as tx:
            make_prompt(tx, warm.registry.actor, name="other")
        assert text(warm) == "first"
    other.close()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_callers_share_a_look_only_when_they_waited_before_it_was_taken(registry: Registry, database_url: str) -> None:
    other = Database.open(database_url)
    applied: list[list[Change] | None] = []
    freshness = Freshness(lambda: open_watch(registry.database), applied.append, open_commit_signal(None))

    def publish_and_ask() -> None:
        assert freshness.is_current()
        with other.write() as tx:
            make_prompt(tx, registry.actor)

    async def look() -> list[int]:
        """Publish behind a look that others share, then ask again: from before the look, and from behind the publication."""
        assert await freshness.catch_up()
        applied.clear()
        loop = asyncio.get_running_loop()
        counts: list[int] = []

        def ask() -> None:
            assert freshness.is_current()
            counts.append(len(applied))

        loop.call_soon(publish_and_ask)
        loop.call_soon(ask)
        await asyncio.sleep(0)
        loop.call_soon(ask)
        await asyncio.sleep(0)
        return counts

    assert asyncio.run(look()) == [0, 1]
    asyncio.run(freshness.close())
    other.close()


def test_whoever_closes_waits_for_the_run_that_is_going_on(registry: Registry) -> None:
    may_open = threading.Event()

    def open_slowly() -> Watch:
        may_open.wait()
        return open_watch(registry.database)

    async def close_meanwhile() -> None:
        freshness = Freshness(open_slowly, lambda _: None, open_commit_signal(None))
        asking = asyncio.create_task(freshness.catch_up())
        await asyncio.sleep(0.01)
        # Whoever asks may be gone; the run goes on for the others.
        asking.cancel()
        closing = asyncio.create_task(freshness.close())
        await asyncio.sleep(0.01)
        assert not closing.done()
        may_open.set()
        await closing
        assert registry.database.pool_use().in_use == 0
        assert not freshness.is_current()
        assert not await freshness.catch_up()

    asyncio.run(close_meanwhile())


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_change_that_only_a_newer_version_knows_forgets_everything_once(warm: Api) -> None:
    with warm.registry.database.write() as tx:
        values = {"kind": "prompt.painted", "prompt_name": "other", "project_id": 1, "at": tx.clock()}
        tx.connection.execute(insert(changes).values(values))
    assert transactions(warm, 1) > 0
    assert transactions(warm, 3) == 0


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
class TestAccess:
    def test_a_revoked_key_is_refused_at_once(self, warm: Api) -> None:
        with warm.registry.database.write() as tx:
            keys.revoke_key(tx, warm.key.key.id)
        assert text(warm) == "status 401"

    def test_a_disabled_user_is_refused_at_once(self, warm: Api) -> None:
        with warm.registry.database.write() as tx:
            users.disable_user(tx, email=warm.registry.user.email)
        assert text(warm) == "status 401"

    def test_who_is_no_longer_a_member_is_refused_at_once(self, warm: Api) -> None:
        with warm.registry.database.write() as tx:
            members.remove_member(tx, project_id=warm.registry.project.id, email=warm.registry.user.email)
        assert text(warm) == "status 403"

    def test_who_becomes_a_member_is_let_in_at_once(self, warm: Api) -> None:
        with warm.registry.database.write() as tx:
            stranger = users.create_user(tx, email="stranger@example.com")
            key = make_key(tx, stranger, Scope.READ)
        client = warm.client_with(bearer(key))
        assert client.get(f"{warm.path}name/greeting/").status_code == 403
        with warm.registry.database.write() as tx:
            members.set_member(tx, project_id=warm.registry.project.id, email=stranger.email, role=Role.VIEWER)
        assert client.get(f"{warm.path}name/greeting/").status_code == 200

    def test_a_rotated_token_is_refused_at_once(self, warm: Api) -> None:
        token = warm.registry.project.api_token
        assert text(warm, f"?token={token}") == "first"
        with warm.registry.database.write() as tx:
            projects.rotate_token(tx, warm.registry.project.id)
        assert text(warm, f"?token={token}") == "status 401"

    def test_a_key_that_is_answered_from_memory_alone_is_noted_as_used(self, warm: Api, until: Until) -> None:
        with warm.registry.database.write() as tx:
            key = make_key(tx, warm.registry.user, Scope.READ)

        def is_noted() -> bool:
            with warm.registry.database.read() as tx:
                return any(found.id == key.key.id and found.last_used_at is not None for found in keys.list_keys(tx, limit=10))

        assert not is_noted()
        assert warm.client_with(bearer(key)).get(f"{warm.path}name/greeting/").status_code == 200
        # It is noted behind the answer; the test's time-out is what fails if it never is.
        until(is_noted)


class TestTags:
    def test_a_known_answer_is_not_sent_again(self, warm: Api) -> None:
        tag = warm.client.get(f"{warm.path}name/greeting/").headers["etag"]
        again = warm.client.get(f"{warm.path}name/greeting/", headers={"If-None-Match": tag})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
        warm.client.patch(f"{warm.path}name/greeting/", json={"base_version": 1, "prompt": "second"})
        assert warm.client.get(f"{warm.path}name/greeting/", headers={"If-None-Match": tag}).status_code == 200

    def test_a_list_has_a_tag_too(self, warm: Api) -> None:
        tag = warm.client.get(warm.path).headers["etag"]
        assert warm.client.get(warm.path, headers={"If-None-Match": f'"x", W/{tag}'}).status_code == 304
