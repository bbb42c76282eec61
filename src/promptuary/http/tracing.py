"""Traces for OpenTelemetry: a span for each request, and beneath it one for each statement that the database runs for it.

The only module that knows OpenTelemetry, and only used where traces are switched on. Spans carry routes, statuses and statements;
never a path, a query, a header, or a value of a statement, because these may hold keys, tokens and prompts.
"""

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


class Tracing:
    """Makes spans and sends them to where ``OTEL_EXPORTER_OTLP_ENDPOINT`` says, in the background."""

    def __init__(self) -> None:
        named = OTELResourceDetector().detect().attributes.get("service.name", "promptuary")
        self._provider = TracerProvider(resource=Resource.create({"service.name": named, "service.version": __version__}))
        self._provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
        self.tracer = self._provider.get_tracer("promptuary", __version__)

    def watch(self, database: Database) -> None:
        """Make a span for each statement that a database runs for a request."""
        watch_statements(database, lambda text: _begin_statement(self.tracer, database.kind, text))

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
