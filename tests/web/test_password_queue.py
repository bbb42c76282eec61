"""The queue of everything that hashes passwords: what is in it keeps nothing else waiting, and who knows a password gets in."""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from typing import Any

import pytest
from browsing import PASSWORD, give_password, open_browser
from builders import Registry, make_api, make_prompt
from simultaneous import simultaneously

from promptuary.http.addresses import network_of
from promptuary.model.errors import Busy
from promptuary.web.account import password_queue
from promptuary.web.account.password_queue import PasswordQueue


class Held:
    """Functions that wait in the queue's threads until they are released, and the order in which others ran."""

    def __init__(self) -> None:
        self.released = threading.Event()
        self.order: list[str] = []

    def hold(self) -> None:
        self.released.wait()

    def note(self, name: str) -> Callable[[], None]:
        return lambda: self.order.append(name)


async def turns() -> None:
    """Let all tasks go on until they wait for something."""
    for _ in range(5):
        await asyncio.sleep(0)


def started(work: Coroutine[Any, Any, None]) -> "asyncio.Task[None]":
    return asyncio.get_running_loop().create_task(work)


def test_who_has_not_failed_comes_first_and_of_these_the_latest() -> None:
    async def run() -> list[str]:
        queue, held = PasswordQueue(threads=1), Held()
        tasks = [started(queue.run(held.hold, failures=0))]
        await turns()
        for name, failures in [("failed twice", 2), ("first", 0), ("failed once", 1), ("second", 0)]:
            tasks.append(started(queue.run(held.note(name), failures=failures)))
            await turns()
        held.released.set()
        await asyncio.gather(*tasks)
        return held.order

    assert asyncio.run(run()) == ["second", "first", "failed once", "failed twice"]


def test_a_full_queue_refuses_at_once_who_would_come_last() -> None:
    async def run() -> tuple[list[str], list[BaseException | None]]:
        queue, held = PasswordQueue(threads=1, max_waiting=2), Held()
        tasks = [started(queue.run(held.hold, failures=0))]
        await turns()
        for name, failures in [("a", 1), ("b", 1), ("worse", 5), ("better", 0)]:
            tasks.append(started(queue.run(held.note(name), failures=failures)))
            await turns()
        refused = [task.exception() for task in tasks if task.done()]
        held.released.set()
        await asyncio.gather(*tasks, return_exceptions=True)
        return held.order, refused

    order, refused = asyncio.run(run())
    assert order == ["better", "b"]
    assert [type(error) for error in refused] == [Busy, Busy]


def test_nobody_waits_for_ever_and_a_turn_that_nobody_takes_is_passed_on() -> None:
    async def run() -> list[str]:
        queue, held = PasswordQueue(threads=1, max_seconds=0.01), Held()
        holding = started(queue.run(held.hold, failures=0))
        await turns()
        with pytest.raises(Busy):
            await queue.run(held.note("too late"), failures=0)
        leaving = started(queue.run(held.note("gone"), failures=0))
        await turns()
        leaving.cancel()
        held.released.set()
        await holding
        await queue.run(held.note("next"), failures=0)
        return held.order

    assert asyncio.run(run()) == ["next"]


def test_a_server_that_stops_waits_for_none_of_those_who_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(password_queue, "REFUSAL_SECONDS", 3600.0)
    monkeypatch.setattr(password_queue, "REFUSALS_AT_ONCE", 0)

    async def run() -> None:
        queue, held = PasswordQueue(threads=1), Held()
        holding = started(queue.run(held.hold, failures=0))
        await turns()
        waiting = [started(queue.run(held.note("never"), failures=0)) for _ in range(3)]
        delayed = started(queue.delay_refusal())
        await turns()
        queue.stop()
        await delayed
        assert [type(error) for error in await asyncio.gather(*waiting, return_exceptions=True)] == [Busy] * 3
        with pytest.raises(Busy):
            await queue.run(held.note("never"), failures=0)
        held.released.set()
        await holding
        assert held.order == []

    asyncio.run(run())


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::9%eth0", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("testclient", "testclient"),
        ("", ""),
    ],
)
def test_limits_count_a_client_of_ipv6_by_its_network(address: str, network: str) -> None:
    assert network_of(address) == network


