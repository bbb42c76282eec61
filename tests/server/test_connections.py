"""Connections, byte by byte: answers without a look at the request, and heads that are broken, late or endless."""

import json
import re
import socket
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from builders import Registry, make_key, make_prompt, make_registry
from serving import wait_until
from talking import Talk, Wire, wire_of

from promptuary.registry import labels, prompts
from promptuary.registry.operator import keys
from promptuary.store.engine.database import Database
from promptuary.worker import connection

_EACH_ITS_OWN = re.compile(rb"(x-request-id|date): [^\r]*\r\n")


# Bytes on a connection are the same over every database.
pytestmark = pytest.mark.parametrize("module_database", ["sqlite"], indirect=True)


@pytest.fixture(scope="module")
def module_wire(module_database: Database) -> Iterator[Wire]:
    # A line of its access log that comes late would be taken for one of a test that reads a log.
    with wire_of(make_registry(module_database), log_requests=False) as wire:
        yield wire


@pytest.fixture
def registry(module_database: Database) -> Registry:
    """A project and an editor of the test's own."""
    return make_registry(module_database)


@pytest.fixture
def wire(module_wire: Wire, registry: Registry) -> Wire:
    """The module's server, with a prompt and a key of the test's own project."""
    with registry.database.write() as tx:
        key = make_key(tx, registry.user)
        make_prompt(tx, registry.actor)
    return replace(module_wire, registry=registry, key=key.value, key_id=key.key.id)


def without_what_differs(answer: bytes) -> bytes:
    assert len(_EACH_ITS_OWN.findall(answer)) == 2
    return _EACH_ITS_OWN.sub(b"", answer)


def warm_up(wire: Wire, talk: Talk, request: bytes) -> bytes:
    """Ask until the application is not asked any more; return the answer that it gave last."""
    for _ in range(5):
        before = len(wire.application.paths)
        answer = talk.ask(request)
        if len(wire.application.paths) == before:
            return answer
    pytest.fail("The application is asked again and again.")


