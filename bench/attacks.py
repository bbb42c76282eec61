"""A server under attack: how long probes, fetches and lists take beside it, what it costs in memory, and who still gets in."""

import http.client
import json
import re
import statistics
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from multiprocessing import get_context
from urllib.parse import urlencode, urlsplit

from serving import START_SECONDS, running_server, wait_until

from bench.attackers import ATTACKS, BODIES, BODY_BYTES, DEEP_BODIES, SIGN_INS, VIEWERS, Attack
from bench.machine import memory_of
from bench.pace import FULL, Bench
from bench.results import Goal, Topic
from bench.servers import Promptuary
from promptuary.model.access import Role
from promptuary.model.accounts import Browser, SessionLimits
from promptuary.registry import sessions
from promptuary.registry.operator import members, users
from promptuary.store.engine.database import Database

_ALONE = "no attack"
_EMAIL, _PASSWORD = "honest@example.com", "correct horse battery"
_LIMITS = SessionLimits(idle=timedelta(days=1), longest=timedelta(days=1))
_LARGE_BYTES = 990_000
_PAUSE_SECONDS = 0.05
_MEGABYTE = 1_000_000
_GOAL_MILLISECONDS, _GOAL_MEGABYTES, _GOAL_BODY_SECONDS, _GOAL_SIGN_IN_SECONDS = 250, 100, 30, 10


def measure(bench: Bench) -> Topic:
    """Measure a server that is left alone, and one beside each attack."""
    seconds = 20.0 if bench.pace is FULL else 5.0
    attacks: Mapping[str, Attack | None] = {_ALONE: None, **ATTACKS}
    rows = {name: _measure(bench, name, attack, seconds) for name, attack in attacks.items()}
    return Topic(
        name="attacks",
        heading="Under attack",
        remark=(
            f"One worker on SQLite without answers in memory, {seconds:.0f} s beside each attack, on the same cores. "
            f"Sign-ins: {SIGN_INS} connections, each from another address, send wrong passwords without a pause. Stalled bodies: "
            f"{BODIES} connections without a key send {BODY_BYTES // _MEGABYTE} MB except the last byte. Deep bodies: "
            f"{DEEP_BODIES} connections without a key send {BODY_BYTES // _MEGABYTE} MB of empty lists. Comparisons: {VIEWERS} "
            "viewers compare two versions of 1 MB. Memory is the most that the worker held, less what it held before; hashing the "
            "password of the one honest sign-in, beside each of them and beside none, takes 64 MiB of it."
        ),
        rows=rows,
        goals=tuple(_goals(rows)),
    )


def _goals(rows: Mapping[str, Mapping[str, float]]) -> Iterator[Goal]:
    for name in ATTACKS:
        figures = rows[name]
        for what in ("probe", "fetch", "list"):
            p99 = figures[f"{what} p99, ms"]
            yield Goal(f"{what} beside {name}: p99", p99, _GOAL_MILLISECONDS, unit=" ms", is_minimum=False)
        memory = max(0.0, figures["memory, MB"] - rows[_ALONE]["memory, MB"])
        yield Goal(f"memory beside {name}, more than alone", memory, _GOAL_MEGABYTES, unit=" MB", is_minimum=False)
        yield Goal(f"sign-in beside {name}", figures["sign-in, s"], _GOAL_SIGN_IN_SECONDS, unit=" s", is_minimum=False)
        stops = max(0.0, figures["stop, s"] - rows[_ALONE]["stop, s"])
        yield Goal(f"stop beside {name}, longer than alone", stops, 1, unit=" s", is_minimum=False)
    lives = rows[_ALONE]["stalled body, s"]
    yield Goal("life of a stalled body", lives, _GOAL_BODY_SECONDS, unit=" s", is_minimum=False)


def _measure(bench: Bench, name: str, attack: Attack | None, seconds: float) -> Mapping[str, float]:
    with _running(bench, name) as (promptuary, cookie):
        port = int(urlsplit(promptuary.server.url).port or 0)
        figures = {"stalled body, s": _life_of_a_stalled_body(port)} if attack is None else {}
        [worker] = promptuary.server.workers()
        before = memory_of(worker)
        # It continues during the stop.
        attacking = get_context("spawn").Process(target=attack or _nothing, args=(port, seconds + START_SECONDS, cookie))
        attacking.start()
        try:
            beside = _Beside(promptuary, port, seconds)
            held = beside.run(lambda: memory_of(worker)) - before
            began_at = time.perf_counter()
            promptuary.server.stop()
            stopped = time.perf_counter() - began_at
        finally:
            attacking.terminate()
            attacking.join()
    return beside.figures() | {"memory, MB": held / _MEGABYTE, "stop, s": stopped} | figures


def _nothing(_port: int, _seconds: float, _cookie: str) -> None:
    """Run no attack."""


