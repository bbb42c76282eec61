"""Servers, networks and disks that fail, with both clients: what is served, that nobody waits who need not, that nothing is lost.

Where a caller waits for its deadline, the deadline is short and what comes after it is looked at, not how long it took; the
measured times are in `docs/clients-under-fault.md`.
"""

import logging
import os
import resource
import threading
from pathlib import Path
from typing import Any

import faults
import pytest
from builders import make_key, make_prompt, make_registry
from client_service import ClientMaker, EitherClient, EitherMaker, Service
from faults import Proxy
from ports import free_port
from promptuary.store import schema
from promptuary.store.engine.database import Database
from serving import running_server

from promptuary_client import (
    InvalidResponseError,
    NotFoundError,
    PromptuaryError,
    RateLimitError,
    RequestTimeoutError,
    ServerError,
    UnavailableError,
    UnreachableError,
)

ERRORS: dict[str, tuple[faults.Fault, type[PromptuaryError]]] = {
    "hangs": (faults.hang, RequestTimeoutError),
    "is too slow": (faults.slow(30), RequestTimeoutError),
    "drips its body": (faults.drip, RequestTimeoutError),
    "drips its head": (faults.drip_head, RequestTimeoutError),
    "cuts its body short": (faults.truncate, UnreachableError),
    "closes the connection": (faults.cut, UnreachableError),
    "sends garbage": (faults.garbage, UnreachableError),
    "is a login page": (faults.login_page, InvalidResponseError),
    "redirects": (faults.status(302, b"", "location: https://example.com/"), InvalidResponseError),
    "sends other JSON": (faults.status(200, b'{"name": "greeting", "prompt": null, "version": "3"}'), InvalidResponseError),
    "sends JSON that is too deep": (faults.status(200, b"[" * 200_000), InvalidResponseError),
    "is another service without that path": (faults.status(404, b"<html>nginx</html>", kind="text/html"), InvalidResponseError),
    "fails": (faults.server_error, ServerError),
    "is busy": (faults.too_many("7"), RateLimitError),
    "does not find it": (faults.not_found, NotFoundError),
}

faulty = pytest.mark.parametrize("fault", ERRORS)


def _limits(fault: str) -> dict[str, float]:
    """A deadline that ends soon where nothing else ends the wait, and that a busy machine does not reach where something does."""
    return {"timeout": 1.0, "request_timeout": 1.0} if ERRORS[fault][1] is RequestTimeoutError else {}


@faulty
def test_without_anything_to_serve_the_error_says_that_the_server(make_either: EitherMaker, proxy: Proxy, fault: str) -> None:
    proxy.fault, error = ERRORS[fault]
    with pytest.raises(error):
        make_either(proxy.url, **_limits(fault)).get("greeting")


@faulty
def test_the_fallback_is_served_when_the_server(make_either: EitherMaker, proxy: Proxy, fault: str) -> None:
    proxy.fault, _ = ERRORS[fault]
    client = make_either(proxy.url, **_limits(fault))
    answers = [client.get("greeting", fallback="Hello!") for _ in range(3)]
    assert {(prompt.source, prompt.text, prompt.version) for prompt in answers} == {("fallback", "Hello!", None)}


@faulty
def test_the_last_programs_content_is_served_when_the_server(
    make_either: EitherMaker, proxy: Proxy, tmp_path: Path, fault: str
) -> None:
    _fill_disk(make_either(proxy.url), tmp_path)
    proxy.fault, _ = ERRORS[fault]
    client = make_either(proxy.url, **_limits(fault))
    answers = [client.get("greeting", fallback="Hello!") for _ in range(3)]
    assert {(prompt.source, prompt.version) for prompt in answers} == {("disk", 3)}


