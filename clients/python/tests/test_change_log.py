"""Reading the change log and following it, with both clients."""

import asyncio
import gc
import logging
import threading
import uuid
from typing import Any

import faults
import pytest
from client_service import ClientMaker, EitherMaker, Service
from faults import Proxy, Script
from serving import wait_until

from promptuary_client import (
    AsyncPromptuary,
    AuthenticationError,
    Change,
    InvalidRequestError,
    InvalidResponseError,
    NotFoundError,
    PromptuaryError,
    UnreachableError,
)


def test_the_log_is_read_page_by_page_and_filtered(make_either: EitherMaker, service: Service) -> None:
    client = make_either()
    start = client.call("changes", limit=1000).cursor
    name, other, label = (f"logged-{uuid.uuid4().hex}" for _ in range(3))
    for text in ("one", "two"):
        service.publish(name, text)
    service.point(name, label, 2)
    service.publish(other, "x")
    first = client.call("changes", after=start, limit=2)
    rest = client.call("changes", after=first.cursor)
    found = [(change.name, change.kind, change.label, change.version) for page in (first, rest) for change in page.changes]
    assert found == [
        (name, "prompt.created", None, 1),
        (name, "prompt.published", None, 2),
        (name, "label.created", label, 2),
        (other, "prompt.created", None, 1),
    ]
    assert (first.has_more, rest.has_more, first.is_reset) == (True, False, False)
    assert first.changes[-1].cursor == first.cursor
    change = first.changes[0]
    assert (change.actor, change.created_at is not None) == (service.registry.user.email, True)
    only = client.call("changes", after=start, names=[other], labels=[label])
    assert [each.name for each in only.changes] == [name, other]
    by_token = make_either(project=service.registry.project.api_token)
    assert by_token.call("changes", after=start).changes[0] == change


@pytest.mark.parametrize("method", ["changes", "follow_changes"])
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"after": ""}, "cursor"),
        ({"after": "a\r\nb"}, "cursor"),
        ({"after": 5}, "cursor"),
        ({"names": "logged"}, "lists of names"),
        ({"labels": "production"}, "lists of names"),
        ({"names": [""]}, "not a valid name"),
        ({"names": ["a", 5]}, "not a valid name"),
        ({"labels": ["a\ud800"]}, "not a valid name"),
    ],
)
def test_what_is_no_cursor_and_no_list_is_refused_by_the_call(
    make_either: EitherMaker, method: str, options: dict[str, Any], message: str
) -> None:
    client = make_either()
    with pytest.raises(ValueError, match=message):
        client.call(method, **options)


def test_changes_are_followed_as_they_happen_and_only_those_that_are_wanted(make_either: EitherMaker, service: Service) -> None:
    client = make_either()
    cursor, name = client.call("changes", limit=1).cursor, f"followed-{uuid.uuid4().hex}"
    next_change = client.follow(after=cursor, names=[name])
    version = service.publish(name, "one")
    service.publish(f"not-{name}", "x")
    created = next_change()
    assert created is not None
    assert (created.kind, created.name, created.version) == ("prompt.created", name, version)
    # From here on the stream is open.
    service.point(name, "live", version)
    moved = next_change()
    assert moved is not None
    assert (moved.kind, moved.label, moved.to_version, moved.actor) == ("label.created", "live", 1, service.registry.user.email)
    # A cursor that was kept continues behind its change.
    assert client.follow(after=created.cursor, names=[name])() == moved
    client.call("close")
    assert next_change() is None


