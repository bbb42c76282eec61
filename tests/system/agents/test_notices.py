"""Agents hear that prompts have changed, and streams end when they have to."""

import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import psutil
import pytest
from agent import EARLIER, connected
from agent_server import Served, serving
from builders import make_key, make_member
from serving import wait_until

from promptuary.agents.streams import MAX_STREAMS
from promptuary.registry.operator import keys, projects
from promptuary.store.engine.database import Database

LISTEN = {"Accept": "text/event-stream", "MCP-Protocol-Version": "2025-11-25"}


def with_key(key: str) -> dict[str, str]:
    return LISTEN | {"Authorization": f"Bearer {key}"}


def create(served: Served, name: str, *, key: str = "") -> None:
    """Create a prompt with the API, as any program may."""
    answer = httpx2.post(
        f"{served.url}/api/projects/@current/llm_prompts/",
        json={"name": name, "prompt": "x"},
        headers={"Authorization": f"Bearer {key or served.editor_key}"},
    )
    assert answer.status_code == 201


@pytest.mark.parametrize("workers", [1, 2])
def test_clients_of_both_eras_hear_of_changes_made_by_anybody(database_url: str, tmp_path: Path, workers: int) -> None:
    with (
        serving(database_url, tmp_path, workers=workers) as served,
        connected(served.url, served.viewer_key) as modern,
        connected(served.url, served.viewer_key, mode=EARLIER) as earlier,
        modern.listening() as next_event,
    ):
        for number, name in enumerate(("one", "two"), start=1):
            create(served, name)
            assert type(next_event()).__name__ == "PromptsListChanged"
            if number == 1:
                # The client opens its stream on its own, at some time after its beginning.
                wait_until(lambda: has_heard(earlier.notices) or create_more(served))
        assert {type(notice).__name__ for notice in earlier.notices} == {"PromptListChangedNotification"}


_numbers = iter(range(1000))


def create_more(served: Served) -> bool:
    create(served, f"more-{next(_numbers)}")
    return False


def has_heard(notices: list[Any]) -> bool:
    return bool(notices)


def test_changes_of_other_projects_are_nobodys_news(served: Served) -> None:
    database = Database.open(served.database_url)
    with database.write() as tx:
        theirs = make_key(tx, make_member(tx, projects.create_project(tx, name="Theirs"))).value
    database.close()
    with httpx2.stream("GET", f"{served.url}/mcp", headers=with_key(served.viewer_key), timeout=60) as answer:
        lines = answer.iter_lines()
        assert next(lines) == ": open"
        create(served, "theirs", key=theirs)
        with httpx2.stream("GET", f"{served.url}/mcp", headers=with_key(theirs), timeout=60) as other:
            their_lines = other.iter_lines()
            next(their_lines)
            create(served, "theirs-too", key=theirs)
            assert "prompts/list_changed" in first_data(their_lines)
        create(served, "ours")
        told = first_data(lines)
        create(served, "ours-too")
        assert (told, first_data(lines)) == (told, told)
        assert served.server.output.count('"theirs') == 0


def first_data(lines: Iterator[str]) -> str:
    return next(line for line in lines if line.startswith("data:"))


def test_a_stream_ends_when_its_key_is_revoked(served: Served) -> None:
    database = Database.open(served.database_url)
    with database.write() as tx:
        key = make_key(tx, make_member(tx, projects.get_project(tx, served.project_id)))
    with httpx2.stream("GET", f"{served.url}/mcp", headers=with_key(key.value), timeout=60) as answer:
        lines = answer.iter_lines()
        assert next(lines) == ": open"
        with database.write() as tx:
            keys.revoke_key(tx, key.key.id)
        assert [line for line in lines if line.startswith("data:")] == []
    assert httpx2.get(f"{served.url}/mcp", headers=with_key(key.value)).status_code == 401
    database.close()


def test_a_stream_needs_a_key_and_whoever_stops_cuts_none_short(prepared_url: str, tmp_path: Path) -> None:
    with serving(prepared_url, tmp_path, workers=2, drain_seconds="2") as served:
        assert httpx2.get(f"{served.url}/mcp", headers=LISTEN).status_code == 401
        with (
            connected(served.url, served.editor_key) as agent,
            agent.listening() as next_event,
            httpx2.stream("GET", f"{served.url}/mcp", headers=with_key(served.viewer_key), timeout=60) as answer,
        ):
            lines = answer.iter_lines()
            assert next(lines) == ": open"
            served.server.process.terminate()
            # Both end as streams do that the server has ended, not as connections that break.
            assert [line for line in lines if line.startswith("data:")] == []
            with pytest.raises(StopAsyncIteration):
                next_event()
        served.server.process.wait(timeout=60)
        assert "Traceback" not in served.server.output


def test_streams_of_a_worker_that_is_renewed_end_as_those_of_a_server_that_stops(prepared_url: str, tmp_path: Path) -> None:
    with serving(prepared_url, tmp_path) as served:
        with httpx2.stream("GET", f"{served.url}/mcp", headers=with_key(served.viewer_key), timeout=60) as answer:
            lines = answer.iter_lines()
            assert next(lines) == ": open"
            served.server.process.send_signal(signal.SIGHUP)
            assert [line for line in lines if line.startswith("data:")] == []
        with httpx2.stream("GET", f"{served.url}/mcp", headers=with_key(served.viewer_key), timeout=60) as answer:
            assert next(answer.iter_lines()) == ": open"


def test_streams_are_bounded_in_number_and_leave_room_for_requests(prepared_url: str, tmp_path: Path) -> None:
    with (
        serving(prepared_url, tmp_path, max_agent_streams_per_key="0") as served,
        httpx2.Client(timeout=60, limits=httpx2.Limits(max_connections=None)) as client,
    ):
        listen = client.build_request("GET", f"{served.url}/mcp", headers=with_key(served.viewer_key))
        answers = [client.send(listen, stream=True) for _ in range(MAX_STREAMS + 1)]
        assert [answer.status_code for answer in answers] == [200] * MAX_STREAMS + [503]
        assert answers[-1].headers["retry-after"] == "1"
        create(served, "served-nevertheless")
        answers[0].close()
        wait_until(lambda: client.send(listen, stream=True).status_code == 200)
        for answer in answers:
            answer.close()


def test_one_key_cannot_take_all_streams(prepared_url: str, tmp_path: Path) -> None:
    with (
        serving(prepared_url, tmp_path, max_agent_streams_per_key="2") as served,
        httpx2.Client(timeout=60) as client,
    ):
        keys_in_turn = [served.viewer_key] * 3 + [served.editor_key]
        answers = [
            client.send(client.build_request("GET", f"{served.url}/mcp", headers=with_key(key)), stream=True)
            for key in keys_in_turn
        ]
        assert [answer.status_code for answer in answers] == [200, 200, 503, 200]
        for answer in answers:
            answer.close()


def test_streams_that_clients_leave_are_closed(served: Served) -> None:
    worker = psutil.Process(served.server.workers()[0].pid)

    def connections() -> int:
        return sum(1 for connection in worker.net_connections() if connection.status == psutil.CONN_ESTABLISHED)

    before = connections()
    for _ in range(5):
        with httpx2.stream("GET", f"{served.url}/mcp", headers=with_key(served.viewer_key), timeout=60) as answer:
            next(answer.iter_lines())
    wait_until(lambda: connections() <= before)
    lines = [line for line in served.server.output.splitlines() if '"GET"' in line and '"/mcp"' in line]
    assert len(lines) >= 5
