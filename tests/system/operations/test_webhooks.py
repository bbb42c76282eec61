"""Webhooks of real servers: killed while they send, two at once on one database, and a lease that is taken over."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import httpx2
import pytest
from builders import Registry, bearer, make_key
from hooks import Hooks
from receiving import Receiver
from serving import Server, running_server, wait_until

from promptuary.model.webhooks import DeliveryState

sending_server = partial(running_server, log_requests="false", rate_limit_writes="", outbound_allowed_networks="127.0.0.0/8")


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver().running() as receiver:
        yield receiver


def publish(registry: Registry, server: Server, *names: str) -> None:
    with registry.database.write() as tx:
        headers = bearer(make_key(tx, registry.user))
    path = f"{server.url}/api/projects/{registry.project.id}/llm_prompts/"
    with httpx2.Client(headers=headers) as client:
        for name in names:
            assert client.post(path, json={"name": name, "prompt": "x"}).status_code == 201


def names(part: str, count: int = 20) -> list[str]:
    return [f"{part}-{number}" for number in range(count)]


def test_every_event_arrives_in_order_though_the_server_is_killed_while_it_sends(
    registry: Registry, database_url: str, receiver: Receiver, tmp_path: Path
) -> None:
    hooks = Hooks(registry)
    webhook = hooks.add(receiver)
    expected = names("first") + names("second") + names("third")
    with sending_server(database_url, tmp_path / "first.txt") as server:
        publish(registry, server, *names("first"))
        wait_until(lambda: len(receiver.requests) >= 5)
        # The endpoint has the message, and the server does not know it yet.
        receiver.opened.clear()
        taken = len(receiver.requests)
        publish(registry, server, *names("second"))
        wait_until(lambda: len(receiver.requests) > taken or receiver.names == names("first") + names("second"))
        server.kill()
    receiver.opened.set()
    with sending_server(database_url, tmp_path / "second.txt") as server:
        publish(registry, server, *names("third"))
        # The lease of the dead server has to expire first.
        wait_until(lambda: receiver.names == expected)
        wait_until(lambda: {delivery.state for delivery in hooks.deliveries(webhook)} == {DeliveryState.DELIVERED})
    by_id = {request.id: request.body for request in receiver.requests}
    assert len(by_id) == len(expected)
    assert all(by_id[request.id] == request.body for request in receiver.requests)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_two_servers_on_one_database_send_each_event_in_order_and_the_other_continues_when_one_dies(
    registry: Registry, database_url: str, receiver: Receiver, tmp_path: Path
) -> None:
    hooks = Hooks(registry)
    hooks.add(receiver)
    with (
        sending_server(database_url, tmp_path / "first.txt") as first,
        sending_server(database_url, tmp_path / "second.txt", workers=2) as second,
    ):
        for number in range(5):
            publish(registry, first, *names(f"a{number}", 3))
            publish(registry, second, *names(f"b{number}", 3))
        both = [name for number in range(5) for name in (*names(f"a{number}", 3), *names(f"b{number}", 3))]
        wait_until(lambda: receiver.names == both)
        # No kill came in between, so no message came twice.
        assert len(receiver.requests) == len(both)
        first.kill()
        publish(registry, second, *names("c"))
        wait_until(lambda: receiver.names == both + names("c"))


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_server_that_stops_leaves_its_work_to_the_next_one_at_once(
    registry: Registry, database_url: str, receiver: Receiver, tmp_path: Path
) -> None:
    hooks = Hooks(registry)
    webhook = hooks.add(receiver)
    with sending_server(database_url, tmp_path / "first.txt") as server:
        publish(registry, server, "one")
        wait_until(lambda: receiver.names == ["one"])
    with sending_server(database_url, tmp_path / "off.txt", webhooks="off") as server:
        publish(registry, server, "two")
    with sending_server(database_url, tmp_path / "refusing.txt", outbound_allowed_networks=""):
        wait_until(lambda: hooks.get(webhook).failures > 0)
    assert receiver.names == ["one"]
    with sending_server(database_url, tmp_path / "second.txt"):
        wait_until(lambda: receiver.names == ["one", "two"])