class _Beside:
    """Requests of regular clients while a server is attacked, and their latencies."""

    def __init__(self, promptuary: Promptuary, port: int, seconds: float) -> None:
        self._promptuary = promptuary
        self._port = port
        self._seconds = seconds
        self._waits: dict[str, list[float]] = {"probe": [], "fetch": [], "list": []}
        self._signed_in = float("inf")

    def run(self, weigh: Callable[[], int]) -> int:
        """Ask for some seconds, and return the most that the server weighed meanwhile."""
        prompts = urlsplit(self._promptuary.prompts).path
        paths = {"probe": "/_readyz", "fetch": f"{prompts}name/greeting/", "list": prompts}
        ends_at = time.monotonic() + self._seconds
        threads = [threading.Thread(target=self._ask, args=(name, path, ends_at)) for name, path in paths.items()]
        threads.append(threading.Thread(target=self._sign_in, args=(ends_at,)))
        for thread in threads:
            thread.start()
        most = 0
        while any(thread.is_alive() for thread in threads):
            most = max(most, weigh())
            time.sleep(_PAUSE_SECONDS)
        return most

    def figures(self) -> dict[str, float]:
        """Return how long each had to wait."""
        found: dict[str, float] = {}
        for name, waits in self._waits.items():
            percentiles = statistics.quantiles(waits, n=100, method="inclusive")
            found |= {f"{name} p50, ms": percentiles[49], f"{name} p99, ms": percentiles[98]}
        return found | {"sign-in, s": self._signed_in}

    def _ask(self, name: str, path: str, ends_at: float) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=60)
        while time.monotonic() < ends_at:
            began_at = time.perf_counter()
            connection.request("GET", path, headers=dict(self._promptuary.headers))
            answer = connection.getresponse()
            answer.read()
            if answer.status != http.HTTPStatus.OK:
                message = f"A {name} got {answer.status}."
                raise RuntimeError(message)
            self._waits[name].append((time.perf_counter() - began_at) * 1000)
            time.sleep(_PAUSE_SECONDS)

    def _sign_in(self, ends_at: float) -> None:
        """Sign in with the right password from when the attack is under way; try again when the server says so."""
        time.sleep(self._seconds / 4)
        began_at = time.perf_counter()
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        while time.monotonic() < ends_at + _GOAL_SIGN_IN_SECONDS:
            connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=60)
            connection.request("POST", "/sign-in", urlencode({"email": _EMAIL, "password": _PASSWORD}), headers)
            status = connection.getresponse().status
            connection.close()
            if status == http.HTTPStatus.SEE_OTHER:
                self._signed_in = time.perf_counter() - began_at
                return
            time.sleep(1)


@contextmanager
def _running(bench: Bench, name: str) -> Iterator[tuple[Promptuary, str]]:
    """Run a server with a large prompt; yield it with the cookie of a viewer."""
    folder = bench.subfolder(f"attacks-{name.replace(' ', '-')}")
    url = f"sqlite:///{folder / 'promptuary.db'}"
    # What fetches from the database wait for is to be seen.
    with running_server(url, folder / "output.txt", cache_megabytes="0") as server:
        # The key may be written just after the server is ready.
        wait_until(lambda: "phx_" in server.output)
        promptuary = Promptuary(server, re.findall(r"phx_[\w-]+", server.output)[0])
        promptuary.create("greeting")
        _create_large(promptuary)
        yield promptuary, _add_viewer(url)


def _create_large(promptuary: Promptuary) -> None:
    """Create a prompt of two large versions that have hardly a line in common. A line break takes two bytes."""
    texts = ["\n".join(f"{number * factor % 999_983:06}" for number in range(_LARGE_BYTES // 8)) for factor in (7919, 104_729)]
    bodies = {
        ("POST", promptuary.prompts): {"name": "large", "prompt": texts[0]},
        ("PATCH", promptuary.url_of("large")): {"base_version": 1, "prompt": texts[1]},
    }
    for (method, url), body in bodies.items():
        parts = urlsplit(url)
        connection = http.client.HTTPConnection(parts.netloc)
        connection.request(method, parts.path, json.dumps(body), dict(promptuary.headers) | {"Content-Type": "application/json"})
        answer = connection.getresponse()
        if answer.status not in {http.HTTPStatus.CREATED, http.HTTPStatus.OK}:
            message = f"The large prompt was not written: {answer.read().decode()}"
            raise RuntimeError(message)
        connection.close()


def _add_viewer(url: str) -> str:
    """Make an account with a password, and return the cookie of a session of it."""
    database = Database.open(url)
    with database.write() as tx:
        user = users.create_user(tx, email=_EMAIL, password=_PASSWORD)
        members.set_member(tx, project_id=1, email=_EMAIL, role=Role.VIEWER)
        new = sessions.begin_session(tx, user.id, limits=_LIMITS, browser=Browser("127.0.0.1", "bench"))
    database.close()
    return f"promptuary={new.value}"


def _life_of_a_stalled_body(port: int) -> float:
    """Return after how many seconds the server ends a connection whose body has stalled."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    began_at = time.perf_counter()
    connection.putrequest("POST", "/api/projects/1/llm_prompts/")
    connection.putheader("Content-Length", str(BODY_BYTES - 1))
    connection.endheaders(b" " * 1000)
    connection.getresponse().read()
    connection.close()
    return time.perf_counter() - began_at
