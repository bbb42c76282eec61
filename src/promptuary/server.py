"""The composition root: settings -> database -> one ASGI application. Nothing happens before one of its functions is called."""

import asyncio
import platform
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import cache, partial
from typing import TYPE_CHECKING, Protocol

from anyio import CapacityLimiter
from limits.strategies import MovingWindowRateLimiter
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.types import ASGIApp, Lifespan

from promptuary import __version__
from promptuary.agents.edge import Agents
from promptuary.agents.streams import Streams
from promptuary.api.application import create_api
from promptuary.api.errors import bad_request, server_error, stopping
from promptuary.api.operations.readiness import Readiness
from promptuary.api.posthog.changes import change_message, show_change
from promptuary.api.posthog.fetch_address import read_fetch_address
from promptuary.api.services import Services
from promptuary.api.streams import Broadcaster
from promptuary.background.follower import Follower
from promptuary.background.sampling import InSync, Sampler, counting_changes
from promptuary.background.usage_writer import UsageWriter
from promptuary.background.webhook_requests import REQUEST_SECONDS
from promptuary.background.webhook_sender import MAX_REQUESTS, WebhookSender
from promptuary.delivery.backend import open_backend
from promptuary.delivery.cache import Cache
from promptuary.delivery.commit_signal import open_commit_signal
from promptuary.delivery.freshness import Freshness
from promptuary.delivery.middleware import FetchCacheMiddleware
from promptuary.delivery.parts import FetchParts
from promptuary.delivery.shortcut import Shortcut
from promptuary.http.access_log import AccessLog
from promptuary.http.body import Bodies
from promptuary.http.conditional import ConditionalMiddleware
from promptuary.http.content_type_options import NoSniffingMiddleware
from promptuary.http.dispatch import PathDispatcher, with_lifespan_of
from promptuary.http.draining import DrainingMiddleware
from promptuary.http.heavy_work import HeavyWork
from promptuary.http.proxy_headers import ForwardedMiddleware
from promptuary.http.public_path import path_of
from promptuary.http.rate_limits import create_request_limits, create_sign_in_limits, open_limiter
from promptuary.http.request_log import LogContextMiddleware, RequestLogMiddleware
from promptuary.http.request_recorder import RequestRecorder
from promptuary.metrics import layout
from promptuary.metrics.requests import RequestCounts
from promptuary.metrics.scrape import Scrape
from promptuary.metrics.segment import Segment, open_segment
from promptuary.registry.fetch_counter import FetchCounter
from promptuary.registry.webhook_queue import Presenter
from promptuary.settings import Settings, writes_text
from promptuary.store.engine.database import Database
from promptuary.store.watch import open_watch
from promptuary.supervisor.runtime_dir import find_runtime_dir
from promptuary.supervisor.stop_flag import StopFlag, open_stop_flag
from promptuary.web.account.password_queue import PasswordQueue
from promptuary.web.application import create_web
from promptuary.web.assets import Assets
from promptuary.web.page_request import WebServices
from promptuary.web.urls import Links

if TYPE_CHECKING:
    from promptuary.http.tracing import Tracing
    from promptuary.outbound import OutboundClient

PAGE_THREADS = 16
FETCH_THREADS = 8
CALLER_THREADS = 4


class Stoppable(Protocol):
    """Work that ends soon after `stop`."""

    def stop(self) -> None:
        """End soon, and reject what comes later."""


@dataclass(frozen=True, slots=True)
class Server:
    """The application, and the shortcut for requests that were seen before. There is none without a cache."""

    application: ASGIApp
    shortcut: Shortcut | None
    waiting: Sequence[Stoppable] = ()
    """Open answers and requests that wait for their turn, which would delay the end of a worker."""
    note_failure: Callable[[str], None] = field(default=lambda _step: None)
    """Counts a step of the work beside requests that failed."""
    recorder: RequestRecorder | None = None
    """Recorder of requests that connections reject themselves."""

    def stop_waiting(self) -> None:
        """End answers that stay open, and requests that wait for their turn. A worker calls it when it stops."""
        for each in self.waiting:
            each.stop()


def create_application(settings: Settings, database: Database, *, usage: FetchCounter | None = None) -> ASGIApp:
    """Return the whole server as one ASGI application over an open database. ``usage`` is where it counts fetches."""
    return assemble(settings, database, usage=usage).application


