"""Profile of a fetch from memory, in microseconds: of the server and of each part of the application."""

import json
import subprocess
import sys
from collections import defaultdict
from typing import Any

from serving import environment

from bench.loads import Load, in_turns
from bench.pace import Bench
from bench.results import Topic
from bench.servers import ROOT, running_floor, running_promptuary

_PARTS = {
    "promptuary.http.access_log": "line of the access log",
    "promptuary.http.rate_limits": "rate limit",
    "promptuary.worker.connection": "connection: digest of the head, and joining the answer",
    "promptuary.delivery.commit_signal": "check of freshness",
    "promptuary.delivery.cache": "looking up the answer",
    "promptuary.delivery.freshness": "check of freshness",
    "promptuary.delivery.backend": "rate limit",
    "promptuary.delivery.shortcut": "shortcut: whether it still holds, and steering",
    "promptuary.http.request_recorder": "request id",
    "promptuary.metrics.requests": "counting for metrics",
    "promptuary.registry.fetch_counter": "counting usage",
    "promptuary.supervisor.stop_flag": "look at the stop flag",
    "promptuary.store.watch": "check of freshness",
}
_MIN_SHARE = 0.005


def measure(bench: Bench) -> Topic:
    """Measure the server with a bare application and with Promptuary, and Promptuary without the server."""
    with running_promptuary(bench.subfolder("microseconds")) as promptuary:
        promptuary.create("fetched")
        url = promptuary.url_of("fetched")
        answer = promptuary.fetch("fetched")
        with running_floor(bench.subfolder("floor"), len(answer.content)) as floor_url:
            loads = [Load("floor", floor_url, promptuary.headers, status=200), Load("fetch", url, promptuary.headers, status=200)]
            least, fetch = in_turns(loads, bench.pace.rounds, bench.pace.seconds)
    profile = _profile(bench, url.removeprefix(promptuary.server.url), promptuary.key)
    whole, floor, inside = 1e6 / fetch.rate, 1e6 / least.rate, float(profile["microseconds"])
    parts = {"the event loop with a protocol that sends the same bytes": floor}
    parts |= _parts(profile["samples"], inside)
    parts["the rest: what both together cost more"] = whole - floor - inside
    parts["a fetch, all in all"] = whole
    return Topic(
        name="microseconds",
        heading="Where the microseconds go",
        remark=(
            "One worker, saturated: the microseconds of a request are what its rate leaves to each. The first row is uvloop with "
            "a protocol that sends an answer of the same size. The parts of Promptuary are measured without sockets, by looking "
            "every millisecond at which function it is in. "
            f"The SHA-256 of the head alone takes {float(profile['digest']):.1f} µs."
        ),
        rows={name: {"µs": spent, "of all": spent / whole} for name, spent in parts.items()},
        goals=(),
    )


def _profile(bench: Bench, path: str, key: str) -> dict[str, Any]:
    folder = bench.subfolder("microseconds")
    variables = environment(database_url=f"sqlite:///{folder / 'promptuary.db'}") | {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "bench.profile", path, key, str(bench.pace.seconds)]
    with (folder / "log.txt").open("ab") as log:
        done = subprocess.run(command, env=variables, cwd=folder, stdout=subprocess.PIPE, stderr=log, text=True, check=True)
    profile: dict[str, Any] = json.loads(done.stdout)
    return profile


def _parts(samples: dict[str, int], inside: float) -> dict[str, float]:
    """Divide what a request spends in the application by the samples; the biggest part first."""
    # What is in no part of Promptuary is the loop that plays the server, which ``inside`` does not count either.
    samples = {place: count for place, count in samples.items() if place}
    total = sum(samples.values())
    shares: defaultdict[str, float] = defaultdict(float)
    for place, count in samples.items():
        known = [prefix for prefix in _PARTS if place == prefix or place.startswith(f"{prefix}.")]
        share = count / total
        # A part that is not named here appears under its module's name.
        shares[_PARTS[max(known, key=len)] if known else place.rpartition(".")[0]] += share
    small = sum(share for share in shares.values() if share < _MIN_SHARE)
    ordered = sorted(((share, name) for name, share in shares.items() if share >= _MIN_SHARE), reverse=True)
    return {name: share * inside for share, name in ordered} | ({"smaller parts": small * inside} if small else {})
