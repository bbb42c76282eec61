"""Every metric, the values that its labels can have, and its place in a segment.

All label values are known beforehand, so that nothing a client sends can make the number of series grow. `docs/operations.md` has
the table of all metrics; a test compares.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from math import prod
from types import MappingProxyType
from typing import Literal

from promptuary.metrics.routes import OTHER, ROUTES

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", OTHER)

NO_ANSWER = 499
"""The status under which requests are counted whose client went away before the answer."""

STATUSES = (
    *(200, 201, 202, 204, 206, 303, 304, 307),
    *(400, 401, 403, 404, 405, 406, 408, 409, 413, 415, 416, 422, 429, 431, NO_ANSWER, 500, 503),
)

SECONDS = (
    *(25e-6, 50e-6, 100e-6, 250e-6, 500e-6, 1e-3, 2.5e-3, 5e-3, 10e-3, 25e-3, 50e-3),
    *(0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0),
)
"""Upper bounds of the buckets of durations. A fetch from memory takes some twenty microseconds."""

STEPS = (
    *("trim_change_log", "trim_usage", "trim_deliveries", "add_up_fetches", "delete_sessions"),
    *("write_usage", "send_webhooks", "note_key_use", "follow_changes", "stream_changes", "tell_agents", "take_sample"),
)
"""Steps of the work that workers do beside requests: those of every hour, and those of every few seconds."""

LABEL_VALUES: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "route": ROUTES,
        "method": METHODS,
        "status": (*map(str, STATUSES), OTHER),
        "result": ("hit", "miss", "bypass"),
        "limit": ("reads", "writes", "bad-keys", "sign-ins"),
        "state": ("in_use", "idle"),
        "step": STEPS,
        "outcome": ("delivered", "failed"),
    }
)


@dataclass(frozen=True, slots=True, eq=False)
class Metric:
    """A family of series. ``merge`` says how a gauge of several workers becomes one."""

    name: str
    kind: Literal["counter", "gauge", "histogram"]
    meaning: str
    labels: tuple[str, ...] = ()
    merge: Literal["sum", "max", "min"] = "sum"

    @property
    def width(self) -> int:
        """Numbers in one series: one; for a histogram its buckets, the last without bound, and the sum."""
        return len(SECONDS) + 2 if self.kind == "histogram" else 1

    @property
    def length(self) -> int:
        """Numbers in all series."""
        return prod(len(LABEL_VALUES[label]) for label in self.labels) * self.width

    @property
    def label_sets(self) -> list[tuple[str, ...]]:
        """The label values of all series, in the order of their places."""
        return list(product(*(LABEL_VALUES[label] for label in self.labels)))


REQUESTS = Metric(
    "promptuary_requests_total",
    "counter",
    "Finished requests. Status 499: the client disconnected before the response.",
    ("route", "method", "status"),
)
DURATIONS = Metric(
    "promptuary_request_duration_seconds",
    "histogram",
    "Time from the request's headers to the end of its response, in the server.",
    ("route", "method"),
)
ANSWERS = Metric("answers", "histogram", "Source of the two above: one record for each request.", REQUESTS.labels)
IN_PROGRESS = Metric("promptuary_requests_in_progress", "gauge", "Requests in progress.")
STREAMS = Metric(
    "promptuary_change_streams",
    "gauge",
    "Open change streams. They count as finished requests when they open, and not as requests in progress.",
)
RATE_LIMITED = Metric("promptuary_rate_limited_requests_total", "counter", "Requests rejected with 429, by limit.", ("limit",))
CACHE_FETCHES = Metric(
    "promptuary_cache_fetches_total",
    "counter",
    "Cacheable fetches: `hit` was served from memory, `miss` from the database, `bypass` from the database because the worker was "
    "behind the change log.",
    ("result",),
)
CACHE_EVICTIONS = Metric("promptuary_cache_evictions_total", "counter", "Cached responses removed to make room for others.")
CACHE_ENTRIES = Metric("promptuary_cache_entries", "gauge", "Cached responses in all workers.")
CACHE_BYTES = Metric("promptuary_cache_bytes", "gauge", "Memory used by cached responses in all workers.")
CACHE_MAX_BYTES = Metric("promptuary_cache_max_bytes", "gauge", "Maximum memory of cached responses in all workers.")
CHANGES_APPLIED = Metric(
    "promptuary_changes_applied_total", "counter", "Entries of the change log applied by workers; each worker applies every entry."
)
CHANGE_LAG = Metric(
    "promptuary_change_lag_seconds",
    "gauge",
    "Time for which the slowest worker has been behind the change log, and has not served from memory. 0: all workers are up to "
    "date.",
    merge="max",
)
BACKGROUND_FAILURES = Metric(
    "promptuary_background_failures_total",
    "counter",
    "Failed steps of background work, by step. Each failure is logged, and the step is tried again.",
    ("step",),
)
WEBHOOK_ATTEMPTS = Metric(
    "promptuary_webhook_attempts_total",
    "counter",
    "Attempts to send a message to a webhook, by outcome. A failed message is sent again.",
    ("outcome",),
)
CONNECTIONS = Metric("promptuary_database_connections", "gauge", "Open database connections of the pools.", ("state",))
MAX_CONNECTIONS = Metric(
    "promptuary_database_connections_max", "gauge", "Maximum database connections of the pools of all workers."
)
CPU_SECONDS = Metric("process_cpu_seconds_total", "counter", "CPU time of all workers.")
RESIDENT_BYTES = Metric(
    "process_resident_memory_bytes",
    "gauge",
    "Resident memory of all workers, with shared memory counted for each; Linux only.",
)
START_TIME = Metric(
    "process_start_time_seconds", "gauge", "Start time of the oldest worker, in seconds since the Unix epoch.", merge="min"
)

METRICS = (
    *(ANSWERS, IN_PROGRESS, STREAMS, RATE_LIMITED),
    *(CACHE_FETCHES, CACHE_EVICTIONS, CACHE_ENTRIES, CACHE_BYTES, CACHE_MAX_BYTES, CHANGES_APPLIED, CHANGE_LAG),
    *(BACKGROUND_FAILURES, WEBHOOK_ATTEMPTS, CONNECTIONS, MAX_CONNECTIONS, CPU_SECONDS, RESIDENT_BYTES, START_TIME),
)
"""Metrics stored in shared memory."""

WORKERS = Metric("promptuary_workers", "gauge", "Workers that are alive.")
BUILD_INFO = Metric(
    "promptuary_build_info", "gauge", "Always 1; its labels are the running versions.", ("version", "python", "database")
)

EXPOSED = (REQUESTS, DURATIONS, *METRICS[1:], WORKERS, BUILD_INFO)
"""Metrics of a scrape, in this order."""


def _lay_out() -> tuple[Mapping[str, int], int]:
    starts: dict[str, int] = {}
    end = 0
    for metric in METRICS:
        starts[metric.name] = end
        end += metric.length
    return MappingProxyType(starts), end


_STARTS, LOCATIONS = _lay_out()
"""Offset of each metric, and the total of numbers in a segment."""

SIGNATURE = hashlib.sha256(
    repr([(m.name, m.kind, [LABEL_VALUES[label] for label in m.labels], SECONDS) for m in METRICS]).encode()
).hexdigest()[:12]
"""Differs between layouts, so that segments of another release are not misread."""


def place_of(metric: Metric, *label_values: str) -> int:
    """Return the place of a series."""
    index = 0
    for label, value in zip(metric.labels, label_values, strict=True):
        index = index * len(LABEL_VALUES[label]) + LABEL_VALUES[label].index(value)
    return _STARTS[metric.name] + index * metric.width


def places_of(metric: Metric) -> slice:
    """Return the places of all series of a metric."""
    start = _STARTS[metric.name]
    return slice(start, start + metric.length)


def metrics_as_markdown() -> str:
    """Return the table of all metrics for the documentation."""
    rows = [
        f"| `{metric.name}` | {metric.kind} | {', '.join(f'`{label}`' for label in metric.labels)} | {metric.meaning} |"
        for metric in EXPOSED
    ]
    return "\n".join(["| metric | kind | labels | meaning |", "| --- | --- | --- | --- |", *rows])
