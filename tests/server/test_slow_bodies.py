"""Bodies that stall, that nobody is known to send, or that all come at once: what they may hold, and for how long."""

import json
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import product
from select import select

import pytest
from builders import Api, Registry, bearer, make_key
from serving import START_SECONDS, wait_until
from talking import Talk, Wire, wire_of
from wire import envelope, wire

from promptuary.api.posthog.bodies import find_key_in_beginning
from promptuary.http import body as request_body

MB = 1_000_000
LIST = "/api/projects/1/llm_prompts/"
TOO_SLOW = envelope("invalid_request", "request_timeout", "The request body arrived too slowly. Send it again.")
STRANGER = envelope("authentication_error", "not_authenticated", "Authentication credentials were not provided.")
JSON = {"Content-Type": "application/json"}


@pytest.fixture
def served(sqlite_registry: Registry) -> Iterator[Wire]:
    with wire_of(sqlite_registry) as served:
        yield served


def head_of(path: str, length: int, *lines: str) -> bytes:
    head = [f"POST {path} HTTP/1.1", "Host: localhost", f"Content-Length: {length}", "Content-Type: application/json", *lines]
    return "\r\n".join([*head, "", ""]).encode()


@contextmanager
def stalled(served: Wire, path: str, sent: int, *lines: str, length: int = 8 * MB) -> Iterator[Talk]:
    with served.connect() as talk:
        talk.socket.sendall(head_of(path, length, *lines) + b" " * sent)
        yield talk


