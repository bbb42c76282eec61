"""Traces that a real server sends to a real, if small, collector."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx2
import pytest
from builders import Registry, bearer, make_key, make_prompt
from following import create, key_of, stream
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.trace.v1.trace_pb2 import Span, Status
from scraping import FETCH, LIST
from serving import Server, run_command, running_server, wait_until

SECRET_TEXT = "the-secret-text-of-a-prompt"
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
CALLER = "00f067aa0ba902b7"


class Collector(ThreadingHTTPServer):
    """Keeps what it is sent."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.sent: list[bytes] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    @property
    def requests(self) -> list[ExportTraceServiceRequest]:
        return [ExportTraceServiceRequest.FromString(body) for body in self.sent]

    @property
    def spans(self) -> list[Span]:
        return [
            span
            for request in self.requests
            for resource in request.resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        ]


class _Handler(BaseHTTPRequestHandler):
    server: Collector

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        if self.path == "/v1/traces":
            self.server.sent.append(body)
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


def attributes(span: Span) -> dict[str, str | int]:
    return {pair.key: pair.value.string_value or pair.value.int_value for pair in span.attributes}


@pytest.fixture
def collector() -> Iterator[Collector]:
    with Collector() as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def traced(database_url: str, tmp_path: Path, collector: Collector, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_COMPRESSION", "none")
    # Longer than the test: what arrives was sent when the server stopped.
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "600000")
    with running_server(database_url, tmp_path / "output.txt", traces="otlp") as server:
        yield server