def assemble(settings: Settings, database: Database, *, usage: FetchCounter | None = None) -> Server:
    """Put the server together over an open database. ``usage`` is where it counts fetches."""
    folder = find_runtime_dir()
    segment = open_segment(folder)
    note_failure = partial(segment.count, layout.BACKGROUND_FAILURES)
    access_log = AccessLog(as_json=not writes_text(settings)) if settings.log_requests else None
    recorder = RequestRecorder(access_log, RequestCounts(segment))
    cache = Cache(max_bytes=settings.cache_megabytes * 1_000_000)
    apply = counting_changes(cache.apply, segment)
    freshness = Freshness(partial(open_watch, database), apply, open_commit_signal(folder), note_failure)
    stop_flag = open_stop_flag(folder)
    follower = Follower(freshness, stop_flag, note_failure, closes_watch=not settings.cache_megabytes)
    in_sync = InSync(freshness) if settings.cache_megabytes else None
    sampler = Sampler(segment, counts=recorder.counts, database=database, cache=cache, in_sync=in_sync, note_failure=note_failure)
    scrape = Scrape(folder, segment, sample=sampler.sample, build=(__version__, platform.python_version(), database.kind))
    limiter = open_limiter(settings)
    services = _create_services(
        settings,
        database,
        limiter=limiter,
        usage=usage or FetchCounter(),
        segment=segment,
        scrape=scrape,
        broadcaster=_create_broadcaster(settings, follower, stop_flag, segment=segment),
        stop_flag=stop_flag,
    )
    web_services = _create_web_services(settings, database, limiter=limiter, segment=segment, bodies=services.bodies)
    streams = Streams(follower.subscribe, follower.read, stop_flag, max_streams_of_caller=settings.max_agent_streams_per_key)
    count_read, count_fetch = services.limits.count_read, services.usage.count
    backend = open_backend(database, count_read=count_read, count_fetch=count_fetch, note_failure=note_failure)
    fetches = FetchParts(cache, freshness, backend, segment.view(layout.CACHE_FETCHES))
    writer = UsageWriter(database, services.usage, seconds=settings.usage_seconds, note_failure=note_failure)
    tracing = _create_tracing(database) if settings.traces == "otlp" else None
    record_span = tracing.record if tracing else None
    shortcut = Shortcut(fetches, recorder, stop_flag, record_span) if settings.cache_megabytes else None
    create_sender = partial(_create_sender, settings, database, follower, segment) if settings.webhooks == "on" else None
    api = create_api(services, _create_lifespan(tracing, fetches, sampler, writer, create_sender))
    agents = Agents(services, streams, web_services.heavy_work)
    edges = PathDispatcher(api=NoSniffingMiddleware(api), agents=NoSniffingMiddleware(agents), web=create_web(web_services))
    layers = _list_layers(
        settings, edges, recorder=recorder, stop_flag=stop_flag, tracing=tracing, fetches=fetches, shortcut=shortcut
    )
    return Server(
        application=with_lifespan_of(api, _wrap(edges, layers)),
        shortcut=shortcut,
        waiting=(services.broadcaster, streams, web_services.passwords, services.bodies),
        note_failure=note_failure,
        recorder=recorder,
    )


def _list_layers(
    settings: Settings,
    edges: ASGIApp,
    *,
    recorder: RequestRecorder,
    stop_flag: StopFlag,
    tracing: "Tracing | None",
    fetches: FetchParts,
    shortcut: Shortcut | None,
) -> list[Middleware | None]:
    """Return the layers around the edges, outermost first. `None` is a layer that is switched off."""
    return [
        Middleware(ForwardedMiddleware) if settings.trust_forwarded else None,
        Middleware(
            RequestLogMiddleware,
            probed=LogContextMiddleware(edges),
            recorder=recorder,
            server_error=NoSniffingMiddleware(server_error),
            bad_request=NoSniffingMiddleware(bad_request),
        ),
        Middleware(DrainingMiddleware, stop_flag=stop_flag, error=NoSniffingMiddleware(stopping)),
        Middleware(tracing.middleware) if tracing else None,
        # From here on, what a fetch from memory does not need.
        Middleware(FetchCacheMiddleware, fetches, read_fetch_address, shortcut)
        if settings.cache_megabytes
        else Middleware(ConditionalMiddleware),
        Middleware(LogContextMiddleware),
    ]


