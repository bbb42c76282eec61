"""Streams of changes from real servers: nothing lost or twice, and an end when the server stops or the access ends."""

import signal
import threading
from pathlib import Path

import httpx2
import pytest
from browsing import COOKIE, LIMITS
from builders import Registry, bearer, make_prompt
from following import create, create_many, events_of, key_of, listed, stream
from serving import START_SECONDS, running_server, wait_until

from promptuary.model.accounts import Browser
from promptuary.registry import labels, prompts, sessions
from promptuary.registry.operator import keys, members


def test_a_stream_on_any_worker_and_any_server_tells_of_a_change_at_another(
    registry: Registry, database_url: str, tmp_path: Path
) -> None:
    key = key_of(registry)
    with (
        running_server(database_url, tmp_path / "one.txt", workers=2) as one,
        running_server(database_url, tmp_path / "two.txt") as two,
        stream(registry, one, key) as (answer, first),
        stream(registry, one, key) as (_, second),
        stream(registry, two, key) as (_, third),
    ):
        assert [next(events)[0] for events in (first, second, third)] == ["ready"] * 3
        path = f"{two.url}/api/projects/{registry.project.id}/llm_prompts/"
        assert httpx2.post(path, json={"name": "greeting", "prompt": "Hi"}, headers=bearer(key)).status_code == 201
        assert next(first) == next(second) == next(third) == ("change", listed(registry, one, key)[-1])
    assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert (answer.headers["cache-control"], answer.headers["x-accel-buffering"]) == ("no-store", "no")
    assert "x-request-id" in answer.headers


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_stream_on_which_nothing_happens_has_a_heartbeat_that_is_no_event(
    registry: Registry, database_url: str, tmp_path: Path
) -> None:
    headers = bearer(key_of(registry)) | {"Accept": "text/event-stream"}
    with running_server(database_url, tmp_path / "output.txt") as server:
        url = f"{server.url}/api/projects/{registry.project.id}/llm_prompts/changes/"
        with httpx2.stream("GET", url, headers=headers, timeout=START_SECONDS) as answer:
            lines = answer.iter_lines()
            assert [next(lines).partition(":")[0] for _ in range(4)] == ["id", "event", "data", ""]
            assert [next(lines), next(lines)] == [": heartbeat", ""]