def test_requests_that_are_traced_take_the_same_way(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1")
    # Nothing is sent during the test.
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", "always_off")
    with wire_of(registry, traces="otlp") as wire, wire.connect() as talk:
        warm_up(wire, talk, wire.head("traceparent: first"))
        asked = len(wire.application.paths)
        assert talk.ask(wire.head("traceparent: second")).startswith(b"HTTP/1.1 200 OK")
        assert len(wire.application.paths) == asked


@pytest.mark.parametrize("lines", [[], ["If-None-Match: *"], ["Accept-Encoding: gzip", "X-Request-ID: mine"], ["X-Unknown: a"]])
def test_a_request_that_was_seen_before_gets_the_bytes_of_the_application_without_it(wire: Wire, lines: list[str]) -> None:
    request = wire.head(*lines)
    with wire.connect() as talk:
        first = talk.ask(request)
        warm_up(wire, talk, request)
        asked = len(wire.application.paths)
        again = [talk.ask(request) for _ in range(5)]
        assert len(wire.application.paths) == asked
    assert {without_what_differs(answer) for answer in again} == {without_what_differs(first)}
    ids = {re.search(rb"x-request-id: ([^\r]*)", answer)[1] for answer in [first, *again]}  # type: ignore[index]
    assert len(ids) == (1 if "X-Request-ID: mine" in lines else 6)


def test_ids_of_requests_and_traces_may_differ_each_time(wire: Wire) -> None:
    with wire.connect() as talk:
        for line in (
            "traceparent: 00-{}-01",
            "Sentry-Trace: {}",
            "x-datadog-trace-id:{}",
            "X-Request-ID: {}",
            "b3: {}\r\ntracestate: a={}",
        ):
            warm_up(wire, talk, wire.head(line.format("first", "first")))
            asked = len(wire.application.paths)
            answers = [talk.ask(wire.head(line.format(f"later-{number}", number))) for number in range(5)]
            assert len(wire.application.paths) == asked
            ids = [re.search(rb"x-request-id: ([^\r]*)", answer)[1] for answer in answers]  # type: ignore[index]
            assert len(set(ids)) == 5
            assert (ids == [b"later-%d" % number for number in range(5)]) == line.startswith("X-Request-ID")


@pytest.mark.parametrize(
    "lines",
    [
        ["X-Request-ID: two words"],
        ["X-Request-ID: two words", "X-Request-ID: sane"],
        ["X-Request-ID: first", "X-Request-ID: second"],
        ["X-Request-ID: r\u00e9"],
        ["X-Request-ID:   spaced  "],
        ["X-Request-ID:"],
        ["X-Request-ID : before-the-colon"],
        ["X-Request-ID: folded", " on"],
        ["traceparent: folded", " on"],
        ["traceparent: a\nX-Request-ID: b"],
        ["X-traceparent: a"],
    ],
)
def test_odd_ids_are_read_as_by_the_application(wire: Wire, lines: list[str]) -> None:
    request = wire.head(*lines)
    with wire.connect() as talk:
        warm_up(wire, talk, wire.head())
        known = _named(talk.ask(request))
    for _ in range(3):
        with wire.connect() as talk:
            assert _named(talk.ask(request)) == known


def _named(answer: bytes) -> tuple[bytes, bytes | None]:
    """The status, and the request's id if the caller gave it; those of the server end in a long count."""
    found = re.search(rb"x-request-id: ([^\r]*)", answer)
    return answer[9:12], None if found is None or re.fullmatch(rb"[0-9a-f]{32}", found[1]) else found[1]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda tx, wire: prompts.publish_version(tx, wire.registry.actor, name="greeting", base_version=1, prompt="New"), b"New"),
        (lambda tx, wire: prompts.archive_prompt(tx, wire.registry.actor, name="greeting"), b"404 Not Found"),
        (lambda tx, wire: keys.revoke_key(tx, wire.key_id), b"401 Unauthorized"),
    ],
)
def test_a_change_is_seen_by_the_next_request(wire: Wire, change: Callable[..., object], expected: bytes) -> None:
    with wire.connect() as talk, wire.connect() as other:
        warm_up(wire, talk, wire.head())
        warm_up(wire, other, wire.head())
        with wire.registry.database.write() as tx:
            change(tx, wire)
        assert expected in talk.ask(wire.head())
        assert expected in other.ask(wire.head())


def test_a_moved_label_is_seen_by_the_next_request(wire: Wire) -> None:
    with wire.registry.database.write() as tx:
        prompts.publish_version(tx, wire.registry.actor, name="greeting", base_version=1, prompt="second")
    request = wire.head(name="greeting/?label=production")
    with wire.connect() as talk:
        for version, expected in [(1, b"Hello!"), (2, b"second"), (1, b"Hello!")]:
            with wire.registry.database.write() as tx:
                labels.move_label(tx, wire.registry.actor, name="greeting", label="production", version=version)
            assert expected in talk.ask(request)
            assert expected in warm_up(wire, talk, request)


def test_requests_in_pieces_and_several_at_once_are_answered_in_their_order(wire: Wire) -> None:
    known, unknown = wire.head(), wire.head(name="unknown/")
    with wire.connect() as talk:
        warm_up(wire, talk, known)
        for piece in (known[:10], known[10:-1], known[-1:]):
            talk.socket.sendall(piece)
        assert talk.read().startswith(b"HTTP/1.1 200 OK")
        talk.socket.sendall(known + unknown + known + known[:20])
        assert [talk.read()[9:12] for _ in range(3)] == [b"200", b"404", b"200"]
        talk.socket.sendall(known[20:])
        assert talk.read().startswith(b"HTTP/1.1 200 OK")
        for _ in range(20):
            # As fast as they can be written: behind the first, others come while it waits for its turn.
            talk.socket.sendall(known)
            talk.socket.sendall(unknown)
        assert [talk.read()[9:12] for _ in range(40)] == [b"200", b"404"] * 20


