"""The composition root: settings -> database -> one ASGI application. Nothing happens before one of its functions is called."""

import platform
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

from anyio import CapacityLimiter
from starlette.types import ASGIApp

from promptuary import __version__
from promptuary.agents.edge import Agents
from promptuary.agents.streams import Streams
from promptuary.api.application import create_api
from promptuary.api.calls import Services
from promptuary.api.errors import bad_request, server_error, stopping
from promptuary.api.operations.readiness import Readiness
from promptuary.api.posthog.changes import change_message
from promptuary.api.streams import Broadcaster
from promptuary.api.throttling import create_throttle
from promptuary.background.sampling import InSync, Sampled, Sampler, counting_changes
from promptuary.background.usage_writer import UsageWriter, WritesUsage
from promptuary.delivery.backend import open_backend
from promptuary.delivery.cache import Cache
from promptuary.delivery.commit_signal import open_commit_signal
from promptuary.delivery.freshness import Freshness
from promptuary.delivery.middleware import Delivery
from promptuary.delivery.shortcut import Shortcut
from promptuary.http.access_log import AccessLog
from promptuary.http.body import Bodies
from promptuary.http.conditional import Conditional
from promptuary.http.dispatch import ByPath
from promptuary.http.draining import Draining
from promptuary.http.forwarded import Forwarded
from promptuary.http.heavy_work import HeavyWork
from promptuary.http.no_sniffing import NoSniffing
from promptuary.http.public_path import path_of
from promptuary.http.request_log import LoggedWithRequestId, RequestLog
from promptuary.http.request_recorder import RequestRecorder
from promptuary.metrics import layout
from promptuary.metrics.requests import RequestCounts
from promptuary.metrics.scrape import Scrape
from promptuary.metrics.segment import Segment, open_segment
from promptuary.registry.fetch_counter import FetchCounter
from promptuary.settings import Settings, writes_text
from promptuary.store.engine.database import Database
from promptuary.store.watch import open_watch
from promptuary.supervisor.runtime_dir import find_runtime_dir
from promptuary.supervisor.stop_flag import open_stop_flag
from promptuary.web.account.password_queue import PasswordQueue
from promptuary.web.application import create_web
from promptuary.web.assets import Assets
from promptuary.web.page_request import WebServices
from promptuary.web.throttling import create_sign_in_throttle

PAGE_THREADS = 16
FETCH_THREADS = 8
CALLER_THREADS = 4


@dataclass(frozen=True, slots=True)
class Server:
    """The application, and what answers what was seen before in its place; nothing does with tracing or without memory."""

    application: ASGIApp
    shortcut: Shortcut | None
    end_waiting: Callable[[], None] = field(default=lambda: None)
    """Callback for the stop of the worker: ends open streams and waiting requests, which would delay it."""
    note_failure: Callable[[str], None] = field(default=lambda _step: None)
    """Counts a step of the work beside requests that failed."""
    recorder: RequestRecorder | None = None
    """Recorder of requests that connections reject themselves."""


def create_application(settings: Settings, database: Database, *, usage: FetchCounter | None = None) -> ASGIApp:
    """Return the whole server as one ASGI application over an open database. ``usage`` is where it counts fetches."""
    return assemble(settings, database, usage=usage).application