@faulty
def test_known_content_stays_and_a_warning_is_given_when_the_server(
    make_either: EitherMaker, proxy: Proxy, caplog: pytest.LogCaptureFixture, fault: str
) -> None:
    events: list[Any] = []
    seconds = _limits(fault).get("request_timeout", 60)
    client = make_either(proxy.url, ttl=0, request_timeout=seconds, on_error=events.append)
    assert client.get("greeting").source == "server"
    proxy.fault, error = ERRORS[fault]
    with caplog.at_level(logging.WARNING, logger="promptuary_client"):
        # Were one of these to wait for the server, it would be for a minute.
        client.until(lambda: client.get("greeting").source == "cache" and bool(events))
    assert isinstance(events[0].error, error)
    assert events[0].has_content
    assert "the last known version stays in use" in caplog.text
    assert "phx_" not in caplog.text


def _fill_disk(client: EitherClient, folder: Path) -> None:
    client.get("greeting")
    client.until(lambda: any((folder / "cache").rglob("*.prompt")))


def test_a_slow_server_is_not_waited_for_and_its_answer_not_lost(make_either: EitherMaker, proxy: Proxy) -> None:
    proxy.fault = proxy.hold
    client = make_either(proxy.url, timeout=0.05)
    assert client.get("greeting", fallback="Hello!").source == "fallback"
    proxy.released.set()
    client.until(lambda: client.get("greeting", fallback="Hello!").source == "cache")
    assert len(proxy.requests) == 1


def test_a_host_that_does_not_exist_is_unreachable(make_either: EitherMaker) -> None:
    client = make_either("http://promptuary.invalid")
    with pytest.raises(UnavailableError):
        client.get("greeting")
    assert client.get("greeting", fallback="Hello!").source == "fallback"


def test_a_port_that_nobody_listens_on_is_unreachable(make_either: EitherMaker) -> None:
    with pytest.raises(UnreachableError, match="cannot be reached"):
        make_either(f"http://127.0.0.1:{free_port()}").get("greeting")


def test_retry_after_is_waited_out_even_without_anything_to_serve(make_either: EitherMaker, proxy: Proxy) -> None:
    proxy.fault = faults.too_many("3600")
    client = make_either(proxy.url)
    for name in ("greeting", "greeting", "chat"):
        with pytest.raises(RateLimitError, match="throttled") as caught:
            client.get(name)
        assert caught.value.retry_after == 3600
    assert len(proxy.requests) == 1


def test_after_a_failure_other_prompts_have_their_fallback_at_once(make_either: EitherMaker, proxy: Proxy) -> None:
    proxy.fault = faults.too_many("3600")
    client = make_either(proxy.url)
    sources = [client.get(name, fallback="Hello!").source for name in ("greeting", "chat", "staging-1")]
    assert (sources, len(proxy.requests)) == (["fallback"] * 3, 1)


def test_a_prompt_that_is_archived_stays_in_use_and_is_told_of(make_either: EitherMaker, service: Service) -> None:
    service.publish("archived", "still here")
    events: list[Any] = []
    client = make_either(ttl=0, on_error=events.append)
    client.get("archived")
    service.archive("archived")
    client.until(lambda: client.get("archived").text == "still here" and bool(events))
    assert isinstance(events[0].error, NotFoundError)


def test_a_killed_server_is_outlived_and_its_successor_found(make_either: EitherMaker, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'own.db'}"
    database = Database.open(url)
    schema.upgrade(database)
    registry = make_registry(database)
    with registry.database.write() as tx:
        make_prompt(tx, registry.actor, name="own", prompt="mine")
        key = make_key(tx, registry.user)
    database.close()
    with running_server(url, tmp_path / "output.txt") as server, faults.faulty_proxy(server.url) as proxy:
        client = make_either(proxy.url, api_key=key.value, ttl=0)
        assert client.get("own").source == "server"
        server.kill()
        client.until(lambda: client.get("own").text == "mine" and len(proxy.requests) >= 2)
        with running_server(url, tmp_path / "second.txt") as second:
            proxy.upstream_url = second.url
            client.until(lambda: client.get("own").source == "cache" and len(proxy.answers) >= 2)