def _wrap(application: ASGIApp, layers: list[Middleware | None]) -> ASGIApp:
    for layer in reversed(layers):
        if layer is not None:
            application = layer.cls(application, *layer.args, **layer.kwargs)
    return application


def _create_lifespan(
    tracing: "Tracing | None",
    fetches: FetchParts,
    sampler: Sampler,
    writer: UsageWriter,
    create_sender: Callable[[], WebhookSender] | None,
) -> Lifespan[Starlette]:
    @asynccontextmanager
    async def lifespan(_api: Starlette) -> AsyncIterator[None]:
        # Starts from top to bottom, and ends from bottom to top when all requests have ended.
        async with AsyncExitStack() as stack:
            if tracing is not None:
                stack.push_async_callback(asyncio.to_thread, tracing.close)
            stack.push_async_callback(asyncio.to_thread, fetches.backend.close)
            stack.push_async_callback(fetches.freshness.close)
            await stack.enter_async_context(sampler.running())
            await stack.enter_async_context(writer.running())
            if create_sender is not None:
                await stack.enter_async_context(create_sender().running())
            yield

    return lifespan


def _create_sender(settings: Settings, database: Database, follower: Follower, segment: Segment) -> WebhookSender:
    def find_page(project_id: int, name: str | None, request_id: int | None) -> str | None:
        links = Links(project_id, settings.public_url)
        if not settings.public_url:
            return None
        if request_id is not None:
            return links.request(request_id)
        return links.prompts() if name is None else links.prompt(name)

    return WebhookSender(
        database,
        Presenter(show_change, find_page),
        open_client=partial(_open_client, settings),
        subscribe=follower.subscribe,
        note_failure=partial(segment.count, layout.BACKGROUND_FAILURES),
        note_attempt=partial(segment.count, layout.WEBHOOK_ATTEMPTS),
    )


def _open_client(settings: Settings) -> "OutboundClient":
    # Most servers send nothing, and need not load an HTTP client.
    from promptuary.outbound import OutboundClient, OutboundLimits  # noqa: PLC0415

    limits = OutboundLimits(
        total_seconds=REQUEST_SECONDS,
        read_seconds=REQUEST_SECONDS,
        max_connections=MAX_REQUESTS,
        allowed_networks=settings.allowed_networks,
        proxy=settings.outbound_proxy,
    )
    return OutboundClient(limits)


def _create_tracing(database: Database) -> "Tracing":
    from promptuary.http.tracing import Tracing  # noqa: PLC0415 - an extra that need not be installed

    tracing = Tracing()
    tracing.watch(database)
    return tracing


def _create_broadcaster(settings: Settings, follower: Follower, stop_flag: StopFlag, *, segment: Segment) -> Broadcaster:
    return Broadcaster(
        follower.subscribe,
        stop_flag=stop_flag,
        max_streams=settings.max_streams,
        max_streams_of_caller=settings.max_streams_per_key,
        show=change_message,
        note_open=lambda count: segment.put(layout.STREAMS, count),
    )


def _create_services(
    settings: Settings,
    database: Database,
    *,
    limiter: MovingWindowRateLimiter,
    usage: FetchCounter,
    segment: Segment,
    scrape: Scrape,
    broadcaster: Broadcaster,
    stop_flag: StopFlag,
) -> Services:
    return Services(
        database=database,
        limits=create_request_limits(settings, limiter, lambda limit: segment.count(layout.RATE_LIMITED, limit)),
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
        broadcaster=broadcaster,
    )


def _create_web_services(
    settings: Settings, database: Database, *, limiter: MovingWindowRateLimiter, segment: Segment, bodies: Bodies
) -> WebServices:
    return WebServices(
        database=database,
        public_url=settings.public_url,
        assets=_load_assets(path_of(settings.public_url)),
        session_limits=settings.session_limits,
        sign_in_limits=create_sign_in_limits(settings, limiter, lambda limit: segment.count(layout.RATE_LIMITED, limit)),
        passwords=PasswordQueue(),
        heavy_work=HeavyWork(),
        bodies=bodies,
        threads=CapacityLimiter(PAGE_THREADS),
    )


@cache
def _load_assets(root: str) -> Assets:
    """Read what is below ``/static/`` once: it does not change while a process runs."""
    return Assets.load(root=root)