def test_who_wants_the_connection_to_end_gets_that(wire: Wire) -> None:
    for request in (wire.head("Connection: close"), wire.head(version="1.0")):
        for _ in range(4):
            with wire.connect() as talk:
                assert talk.ask(request).startswith(b"HTTP/1.1 200 OK")
                assert talk.is_closed()


def test_head_is_answered_without_a_body(wire: Wire) -> None:
    with wire.connect() as talk:
        warm_up(wire, talk, wire.head())
        answers = [talk.ask(wire.head(method="HEAD")) for _ in range(4)]
        assert all(answer.endswith(b"\r\n\r\n") for answer in answers)
        assert talk.ask(wire.head()).endswith(b"}")


def test_the_same_bytes_from_another_project_or_key_mean_something_else(wire: Wire) -> None:
    with wire.registry.database.write() as tx:
        other = make_key(tx, wire.registry.user)
    with wire.connect() as talk:
        request = wire.head()
        warm_up(wire, talk, request)
        assert talk.ask(request.replace(wire.key.encode(), b"phx_wrong")).startswith(b"HTTP/1.1 401")
        assert talk.ask(request.replace(wire.key.encode(), other.value.encode())).startswith(b"HTTP/1.1 200")


def test_a_limit_of_reads_counts_requests_that_were_seen_before(registry: Registry) -> None:
    with wire_of(registry, rate_limit_reads="12/hour") as wire, wire.connect() as talk:
        statuses = [talk.ask(wire.head())[9:12] for _ in range(14)]
    assert statuses == [b"200"] * 12 + [b"429"] * 2