def test_a_body_that_stalls_is_refused_wherever_it_is_sent(served: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(request_body, "WINDOW_SECONDS", 0.1)
    monkeypatch.setattr(request_body, "DRAIN_SECONDS", 0.1)
    monkeypatch.setattr("promptuary.worker.connection.DRAIN_SECONDS", 0.1)
    keys: tuple[list[str], ...] = ([], [f"Authorization: Bearer {served.key}"])
    for path in (LIST, "/sign-in", "/mcp", "/settings/", "/nowhere", "/_readyz"):
        with ExitStack() as stack:
            sent = list(product((0, 1000, 100_000), keys))
            # They stall at the same time.
            talks = [stack.enter_context(stalled(served, path, length, *lines)) for length, lines in sent]
            for talk, (length, lines) in zip(talks, sent, strict=True):
                status = int(talk.read()[9:12])
                assert status in {303, 401, 404, 405, 408, 413}, (path, length, lines)
                assert talk.is_closed()


def test_a_client_is_told_that_its_body_came_too_slowly(served: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(request_body, "WINDOW_SECONDS", 0.1)
    for path, detail in ((LIST, wire(TOO_SLOW)), ("/mcp", wire(TOO_SLOW)[1:-1]), ("/settings/", "in time")):
        with stalled(served, path, 10, f"Authorization: Bearer {served.key}", length=1000) as talk:
            answer = talk.read()
        assert answer.startswith(b"HTTP/1.1 408 ")
        assert detail.encode() in answer
        assert b"connection: close" in answer.lower()


def test_a_body_that_keeps_coming_has_all_the_time_it_needs(served: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(request_body, "WINDOW_BYTES", 10_000)
    body = json.dumps({"name": "large", "prompt": "x" * 900_000}).encode()
    with served.connect() as talk:
        talk.socket.sendall(head_of(LIST, len(body), f"Authorization: Bearer {served.key}"))
        for begin in range(0, len(body), 5_000):
            talk.socket.sendall(body[begin : begin + 5_000])
        assert talk.read().startswith(b"HTTP/1.1 201 ")


def test_bodies_of_strangers_are_held_up_to_a_bound_and_those_who_have_a_key_are_read_nevertheless(
    served: Wire, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(request_body, "ALL_UNKNOWN_BYTES", 2 * request_body.UNKNOWN_BYTES)
    body = json.dumps({"name": "small", "prompt": "x" * 60_000}).encode()
    with ExitStack() as stack:
        for _ in range(2):
            stack.enter_context(stalled(served, LIST, 10, length=request_body.UNKNOWN_BYTES))

        def is_full() -> bool:
            with stalled(served, LIST, 10, length=request_body.UNKNOWN_BYTES) as talk:
                talk.socket.settimeout(0.2)
                try:
                    return talk.read().startswith(b"HTTP/1.1 503 ")
                except TimeoutError:
                    return False

        wait_until(is_full)
        with served.connect() as talk:
            assert talk.ask(head_of(LIST, len(body), f"Authorization: Bearer {served.key}") + body).startswith(b"HTTP/1.1 201 ")
        # A form to sign in is small. It is refused for its origin here, once it was read.
        with served.connect() as talk:
            assert not talk.ask(head_of("/sign-in", 10) + b"email=a%40").startswith(b"HTTP/1.1 503 ")


def test_one_caller_cannot_hold_all_that_bodies_may_take(served: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(request_body, "BYTES_OF_ONE_CALLER", 3 * MB)
    with served.registry.database.write() as tx:
        other = make_key(tx, served.registry.user).value
    with ExitStack() as stack:
        talks = [
            stack.enter_context(stalled(served, LIST, 100_000, f"Authorization: Bearer {served.key}", length=MB)) for _ in range(4)
        ]
        [refused] = _answered(talks, timeout=START_SECONDS)
        assert refused.read().startswith(b"HTTP/1.1 503 ")
        body = json.dumps({"name": "other", "prompt": "x" * 900_000}).encode()
        with served.connect() as talk:
            assert talk.ask(head_of(LIST, len(body), f"Authorization: Bearer {other}") + body).startswith(b"HTTP/1.1 201 ")
        others = [talk for talk in talks if talk is not refused]
        assert not any(talk.read().startswith(b"HTTP/1.1 503 ") for talk in _answered(others, timeout=0))


def _answered(talks: Sequence[Talk], *, timeout: float) -> list[Talk]:
    """Those that have been sent something, as soon as there is one."""
    readable, _, _ = select([talk.socket for talk in talks], [], [], timeout)
    return [talk for talk in talks if talk.socket in readable]


def test_a_large_body_of_a_stranger_is_not_parsed(sqlite_api: Api) -> None:
    invalid = envelope("authentication_error", "authentication_failed", "Personal API key found in request body is invalid.")
    expected = {
        b"[" * 100_000: STRANGER,
        b"[[]," * 500_000: STRANGER,
        b'{"a": "' + b"x" * 100_000 + b'"}': STRANGER,
        b'{"personal_api_key": "phx_wrong", "a": [' + b" " * 100_000: invalid,
    }
    for body, error in expected.items():
        answer = sqlite_api.client_with({}).post(sqlite_api.path, content=body, headers=JSON)
        assert (answer.status_code, answer.text) == (401, wire(error))


@pytest.mark.parametrize("place", ["header", "query", "body", "form"])
def test_a_large_body_is_read_of_who_has_a_key_wherever_it_is_sent(sqlite_api: Api, place: str) -> None:
    key, large = {"personal_api_key": sqlite_api.key.value}, {"name": "large", "prompt": "x" * 900_000}
    client = sqlite_api.client if place == "header" else sqlite_api.client_with({})
    query = key if place == "query" else {}
    if place == "form":
        answer = client.post(sqlite_api.path, data=key | large | {"prompt": json.dumps(large["prompt"])})
    else:
        answer = client.post(sqlite_api.path, params=query, json=(key if place == "body" else {}) | large)
    assert answer.status_code == 201


def test_a_large_body_sent_in_pieces_is_treated_like_any_other(sqlite_api: Api) -> None:
    body = json.dumps({"name": "pieces", "prompt": "x" * 900_000}).encode()

    def pieces() -> Iterator[bytes]:
        for begin in range(0, len(body), 50_000):
            yield body[begin : begin + 50_000]

    assert sqlite_api.client_with(JSON).post(sqlite_api.path, content=pieces()).status_code == 401
    assert sqlite_api.client_with(JSON | bearer(sqlite_api.key)).post(sqlite_api.path, content=pieces()).status_code == 201


def test_a_key_that_only_stands_in_the_beginning_opens_nothing_by_itself(sqlite_api: Api) -> None:
    inner = {"personal_api_key": sqlite_api.key.value}
    answer = sqlite_api.client_with({}).post(sqlite_api.path, json={"prompt": [inner], "name": "x" * 100_000})
    assert (answer.status_code, answer.text) == (401, wire(STRANGER))


@pytest.mark.parametrize(
    ("content_type", "raw", "key"),
    [
        ("application/json; charset=utf-8", b'{"personal_api_key" : "phx_a-b_1", "x', "phx_a-b_1"),
        ("application/json", b'{"prompt": "\\"personal_api_key\\": \\"phx_a\\""', None),
        ("application/json", b'{"personal_api_key": 1}', None),
        ("application/x-www-form-urlencoded", b"name=a&personal_api_key=phx_a&prompt=", "phx_a"),
        ("application/x-www-form-urlencoded", b"name=xpersonal_api_key=phx_a&prompt=", None),
        (
            "multipart/form-data; boundary=b",
            b'--b\r\nContent-Disposition: form-data; name="personal_api_key"\r\n\r\nphx_a\r\n--b',
            "phx_a",
        ),
        ("text/plain", b'{"personal_api_key": "phx_a"}', None),
    ],
)
def test_a_key_is_found_in_the_beginning_of_a_body(content_type: str, raw: bytes, key: str | None) -> None:
    assert find_key_in_beginning(raw, content_type) == key


@pytest.mark.parametrize(
    ("path", "status"), [("/sign-in", 413), ("/welcome/x", 413), ("/settings/", 303), ("/projects/1/new-prompt/", 303)]
)
def test_a_large_form_of_a_stranger_is_not_read(sqlite_api: Api, path: str, status: int) -> None:
    client = sqlite_api.client_with({})
    client.follow_redirects = False
    assert client.post(path, data={"text": "x" * 100_000}).status_code == status


def test_a_client_that_goes_away_during_its_body_is_no_error_of_the_server(
    sqlite_registry: Registry, capfd: pytest.CaptureFixture[str]
) -> None:
    with wire_of(sqlite_registry, log_format="json") as served:
        for path, length in product((LIST, "/sign-in", "/settings/", "/mcp"), (1000, 4 * MB)):
            with stalled(served, path, 100, f"Authorization: Bearer {served.key}", length=length):
                pass
        lines: list[dict[str, object]] = []

        def are_logged() -> bool:
            lines.extend(json.loads(line) for line in capfd.readouterr().err.splitlines())
            return len([line for line in lines if line["event"] == "request"]) == 8

        wait_until(are_logged)
    assert [line["status"] for line in lines if line["event"] == "request"] == [499] * 8
    assert not any(line["level"] == "error" for line in lines)