def assemble(settings: Settings, database: Database, *, usage: FetchCounter | None = None) -> Server:
    """Put the server together over an open database. ``usage`` is where it counts fetches."""
    folder = find_runtime_dir()
    segment = open_segment(folder)
    counts = RequestCounts(segment)
    note_failure = partial(segment.count, layout.BACKGROUND_FAILURES)
    cache = Cache(max_bytes=settings.cache_megabytes * 1_000_000)
    freshness = Freshness(
        lambda: open_watch(database), counting_changes(cache.apply, segment), open_commit_signal(folder), note_failure
    )
    in_sync = InSync(freshness) if settings.cache_megabytes else None
    sampler = Sampler(segment, counts=counts, database=database, cache=cache, in_sync=in_sync, note_failure=note_failure)
    build = (__version__, platform.python_version(), database.kind)
    scrape = Scrape(folder, segment, sample=sampler.sample, build=build)
    services = _create_services(settings, database, usage=usage or FetchCounter(), segment=segment, scrape=scrape)
    writer = UsageWriter(database, services.usage, seconds=settings.usage_seconds, note_failure=note_failure)
    # Behind delivery: a fetch from memory does not come here, and what pages change is announced to all workers, too.
    agent_streams = Streams(
        partial(open_watch, database), services.stop_flag, note_failure, max_streams_of_caller=settings.max_agent_streams_per_key
    )
    web_services = _create_web_services(settings, database, segment=segment, bodies=services.bodies)

    def end_waiting() -> None:
        services.broadcaster.stop()
        agent_streams.stop()
        web_services.passwords.stop()
        services.bodies.stop()

    edges = ByPath(
        api=NoSniffing(create_api(services)),
        agents=NoSniffing(Agents(services, agent_streams, web_services.heavy_work)),
        web=create_web(web_services),
    )
    served = Sampled(WritesUsage(LoggedWithRequestId(edges), writer), sampler)
    recorder = RequestRecorder(AccessLog(as_json=not writes_text(settings)) if settings.log_requests else None, counts)
    answering: ASGIApp = Conditional(served)
    shortcut = None
    if settings.cache_megabytes:
        backend = open_backend(
            database, count_read=services.throttle.count_read, count_fetch=services.usage.count, note_failure=note_failure
        )
        counters = segment.view(layout.CACHE_FETCHES)
        if settings.traces == "off":
            shortcut = Shortcut(
                cache=cache,
                freshness=freshness,
                backend=backend,
                counters=counters,
                recorder=recorder,
                stop_flag=services.stop_flag,
            )
        answering = Delivery(served, cache=cache, freshness=freshness, backend=backend, counters=counters, shortcut=shortcut)
    if settings.traces == "otlp":
        from promptuary.http.tracing import trace  # noqa: PLC0415 - an extra that need not be installed

        answering = trace(answering, database)
    application: ASGIApp = RequestLog(
        Draining(answering, stop_flag=services.stop_flag, error=NoSniffing(stopping)),
        probed=served,
        recorder=recorder,
        server_error=NoSniffing(server_error),
        bad_request=NoSniffing(bad_request),
    )
    return Server(
        Forwarded(application) if settings.trust_forwarded else application, shortcut, end_waiting, note_failure, recorder
    )


def _create_services(settings: Settings, database: Database, *, usage: FetchCounter, segment: Segment, scrape: Scrape) -> Services:
    stop_flag = open_stop_flag(find_runtime_dir())
    return Services(
        database=database,
        throttle=create_throttle(settings, lambda limit: segment.count(layout.RATE_LIMITED, limit)),
        usage=usage,
        public_url=settings.public_url,
        stop_flag=stop_flag,
        scrape=scrape,
        metrics_token=settings.metrics_token,
        shows_metrics=settings.metrics,
        session_limits=settings.session_limits,
        fetch_threads=CapacityLimiter(FETCH_THREADS),
        readiness=Readiness(database),
        bodies=Bodies(),
        caller_threads=CapacityLimiter(CALLER_THREADS),
        broadcaster=Broadcaster(
            database,
            stop_flag=stop_flag,
            max_streams=settings.max_streams,
            max_streams_of_caller=settings.max_streams_per_key,
            show=change_message,
            note_open=lambda count: segment.put(layout.STREAMS, count),
            note_failure=partial(segment.count, layout.BACKGROUND_FAILURES),
        ),
    )


def _create_web_services(settings: Settings, database: Database, *, segment: Segment, bodies: Bodies) -> WebServices:
    throttle = create_sign_in_throttle(
        settings.rate_limit_storage,
        settings.rate_limit_sign_ins,
        settings.rate_limit_all_sign_ins,
        lambda limit: segment.count(layout.RATE_LIMITED, limit),
    )
    return WebServices(
        database=database,
        public_url=settings.public_url,
        assets=Assets.load(root=path_of(settings.public_url)),
        session_limits=settings.session_limits,
        throttle=throttle,
        passwords=PasswordQueue(),
        heavy_work=HeavyWork(),
        bodies=bodies,
        threads=CapacityLimiter(PAGE_THREADS),
    )