def test_requests_that_were_seen_before_are_logged_and_counted(registry: Registry, capfd: pytest.CaptureFixture[str]) -> None:
    with wire_of(registry, log_format="json", trust_forwarded=True) as wire, wire.connect() as talk:
        for client in ("198.51.100.1", "198.51.100.2"):
            for _ in range(5):
                talk.ask(wire.head(f"X-Forwarded-For: {client}"))
        metrics = talk.ask(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n").decode()
    lines = [line for line in capfd.readouterr().err.splitlines() if '"/api/projects/' in line]
    assert [re.search('"client": "([^"]*)"', line)[1] for line in lines] == ["198.51.100.1"] * 5 + ["198.51.100.2"] * 5  # type: ignore[index]
    assert sum(float(number) for number in re.findall(r"promptuary_cache_fetches_total\{.*?\} (.*)", metrics)) == 10
    assert sum(float(number) for number in re.findall(r"promptuary_requests_total\{.*\} (.*)", metrics)) == 10


def test_a_head_without_an_end_is_refused(wire: Wire) -> None:
    with wire.connect() as talk:
        talk.socket.sendall(b"GET / HTTP/1.1\r\nX-Long: ")
        for _ in range(80):
            talk.socket.sendall(b"a" * 1_000)
        assert talk.read().startswith(b"HTTP/1.1 431 ")
        assert talk.is_closed()


def test_who_goes_on_sending_a_head_that_is_refused_is_told_so_nevertheless(wire: Wire) -> None:
    with wire.connect() as talk:
        talk.socket.sendall(b"GET / HTTP/1.1\r\nX-Long: " + b"a" * 70_000)
        # The refusal is there, and has not been read.
        assert talk.socket.recv(1, socket.MSG_PEEK) == b"H"
        for _ in range(20):
            talk.socket.sendall(b"a" * 10_000)
        assert talk.read().startswith(b"HTTP/1.1 431 ")
        assert talk.is_closed()


def test_who_never_stops_sending_a_head_that_is_refused_is_left(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "LINGER_SECONDS", 0.2)
    with wire.connect() as talk:
        talk.socket.sendall(b"GET / HTTP/1.1\r\nX-Long: " + b"a" * 70_000)
        assert talk.read().startswith(b"HTTP/1.1 431 ")

        def is_left() -> bool:
            try:
                talk.socket.sendall(b"a" * 1_000)
            except ConnectionError:
                return True
            return False

        wait_until(is_left)


@pytest.mark.parametrize("rest", [b"", b"GET / HT", b"\r\n", b"GET / HTTP/1.1\r\nHost: localhost\r\n"])
def test_a_connection_that_says_nothing_more_is_closed(wire: Wire, monkeypatch: pytest.MonkeyPatch, rest: bytes) -> None:
    monkeypatch.setattr(connection, "KEEP_SECONDS", 0.2)
    monkeypatch.setattr(connection, "HEAD_SECONDS", 0.2)
    with wire.connect() as talk:
        if rest:
            talk.socket.sendall(rest)
        assert talk.is_closed()


def test_refusals_of_the_parser_have_the_form_of_all_others_and_are_logged(
    registry: Registry, capfd: pytest.CaptureFixture[str]
) -> None:
    with wire_of(registry, log_format="json") as wire:
        for sent, status in [(b"nonsense\r\n\r\n", 400), (b"GET / HTTP/1.1\r\nX-Long: " + b"a" * 70_000, 431)]:
            with wire.connect() as talk:
                talk.socket.sendall(sent)
                head, _, body = talk.read().partition(b"\r\n\r\n")
            request_id = re.search(rb"x-request-id: ([^\r]*)", head)[1].decode()  # type: ignore[index]
            assert int(head[9:12]) == status
            assert json.loads(body).keys() == {"type", "code", "detail", "attr"}
            wait_until(lambda wanted=(request_id, status): _is_logged(capfd.readouterr().err, *wanted))  # type: ignore[misc]


def _is_logged(output: str, request_id: str, status: int) -> bool:
    return any(request_id in line and f'"status": {status}' in line for line in output.splitlines())


def test_headers_behind_a_body_say_nothing(wire: Wire) -> None:
    path = f"/api/projects/{wire.registry.project.id}/llm_prompts/"
    head = f"POST {path} HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
    with wire.connect() as talk:
        answer = talk.ask(f"{head}2\r\n{{}}\r\n0\r\nAuthorization: Bearer {wire.key}\r\n\r\n".encode())
        assert answer.startswith(b"HTTP/1.1 401 ")


def test_headers_behind_a_body_without_an_end_end_the_connection(wire: Wire) -> None:
    head = wire.head("Transfer-Encoding: chunked", method="PATCH")
    with wire.connect() as talk:
        talk.socket.sendall(head + b"0\r\n")
        with pytest.raises(OSError, match=r"reset|pipe"):
            talk.socket.sendall(b"X-Unknown: 0123456789\r\n" * 1_000_000)
    with wire.connect() as talk:
        assert talk.ask(wire.head()).startswith(b"HTTP/1.1 200 ")


def test_keys_and_links_in_wrong_paths_are_not_logged(registry: Registry, capfd: pytest.CaptureFixture[str]) -> None:
    link = "Ab3_" * 10 + "xyz"
    paths = [
        "/phx_secret",
        "/a/phx_secret/b",
        f"/Welcome/{link}",
        f"//welcome/{link}",
        f"/x/{link}",
        "/api/projects/1/llm_prompts/name/phx_secret/",
        "/%70hx_secret",
        "/%2570hx_secret",
        f"/x%2525252Fwelcome/{link}",
        f"/{link}.",
        f"/next={link}&x",
    ]
    with wire_of(registry, log_format="json") as wire, wire.connect() as talk:
        for path in paths:
            talk.ask(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode())
        output = ""

        def are_logged() -> bool:
            nonlocal output
            output += capfd.readouterr().err
            return output.count('"event": "request"') == len(paths)

        wait_until(are_logged)
    assert "secret" not in output
    assert link not in output


def test_answers_to_programs_are_taken_for_what_they_say_they_are(wire: Wire) -> None:
    with wire.connect() as talk:
        for request in (wire.head(), wire.head(), wire.head(), wire.head(name="unknown/"), b"GET /mcp HTTP/1.1\r\nHost: a\r\n\r\n"):
            assert talk.ask(request).count(b"x-content-type-options: nosniff\r\n") == 1