def test_a_broken_stream_is_resumed_and_a_gap_is_reported(
    make_either: EitherMaker, proxy: Proxy, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("promptuary_client.backoff.FIRST_SECONDS", 0.01)
    script = Script()
    answers = [faults.server_error, faults.cut]

    async def fail_at_first(exchange: faults.Exchange) -> None:
        await (answers.pop() if answers else script)(exchange)

    proxy.fault = faults.on_changes(fail_at_first)
    script.tell("ready", 5)
    script.tell("change", 6, kind="prompt.created", prompt_name="one", version=1)
    script.pieces.append(None)
    script.tell("ready", 6)
    script.tell("change", 7, kind="prompt.created", prompt_name="two", version=1)
    script.tell("reset", 90)
    with caplog.at_level(logging.WARNING, logger="promptuary_client"):
        client = make_either(proxy.url)
        next_change = client.follow()
        assert [next_change() for _ in range(3)] == [
            Change("prompt.created", "one", 1),
            Change("prompt.created", "two", 1),
            Change("reset", None, cursor="90"),
        ]
    assert caplog.text.count("The change log cannot be followed") == 1
    resumed = [head.lower() for head in proxy.requests]
    assert ["last-event-id: 6" in head for head in resumed] == [False, False, False, True]


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        (faults.not_found, NotFoundError),
        (faults.login_page, InvalidResponseError),
        (faults.status(431, b'{"detail": "The request headers are too large."}'), InvalidRequestError),
        (faults.status(200, b"id: 5\nevent: change\ndata: []\n\n", kind="text/event-stream"), InvalidResponseError),
    ],
)
def test_what_another_attempt_would_not_change_is_raised(
    make_either: EitherMaker, proxy: Proxy, fault: faults.Fault, error: type[PromptuaryError]
) -> None:
    proxy.fault = faults.on_changes(fault)
    with pytest.raises(error):
        make_either(proxy.url).follow()()


def test_a_client_that_sends_nothing_follows_nothing(make_either: EitherMaker) -> None:
    with pytest.raises(AuthenticationError):
        make_either(api_key="phx_wrong").follow()()
    with pytest.raises(UnreachableError, match="offline"):
        make_either(offline=True).follow()
    closed = make_either()
    closed.call("close")
    with pytest.raises(UnreachableError, match="closed"):
        closed.follow()


WAITING = [Script([b"id: 5\nevent: ready\ndata: {}\n\n"]), faults.hang, faults.drip_head, faults.server_error]


@pytest.mark.parametrize("fault", WAITING)
def test_close_ends_the_iteration_of_another_thread_whatever_it_waits_for(
    make_client: ClientMaker, proxy: Proxy, fault: faults.Fault
) -> None:
    proxy.fault = faults.on_changes(fault)
    client = make_client(proxy.url)
    found: list[list[Change]] = []
    reader = threading.Thread(target=lambda: found.append(list(client.follow_changes())))
    reader.start()
    wait_until(lambda: len(proxy.requests) >= 1)
    client.close()
    # Were it to wait for the server, it would be for 45 seconds.
    reader.join()
    assert found == [[]]


@pytest.mark.parametrize("fault", WAITING)
def test_close_ends_the_iteration_of_another_task_and_a_cancelled_task_ends(
    proxy: Proxy, service: Service, fault: faults.Fault
) -> None:
    proxy.fault = faults.on_changes(fault)

    async def read(client: AsyncPromptuary) -> list[Change]:
        return [change async for change in client.follow_changes()]

    async def main() -> None:
        async with AsyncPromptuary(proxy.url, api_key=service.key.value, cache_dir=False) as client:
            closed, cancelled = asyncio.create_task(read(client)), asyncio.create_task(read(client))
            await asyncio.to_thread(wait_until, lambda: len(proxy.requests) >= 2)
            cancelled.cancel()
            await asyncio.wait({cancelled})
            await client.close()
            assert await closed == []
            assert cancelled.cancelled()

    asyncio.run(main())


def test_a_task_that_stops_waiting_loses_no_change_and_one_that_stops_iterating_leaves_nothing_behind(
    proxy: Proxy, service: Service, caplog: pytest.LogCaptureFixture
) -> None:
    script = Script()
    proxy.fault = faults.on_changes(script)
    script.tell("ready", 5)

    async def main() -> None:
        client = AsyncPromptuary(proxy.url, api_key=service.key.value, cache_dir=False)
        changes = client.follow_changes()
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(anext(changes), 0.01)
        for number in (6, 7):
            script.tell("change", number, kind="prompt.created", prompt_name=str(number), version=1)
        async for change in changes:
            assert change.name == "6"
            break
        assert (await anext(changes)).name == "7"
        dropped = client.follow_changes()
        with pytest.raises(asyncio.TimeoutError):
            await asyncio.wait_for(anext(dropped), 0.01)
        del dropped

    with caplog.at_level(logging.WARNING, logger="asyncio"):
        asyncio.run(main())
    gc.collect()
    assert caplog.text == ""
