"""Traces for OpenTelemetry: a span for each request, and beneath it one for each statement that the database runs for it.

The only module that knows OpenTelemetry, and only used where traces are switched on. Spans carry routes, statuses and statements;
never a path, a query, a header, or a value of a statement, because these may hold keys, tokens and prompts.
"""

import asyncio

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.propagate import extract
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import Span, SpanKind, Status, StatusCode, Tracer, get_current_span
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from promptuary import __version__
from promptuary.http.scope import REQUEST_ID
from promptuary.metrics.layout import METHODS
from promptuary.metrics.routes import OTHER, route_of
from promptuary.store.engine.database import Database
from promptuary.store.engine.hooks import End, watch_statements

_SERVER_ERROR = 500


class Traced:
    """Wraps an ASGI application. What is not sent yet is sent when the application ends."""

    def __init__(self, application: ASGIApp, provider: TracerProvider) -> None:
        self._application = application
        self._provider = provider
        self._tracer = provider.get_tracer("promptuary", __version__)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request inside a span."""
        if scope["type"] != "http":
            await self._application(scope, receive, self._flushing(send))
            return
        method = scope["method"] if scope["method"] in METHODS else OTHER
        route = route_of(scope["path"])
        attributes = {"http.request.method": method, "http.route": route, "promptuary.request_id": scope[REQUEST_ID]}
        with self._tracer.start_as_current_span(
            f"{method} {route}",
            context=extract({name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}),
            kind=SpanKind.SERVER,
            attributes=attributes,
            # What an exception says may show a value; the log has it, under the request's id.
            record_exception=False,
            set_status_on_exception=False,
        ) as span:
            try:
                await self._application(scope, receive, _noting_status(span, send))
            except Exception as error:
                span.set_status(Status(StatusCode.ERROR, type(error).__name__))
                raise

    def _flushing(self, send: Send) -> Send:
        async def flush_and_send(message: Message) -> None:
            # The server waits for this message and no longer.
            if message["type"].startswith("lifespan.shutdown"):
                await asyncio.to_thread(self._provider.shutdown)
            await send(message)

        return flush_and_send


def trace(application: ASGIApp, database: Database) -> ASGIApp:
    """Trace an application and its database, and send the traces to where ``OTEL_EXPORTER_OTLP_ENDPOINT`` says."""
    named = OTELResourceDetector().detect().attributes.get("service.name", "promptuary")
    provider = TracerProvider(resource=Resource.create({"service.name": named, "service.version": __version__}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    tracer = provider.get_tracer("promptuary", __version__)
    watch_statements(database, lambda text: _begin_statement(tracer, database.kind, text))
    return Traced(application, provider)


def _noting_status(span: Span, send: Send) -> Send:
    async def send_and_note(message: Message) -> None:
        if message["type"] == "http.response.start":
            span.set_attribute("http.response.status_code", message["status"])
            if message["status"] >= _SERVER_ERROR:
                span.set_status(StatusCode.ERROR)
        await send(message)

    return send_and_note


def _begin_statement(tracer: Tracer, system: str, text: str) -> End | None:
    # What workers do by themselves belongs to no request and would be a trace every second.
    if not get_current_span().is_recording():
        return None
    operation = text.split(maxsplit=1)[0].upper()
    attributes = {"db.system.name": system, "db.operation.name": operation, "db.query.text": text}
    span = tracer.start_span(f"{operation} {system}", kind=SpanKind.CLIENT, attributes=attributes)

    def end(error: str) -> None:
        if error:
            span.set_status(Status(StatusCode.ERROR, error))
        span.end()

    return end