def test_requests_and_their_statements_are_traced_when_the_server_stops_at_the_latest(
    registry: Registry, traced: Server, collector: Collector
) -> None:
    with registry.database.write() as tx:
        key = make_key(tx, registry.user)
    path = f"{traced.url}/api/projects/{registry.project.id}/llm_prompts/"
    parent = {"traceparent": f"00-{TRACE}-{CALLER}-01", "X-Request-ID": "request-1"}
    body = {"name": "secret-name", "prompt": SECRET_TEXT}
    assert httpx2.post(path, json=body, headers=bearer(key) | parent).status_code == 201
    assert httpx2.get(f"{path}name/secret-name/?personal_api_key={key.value}").status_code == 200
    assert httpx2.get(f"{path}name/secret-name/", headers=bearer(key)).status_code == 200
    assert httpx2.get(f"{path}name/secret-name/", headers=bearer(key)).status_code == 200
    assert httpx2.get(f"{path}name/missing/", headers=bearer(key)).status_code == 404
    assert httpx2.get(f"{traced.url}/metrics").status_code == 200
    assert collector.sent == []
    traced.stop()

    served = [span for span in collector.spans if span.kind == Span.SPAN_KIND_SERVER]
    shown = sorted((span.name, attributes(span)["http.response.status_code"]) for span in served)
    assert shown == sorted([(f"POST {LIST}", 201), *[(f"GET {FETCH}", status) for status in (200, 200, 200, 404)]])
    [created] = [span for span in served if span.name.startswith("POST")]
    assert (created.trace_id.hex(), created.parent_span_id.hex()) == (TRACE, CALLER)
    assert attributes(created) == {
        "http.request.method": "POST",
        "http.route": LIST,
        "http.response.status_code": 201,
        "promptuary.request_id": "request-1",
    }
    statements = [span for span in collector.spans if span.parent_span_id == created.span_id]
    texts = [str(attributes(span)["db.query.text"]) for span in statements]
    assert any(text.startswith("INSERT INTO versions") for text in texts)
    assert {attributes(span)["db.system.name"] for span in statements} == {registry.database.kind}
    assert all(span.status.code == Status.STATUS_CODE_UNSET for span in collector.spans)
    # Each statement belongs to a request.
    identifiers = {span.span_id for span in served}
    assert {span.parent_span_id for span in collector.spans if span.kind == Span.SPAN_KIND_CLIENT} <= identifiers
    resources = [pair for request in collector.requests for spans in request.resource_spans for pair in spans.resource.attributes]
    assert {pair.value.string_value for pair in resources if pair.key == "service.name"} == {"promptuary"}
    everything = b"".join(collector.sent)
    for secret in (SECRET_TEXT, "secret-name", key.value, registry.project.api_token):
        assert secret.encode() not in everything


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_fetches_from_memory_have_spans_of_their_callers_traces(registry: Registry, traced: Server, collector: Collector) -> None:
    with registry.database.write() as tx:
        key = make_key(tx, registry.user)
        make_prompt(tx, registry.actor, name="secret-name")
    url = f"{traced.url}/api/projects/{registry.project.id}/llm_prompts/name/secret-name/"
    traces = [f"{number:032x}" for number in range(1, 9)]
    with httpx2.Client(headers=bearer(key)) as client:
        for trace in traces:
            ids = {"traceparent": f"00-{trace}-{CALLER}-01", "X-Request-ID": f"request-{trace}"}
            assert client.get(url, headers=ids).status_code == 200
        assert client.get(url, headers={"traceparent": f"00-{TRACE}-{CALLER}-00"}).status_code == 200
        assert [client.get(url).status_code for _ in range(3)] == [200] * 3
    traced.stop()
    served = [span for span in collector.spans if span.kind == Span.SPAN_KIND_SERVER]
    continued = {span.trace_id.hex(): span for span in served if span.parent_span_id}
    assert sorted(continued) == traces
    for trace, span in continued.items():
        assert (span.name, span.parent_span_id.hex()) == (f"GET {FETCH}", CALLER)
        assert attributes(span) == {
            "http.request.method": "GET",
            "http.route": FETCH,
            "http.response.status_code": 200,
            "promptuary.request_id": f"request-{trace}",
        }
        assert span.start_time_unix_nano <= span.end_time_unix_nano
    # The caller of the ninth has decided not to sample.
    assert len({span.trace_id for span in served} - {span.trace_id for span in continued.values()}) == 3


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_stream_is_traced_and_logged_once_when_it_has_begun(
    registry: Registry, database_url: str, tmp_path: Path, collector: Collector, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = key_of(registry)
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", collector.url)
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_COMPRESSION", "none")
    monkeypatch.setenv("OTEL_BSP_SCHEDULE_DELAY", "100")
    with running_server(database_url, tmp_path / "output.txt", traces="otlp") as server:
        with stream(registry, server, key) as (_, events):
            assert next(events)[0] == "ready"
            # While it is open: only what has ended is sent to the collector.
            wait_until(lambda: any(span.name.endswith("/changes/") for span in collector.spans))
            wait_until(lambda: "/llm_prompts/changes/" in server.output)
            create(registry, "told-later")
            assert next(events)[0] == "change"
        server.stop()
        logged = [line for line in server.output.splitlines() if "/llm_prompts/changes/" in line]
        assert len(logged) == 1
        assert '"status": 200' in logged[0]
    spans = [span for span in collector.spans if span.kind == Span.SPAN_KIND_SERVER]
    assert [attributes(span)["http.response.status_code"] for span in spans] == [200]
    # What the worker reads for open streams belongs to no request.
    assert {span.parent_span_id for span in collector.spans if span.kind == Span.SPAN_KIND_CLIENT} == {spans[0].span_id}


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_failed_request_is_an_error_without_what_the_driver_said(
    registry: Registry, traced: Server, collector: Collector
) -> None:
    with registry.database.write() as tx:
        key = make_key(tx, registry.user)
        tx.connection.exec_driver_sql("ALTER TABLE versions RENAME TO elsewhere")
    path = f"{traced.url}/api/projects/{registry.project.id}/llm_prompts/"
    assert httpx2.post(path, json={"name": "a", "prompt": SECRET_TEXT}, headers=bearer(key)).status_code >= 500
    traced.stop()
    [served] = [span for span in collector.spans if span.kind == Span.SPAN_KIND_SERVER]
    assert served.status.code == Status.STATUS_CODE_ERROR
    failed = [span for span in collector.spans if span.status.code == Status.STATUS_CODE_ERROR and span is not served]
    assert "OperationalError" in {span.status.message for span in failed}
    assert SECRET_TEXT.encode() not in b"".join(collector.sent)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_server_works_while_its_collector_does_not(
    registry: Registry, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "1")
    with registry.database.write() as tx:
        key = make_key(tx, registry.user)
    with running_server(database_url, tmp_path / "output.txt", traces="otlp") as server:
        path = f"{server.url}/api/projects/{registry.project.id}/llm_prompts/"
        assert httpx2.get(path, headers=bearer(key)).status_code == 200
        server.stop()
        assert server.process.returncode == 0


def test_traces_without_the_extra_are_refused_in_one_sentence(
    sqlite_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # An installation that has no such package: an empty one in its place.
    (tmp_path / "opentelemetry").mkdir()
    (tmp_path / "opentelemetry" / "__init__.py").touch()
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    refused = run_command("serve", database_url=sqlite_url, traces="otlp")
    message = "Error: The setting PROMPTUARY_TRACES is invalid: must be off, or otlp with promptuary[otel] installed.\n"
    assert (refused.returncode, refused.stderr) == (1, message)