def test_who_connects_again_and_again_while_others_write_misses_nothing_and_gets_nothing_twice(
    registry: Registry, database_url: str, tmp_path: Path
) -> None:
    key, wanted = key_of(registry), 400
    writers = [threading.Thread(target=create_many, args=(registry, part, wanted // 2)) for part in ("one", "two")]
    seen: list[str] = []
    cursor = "0"
    with running_server(database_url, tmp_path / "output.txt", workers=2) as server:
        for writer in writers:
            writer.start()
        while len(seen) < wanted:
            with stream(registry, server, key, last_id=cursor) as (_, events):
                assert next(events) == ("ready", cursor)
                for _, (kind, cursor) in zip(range(min(37, wanted - len(seen))), events, strict=False):
                    assert kind == "change"
                    seen.append(cursor)
        for writer in writers:
            writer.join()
        assert seen == listed(registry, server, key)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_stream_tells_only_what_was_asked_for(registry: Registry, database_url: str, tmp_path: Path) -> None:
    key = key_of(registry)
    with (
        running_server(database_url, tmp_path / "output.txt") as server,
        stream(registry, server, key, "?name=b&label=production") as (_, events),
    ):
        next(events)
        with registry.database.write() as tx:
            make_prompt(tx, registry.actor, name="a", versions=2)
            labels.move_label(tx, registry.actor, name="a", label="canary", version=1)
            labels.move_label(tx, registry.actor, name="a", label="production", version=1)
            make_prompt(tx, registry.actor, name="b")
            prompts.archive_prompt(tx, registry.actor, name="a")
        cursors = listed(registry, server, key)
        assert [next(events)[1] for _ in range(3)] == cursors[3:]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_stream_ends_with_the_key_and_with_the_membership(registry: Registry, database_url: str, tmp_path: Path) -> None:
    key, other = key_of(registry), key_of(registry)
    with (
        running_server(database_url, tmp_path / "output.txt") as server,
        stream(registry, server, key) as (_, revoked),
        stream(registry, server, other) as (_, removed),
    ):
        assert (next(revoked)[0], next(removed)[0]) == ("ready", "ready")
        with registry.database.write() as tx:
            keys.revoke_key(tx, key.key.id)
        assert list(revoked) == []
        create(registry, "shown-to-the-other")
        assert next(removed)[0] == "change"
        with registry.database.write() as tx:
            members.remove_member(tx, project_id=registry.project.id, email=registry.user.email)
            make_prompt(tx, registry.actor, name="shown-to-nobody")
        assert list(removed) == []


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("drain_seconds", ["0", "3600"])
def test_streams_end_when_a_stop_begins_and_new_ones_are_sent_away(
    registry: Registry, database_url: str, tmp_path: Path, drain_seconds: str
) -> None:
    key = key_of(registry)
    with running_server(database_url, tmp_path / "output.txt", workers=2, drain_seconds=drain_seconds) as server:
        with stream(registry, server, key) as (_, events):
            next(events)
            server.process.terminate()
            assert list(events) == []
        if drain_seconds != "0":
            with stream(registry, server, key) as (answer, _):
                assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
            server.process.terminate()
        assert server.process.wait(timeout=START_SECONDS) == 0


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_streams_are_limited_and_counted_and_leave_room_when_they_end(
    registry: Registry, database_url: str, tmp_path: Path
) -> None:
    key = key_of(registry)
    with running_server(database_url, tmp_path / "output.txt", max_streams="1") as server:
        with stream(registry, server, key) as (_, events):
            next(events)
            assert "promptuary_change_streams 1.0" in httpx2.get(f"{server.url}/metrics").text
            with stream(registry, server, key) as (answer, _):
                assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
        wait_until(lambda: "promptuary_change_streams 0.0" in httpx2.get(f"{server.url}/metrics").text)
        with stream(registry, server, key) as (_, events):
            assert next(events)[0] == "ready"


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_one_key_cannot_take_all_streams_of_a_worker(registry: Registry, database_url: str, tmp_path: Path) -> None:
    greedy, other = key_of(registry), key_of(registry)
    with running_server(database_url, tmp_path / "output.txt", max_streams_per_key="1") as server:
        with stream(registry, server, greedy) as (_, events):
            next(events)
            with stream(registry, server, greedy) as (answer, _):
                assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
            with stream(registry, server, other) as (_, others):
                assert next(others)[0] == "ready"
        wait_until(lambda: "promptuary_change_streams 0.0" in httpx2.get(f"{server.url}/metrics").text)
        with stream(registry, server, greedy) as (_, events):
            assert next(events)[0] == "ready"


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_streams_of_a_worker_that_is_renewed_end_and_the_server_goes_on(
    registry: Registry, database_url: str, tmp_path: Path
) -> None:
    key = key_of(registry)
    with running_server(database_url, tmp_path / "output.txt") as server:
        with stream(registry, server, key) as (_, events):
            next(events)
            server.process.send_signal(signal.SIGHUP)
            assert list(events) == []
        with stream(registry, server, key) as (_, events):
            assert next(events)[0] == "ready"


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_stream_of_somebody_who_signs_out_ends(registry: Registry, database_url: str, tmp_path: Path) -> None:
    with registry.database.write() as tx:
        new = sessions.begin_session(tx, registry.user.id, limits=LIMITS, browser=Browser("192.0.2.1", "Testfox"))
    headers = {"Accept": "text/event-stream", "Cookie": f"{COOKIE}={new.value}"}
    with running_server(database_url, tmp_path / "output.txt") as server:
        url = f"{server.url}/api/projects/{registry.project.id}/llm_prompts/changes/"
        with httpx2.stream("GET", url, headers=headers, timeout=START_SECONDS) as answer:
            events = events_of(answer)
            assert next(events)[0] == "ready"
            create(registry, "told-before")
            assert next(events)[0] == "change"
            with registry.database.write() as tx:
                sessions.end_session(tx, registry.user, new.session.id)
            assert list(events) == []
