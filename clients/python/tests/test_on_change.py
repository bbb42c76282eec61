"""The hook for changes, with both clients: when it is called, in which order, and that nothing waits for it."""

import logging
import os
import threading
from pathlib import Path
from typing import Any

import faults
import pytest
from client_service import ClientMaker, EitherMaker, Service
from faults import Proxy, Script
from serving import wait_until

from promptuary_client import ChangeEvent, Promptuary


def told(events: list[ChangeEvent]) -> list[tuple[str, int | None, int | None]]:
    return [(event.kind, event.previous_version, event.version) for event in events]


def test_a_refresh_that_brings_other_content_is_a_change_and_one_that_does_not_is_none(
    make_either: EitherMaker, proxy: Proxy, service: Service
) -> None:
    first = service.publish("refreshed", "one")
    heard: list[ChangeEvent] = []
    client = make_either(proxy.url, ttl=0, on_change=heard.append, cache_dir=False)
    client.get("refreshed")
    client.until(lambda: client.get("refreshed").source == "cache" and len(proxy.answers) >= 3)
    assert heard == []
    second = service.publish("refreshed", "two")
    client.until(lambda: client.get("refreshed").text == "two" and bool(heard))
    assert told(heard) == [("refreshed", first, second)]
    assert (heard[0].change, heard[0].prompt.text) == (None, "two")


def test_content_that_replaces_a_fallback_or_that_of_the_disk_is_a_change(
    make_either: EitherMaker, proxy: Proxy, service: Service, tmp_path: Path
) -> None:
    first = service.publish("replacing", "one")
    earlier = make_either(proxy.url)
    assert earlier.get("replacing").text == "one"
    # A fetch does not wait for the disk.
    earlier.until(lambda: any((tmp_path / "cache").rglob("*.prompt")))
    second = service.publish("replacing", "two")
    heard: list[ChangeEvent] = []
    proxy.fault = faults.server_error
    options: dict[str, Any] = {"ttl": 0, "on_change": heard.append}
    from_disk, from_fallback = make_either(proxy.url, **options), make_either(proxy.url, cache_dir=False, **options)
    assert from_disk.get("replacing").source == "disk"
    assert from_fallback.get("replacing", fallback="Hello!").source == "fallback"
    proxy.fault = faults.no_fault
    for client, before in ((from_disk, first), (from_fallback, None)):
        heard.clear()
        client.until(lambda c=client: c.get("replacing", fallback="Hello!").text == "two" and bool(heard))  # type: ignore[misc]
        assert told(heard) == [("refreshed", before, second)]


def test_a_fetch_after_an_own_change_and_a_prefetch_tell_of_it_too(make_either: EitherMaker, service: Service) -> None:
    first = service.publish("own", "one")
    heard: list[ChangeEvent] = []
    client = make_either(ttl=3600, on_change=heard.append)
    client.get("own")
    client.call("publish", "own", "two", base_version=first)
    assert client.get("own").text == "two"
    client.until(lambda: bool(heard))
    service.publish("own", "three")
    assert client.call("prefetch").error is None
    client.until(lambda: len(heard) == 2)
    assert told(heard) == [("refreshed", first, first + 1), ("refreshed", first + 1, first + 2)]


def test_a_hook_that_fails_is_logged_and_is_called_for_the_next_change(
    make_either: EitherMaker, service: Service, caplog: pytest.LogCaptureFixture
) -> None:
    service.publish("failing", "one")
    heard: list[ChangeEvent] = []

    def fail(event: ChangeEvent) -> None:
        heard.append(event)
        raise ValueError("The program's own mistake.")

    client = make_either(ttl=0, on_change=fail)
    client.get("failing")
    for count, text in enumerate(("two", "three"), 1):
        service.publish("failing", text)
        client.until(lambda t=text, c=count: client.get("failing").text == t and len(heard) == c)  # type: ignore[misc]
    with caplog.at_level(logging.ERROR, logger="promptuary_client"):
        client.until(lambda: caplog.text.count("A hook of the program failed") == 2)
    assert "The program's own mistake." in caplog.text