def test_attempts_to_sign_in_keep_neither_probes_nor_fetches_nor_lists_nor_pages_waiting(sqlite_registry: Registry) -> None:
    with make_api(sqlite_registry, trust_forwarded=True, cache_megabytes=0) as web:
        give_password(web, sqlite_registry.user)
        form = {"email": sqlite_registry.user.email, "password": PASSWORD}
        with sqlite_registry.database.write() as tx:
            make_prompt(tx, sqlite_registry.actor)
        # That the key is in use is written down once an hour, behind the first answer.
        assert web.client.get(web.path).status_code == 200
        browsers = [open_browser(web) for _ in range(45)]
        for number, browser in enumerate(browsers):
            browser.headers["X-Forwarded-For"] = f"192.0.2.{number}"
        results: list[int] = []

        def sign_in_all() -> None:
            results.extend(simultaneously([lambda b=each: b.post("/sign-in", data=form).status_code for each in browsers]))  # type: ignore[misc]

        signing_in = threading.Thread(target=sign_in_all)
        # Whoever signs in has to write, and waits for this block.
        with sqlite_registry.database.write():
            signing_in.start()
            for path in ("/_readyz", "/_livez", web.path, f"{web.path}name/greeting/"):
                assert [web.client.get(path).status_code for _ in range(3)] == [200] * 3
            assert open_browser(web).get("/sign-in").status_code == 200
        signing_in.join()
    assert set(results) <= {303, 429, 503}
    assert results.count(303) >= 2


def test_attempts_of_one_address_are_counted_before_they_are_made(sqlite_registry: Registry) -> None:
    with make_api(sqlite_registry, rate_limit_sign_ins="3/hour") as web:
        browsers = [open_browser(web) for _ in range(12)]
        forms = [{"email": f"user-{number}@example.com", "password": "wrong"} for number in range(12)]
        calls = [lambda b=b, f=f: b.post("/sign-in", data=f).status_code for b, f in zip(browsers, forms, strict=True)]
        statuses = simultaneously(calls)
    assert sorted(statuses) == [401] * 3 + [429] * 9


def test_a_client_of_ipv6_meets_the_limit_with_all_addresses_of_its_network(sqlite_registry: Registry) -> None:
    with make_api(sqlite_registry, rate_limit_sign_ins="2/hour", trust_forwarded=True) as web:
        statuses = []
        for number in range(3):
            browser = open_browser(web)
            browser.headers["X-Forwarded-For"] = f"2001:db8::{number}"
            statuses.append(browser.post("/sign-in", data={"email": f"user-{number}@example.com", "password": "x"}).status_code)
        browser.headers["X-Forwarded-For"] = "2001:db8:0:1::1"
        other = browser.post("/sign-in", data={"email": "other@example.com", "password": "x"}).status_code
    assert (statuses, other) == ([401, 401, 429], 401)


def test_the_limit_of_all_failures_together_holds_for_those_who_have_failed_and_locks_nobody_out(sqlite_registry: Registry) -> None:
    with make_api(sqlite_registry, rate_limit_all_sign_ins="2/hour", trust_forwarded=True) as web:
        give_password(web, sqlite_registry.user)

        def attempt(address: str, email: str, password: str) -> int:
            browser = open_browser(web)
            browser.headers["X-Forwarded-For"] = address
            return browser.post("/sign-in", data={"email": email, "password": password}).status_code

        failed = [attempt(f"192.0.2.{number}", f"{number}@example.com", "wrong") for number in (1, 2, 1, 2)]
        honest = attempt("192.0.2.9", sqlite_registry.user.email, PASSWORD)
    assert (failed, honest) == ([401, 401, 429, 429], 303)


def test_failures_of_others_lock_nobody_out_where_they_are_signed_in(sqlite_registry: Registry) -> None:
    with make_api(sqlite_registry, rate_limit_sign_ins="2/hour", trust_forwarded=True) as web:
        give_password(web, sqlite_registry.user)

        def attempt(address: str, password: str) -> int:
            browser = open_browser(web)
            browser.headers["X-Forwarded-For"] = address
            return browser.post("/sign-in", data={"email": sqlite_registry.user.email, "password": password}).status_code

        before = attempt("2001:db8::9", PASSWORD)
        failed = [attempt(f"192.0.2.{number}", "wrong") for number in (1, 2, 3)]
        owner = attempt("2001:db8::a", PASSWORD)
        guesses_there = [attempt("2001:db8::b", "wrong") for _ in range(3)]
    assert (before, failed, owner, guesses_there) == (303, [401, 401, 429], 303, [401, 401, 429])


def test_links_that_do_not_exist_count_as_failures_of_their_address(sqlite_registry: Registry) -> None:
    with make_api(sqlite_registry, rate_limit_sign_ins="2/hour") as web:
        browser = open_browser(web)
        form = {"password": PASSWORD, "again": PASSWORD}
        statuses = [browser.post(f"/welcome/{number}", data=form).status_code for number in range(3)]
    assert statuses == [404, 404, 429]


def test_refusals_of_a_flood_are_delayed_and_the_first_ones_are_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(password_queue, "REFUSAL_SECONDS", 3600.0)
    monkeypatch.setattr(password_queue, "MAX_DELAYED", 2)

    async def run() -> int:
        queue = PasswordQueue()
        tasks = [started(queue.delay_refusal()) for _ in range(1000)]
        await turns()
        delayed = sum(not task.done() for task in tasks)
        queue.stop()
        await asyncio.gather(*tasks)
        return delayed

    assert asyncio.run(run()) == 2