def test_many_threads_that_ask_at_once_make_one_request(make_client: ClientMaker, proxy: Proxy) -> None:
    proxy.fault = proxy.hold
    client = make_client(proxy.url)
    answers: list[Any] = []
    threads = [threading.Thread(target=lambda: answers.append(client.get("greeting"))) for _ in range(50)]
    for thread in threads:
        thread.start()
    proxy.released.set()
    for thread in threads:
        thread.join()
    assert {(prompt.version, prompt.text) for prompt in answers} == {(3, "Grüß Gott, {{name}}!")}
    assert (len(answers), len(proxy.requests)) == (50, 1)


@pytest.mark.parametrize("disk", ["full", "a file in the way", "no such device"])
def test_a_disk_that_refuses_is_told_of_and_gone_without(
    make_either: EitherMaker, tmp_path: Path, caplog: pytest.LogCaptureFixture, disk: str
) -> None:
    places = {
        "full": tmp_path / "full",
        "a file in the way": tmp_path / "file" / "cache",
        "no such device": Path("/dev/full/cache"),
    }
    (tmp_path / "file").touch()
    client = make_either(cache_dir=places[disk], ttl=0)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    if disk == "full":
        # No file of this process may grow: writing fails as it does on a full disk, with an `OSError` half way.
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, hard))
    try:
        prompt = client.get("greeting")
        client.until(lambda: "disk cache cannot be used" in caplog.text)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert (prompt.source, client.get("greeting").version) == ("server", 3)
    assert [path for path in tmp_path.rglob("*") if path.is_file() and path.name != "file"] == []


def test_a_child_process_begins_anew_with_what_its_parent_knew(make_client: ClientMaker, proxy: Proxy) -> None:
    client = make_client(proxy.url, ttl=0, max_stale=0)
    client.get("greeting")
    proxy.fault = proxy.hold
    waiting = threading.Thread(target=lambda: client.get("chat"))
    waiting.start()
    while len(proxy.requests) < 2:
        threading.Event().wait(0.001)
    # In the child nobody will ever answer the request that the parent has under way.
    proxy.fault = faults.no_fault
    child = os.fork()
    if child == 0:
        try:
            good = client.get("chat").source == "server" and client.get("greeting").source == "server"
            os._exit(0 if good else 1)
        except BaseException:  # noqa: BLE001 - a child must not come back into the tests.
            os._exit(2)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
    proxy.released.set()
    waiting.join()
    assert client.get("chat").version == 1


def test_a_process_without_threads_asks_in_the_thread_that_calls(make_client: ClientMaker, proxy: Proxy, service: Service) -> None:
    service.publish("inline", "old")
    client = make_client(proxy.url, threads=False, ttl=0, cache_dir=False)
    before = threading.active_count()
    assert client.get("inline").source == "server"
    service.publish("inline", "new")
    assert (client.get("inline").text, threading.active_count()) == ("new", before)
    proxy.fault = faults.server_error
    assert (client.get("inline").text, client.get("inline").source) == ("new", "cache")


def test_a_process_that_was_frozen_does_not_serve_what_is_too_old(make_either: EitherMaker, proxy: Proxy, service: Service) -> None:
    service.publish("frozen", "old")
    client = make_either(proxy.url, ttl=0, max_stale=0)
    assert client.get("frozen").text == "old"
    service.publish("frozen", "new")
    assert client.get("frozen").text == "new"
    proxy.fault = faults.server_error
    assert client.get("frozen").text == "new"


def test_a_closed_client_serves_what_it_knows_and_asks_nothing(make_either: EitherMaker, proxy: Proxy) -> None:
    client = make_either(proxy.url, ttl=0)
    client.get("greeting")
    client.call("close")
    assert client.get("greeting").source == "cache"
    assert client.get("chat", fallback="Hello!").source == "fallback"
    assert len(proxy.requests) == 1