class SlowHook:
    """A hook that takes as long as the test wants."""

    def __init__(self) -> None:
        self.heard: list[ChangeEvent] = []
        self.released = threading.Event()
        self.concurrent = 0

    def __call__(self, event: ChangeEvent) -> None:
        self.concurrent += 1
        assert self.concurrent == 1
        self.heard.append(event)
        self.released.wait()
        self.concurrent -= 1


def test_nothing_waits_for_a_slow_hook_and_it_gets_one_event_for_what_it_missed(
    make_client: ClientMaker, proxy: Proxy, service: Service
) -> None:
    script = Script()
    proxy.fault = faults.on_changes(script)
    first, other = service.publish("slow", "v"), service.publish("slow-other", "v")
    hook = SlowHook()
    client = make_client(proxy.url, live=True, ttl=3600, on_change=hook)
    client.get("slow")
    client.get("slow-other")
    script.tell("ready", 5)
    wait_until(lambda: client.is_live and len(proxy.answers) == 4)
    names = ["slow", "slow", "slow-other", "slow"]
    for number, name in enumerate(names, 1):
        version = service.publish(name, f"{name} {number}")
        script.tell("change", 5 + number, kind="prompt.published", prompt_name=name, version=version)
        wait_until(lambda n=name, t=f"{name} {number}": client.get(n).text == t)  # type: ignore[misc]
    assert told(hook.heard) == [("prompt.published", first, first + 1)]
    hook.released.set()
    wait_until(lambda: len(hook.heard) == 3)
    assert [(event.name, event.previous_version, event.version) for event in hook.heard[1:]] == [
        ("slow", first + 1, first + 3),
        ("slow-other", other, other + 1),
    ]


def test_close_waits_for_the_hook_that_runs_and_calls_it_no_more(make_client: ClientMaker, service: Service) -> None:
    names = ["closed-a", "closed-b"]
    for name in names:
        service.publish(name, "one")
    hook = SlowHook()
    client = make_client(on_change=hook, label=None)
    for name in names:
        client.get(name)
        service.publish(name, "two")
    client.prefetch()
    wait_until(lambda: len(hook.heard) == 1)
    closing = threading.Thread(target=client.close)
    closing.start()
    wait_until(lambda: client._fetcher._is_closed)  # noqa: SLF001 - nothing else says that it has begun.
    hook.released.set()
    closing.join()
    assert [event.name for event in hook.heard] == ["closed-a"]
    assert not [thread for thread in threading.enumerate() if thread.name == "promptuary-change"]


def test_a_child_process_calls_the_hook_itself(make_client: ClientMaker, service: Service) -> None:
    service.publish("forked-change", "one")
    heard: list[ChangeEvent] = []
    client = make_client(ttl=0, on_change=heard.append)
    client.get("forked-change")
    service.publish("forked-change", "two")
    child = os.fork()
    if child == 0:
        try:
            wait_until(lambda: client.get("forked-change").text == "two" and bool(heard))
            client.close()
            os._exit(0)
        except BaseException:  # noqa: BLE001 - a child must not come back into the tests.
            os._exit(2)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    assert heard == []
    wait_until(lambda: client.get("forked-change").text == "two" and bool(heard))


def test_without_threads_the_hook_is_called_by_the_fetch_and_may_fetch_itself(make_client: ClientMaker, service: Service) -> None:
    service.publish("nested", "one")
    heard: list[tuple[str, str]] = []
    made: list[Promptuary] = []

    def fetch(event: ChangeEvent) -> None:
        heard.append((event.prompt.text, made[0].get("nested").text))

    made.append(make_client(ttl=0, threads=False, on_change=fetch))
    made[0].get("nested")
    service.publish("nested", "two")
    assert made[0].get("nested").text == "two"
    assert heard == [("two", "two")]
