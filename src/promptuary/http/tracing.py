"""Traces for OpenTelemetry: a span for each request, and beneath it one for each statement that the database runs for it.

The only module that knows OpenTelemetry, and only used where traces are switched on. Spans carry routes, statuses and statements;
never a path, a query, a header, or a value of a statement, because these may hold keys, tokens and prompts.
"""

import time
from functools import lru_cache

from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.propagate import extract
from opentelemetry.sdk.resources import OTELResourceDetector, Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import Decision
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import NoOpTracer, Span, SpanContext, SpanKind, Status, StatusCode, TraceFlags, Tracer, get_current_span
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from promptuary import __version__
from promptuary.http.request_ids import read_ids
from promptuary.http.scope import REQUEST_ID
from promptuary.metrics.layout import METHODS
from promptuary.metrics.routes import OTHER, route_of
from promptuary.store.engine.compiled import End
from promptuary.store.engine.database import Database
from promptuary.store.engine.hooks import watch_statements

_SERVER_ERROR = 500

_route_of = lru_cache(maxsize=1000)(route_of)


class Tracing:
    """Makes spans and sends them to where ``OTEL_EXPORTER_OTLP_ENDPOINT`` says, in the background."""

    def __init__(self) -> None:
        named = OTELResourceDetector().detect().attributes.get("service.name", "promptuary")
        self._resource = Resource.create({"service.name": named, "service.version": __version__})
        self._processor = BatchSpanProcessor(OTLPSpanExporter())
        self._provider = TracerProvider(resource=self._resource)
        self._provider.add_span_processor(self._processor)
        self.tracer = self._provider.get_tracer("promptuary", __version__)
        self._scope = InstrumentationScope("promptuary", __version__)
        self._is_disabled = isinstance(self.tracer, NoOpTracer)

    def watch(self, database: Database) -> None:
        """Make a span for each statement that a database runs for a request."""
        watch_statements(database, lambda text: _begin_statement(self.tracer, database.kind, text))

    def record(self, request: Scope, head: bytes, *, status: int, request_id: str, seconds: float) -> None:
        """Record the span of a request that was answered just now, without the layers of the application.

        ``head`` is its head if it has ids of the request or of its trace, else empty.
        The span is made when it has ended, in a fraction of the time that a span takes to which attributes may still be added.
        """
        if self._is_disabled:
            return
        ended = time.time_ns()
        attributes = {**_attributes_of(request["method"], request["path"], request_id), "http.response.status_code": status}
        name = f"{attributes['http.request.method']} {attributes['http.route']}"
        context = extract(read_ids(head)) if head else Context()
        parent = get_current_span(context).get_span_context()
        ids = self._provider.id_generator
        trace_id = parent.trace_id if parent.is_valid else ids.generate_trace_id()
        sampled = self._provider.sampler.should_sample(context, trace_id, name, SpanKind.SERVER, attributes)
        if sampled.decision is not Decision.RECORD_AND_SAMPLE:
            return
        own_context = SpanContext(
            trace_id,
            ids.generate_span_id(),
            is_remote=False,
            trace_flags=TraceFlags(TraceFlags.SAMPLED),
            trace_state=sampled.trace_state,
        )
        span = ReadableSpan(
            name=name,
            context=own_context,
            parent=parent if parent.is_valid else None,
            resource=self._resource,
            attributes={**attributes, **sampled.attributes},
            kind=SpanKind.SERVER,
            start_time=ended - int(seconds * 1_000_000_000),
            end_time=ended,
            instrumentation_scope=self._scope,
        )
        self._processor.on_end(span)

    def middleware(self, application: ASGIApp) -> ASGIApp:
        """Wrap an application, so that each of its requests has a span."""
        return TracingMiddleware(application, self.tracer)

    def close(self) -> None:
        """Send the spans that were not sent yet."""
        self._provider.shutdown()


class TracingMiddleware:
    """Wraps an ASGI application: makes a span for each request."""

    def __init__(self, application: ASGIApp, tracer: Tracer) -> None:
        self._application = application
        self._tracer = tracer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request inside a span."""
        attributes = _attributes_of(scope["method"], scope["path"], scope[REQUEST_ID])
        with self._tracer.start_as_current_span(
            f"{attributes['http.request.method']} {attributes['http.route']}",
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


def _attributes_of(method: str, path: str, request_id: str) -> dict[str, str | int]:
    return {
        "http.request.method": method if method in METHODS else OTHER,
        "http.route": _route_of(path),
        "promptuary.request_id": request_id,
    }


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
