"""Requests that are no HTTP or have no host, byte by byte: they are refused, and the server goes on."""

from collections.abc import Iterator

import pytest
from builders import Registry
from talking import Wire, wire_of


@pytest.fixture(scope="module")
def wire(shared_registry: Registry) -> Iterator[Wire]:
    """One server for all tests: to stop one takes it many times as long as to answer them."""
    with wire_of(shared_registry) as wire:
        yield wire


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"nonsense\r\n\r\n",
        b"GET /a b HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nno colon\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00",
        b"GET /\xff HTTP/1.1\r\n\r\n",
    ],
)
def test_what_is_no_http_is_refused_and_the_server_goes_on(wire: Wire, request_bytes: bytes) -> None:
    with wire.connect() as talk:
        assert talk.ask(request_bytes).startswith(b"HTTP/1.1 4")
    with wire.connect() as talk:
        assert talk.ask(wire.head()).startswith(b"HTTP/1.1 200 OK")


def test_who_sends_other_characters_than_ascii_in_a_query_learns_to_encode_them(wire: Wire) -> None:
    with wire.connect() as talk:
        answer = talk.ask("GET /api/projects/1/llm_prompts/?search=K\u00f6ln HTTP/1.1\r\nHost: a\r\n\r\n".encode())
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"encode all but ASCII in the query: ?search=K%C3%B6ln." in answer


@pytest.mark.parametrize(
    "lines",
    [
        [],
        ["Host: a", "Host: b"],
        ["Host: a", "host: a"],
        ["Host: a b"],
        ["Host: user@a"],
        ["Host: a/b"],
        ["Host: http://a"],
        ["Host: a?b"],
        ['Host: a"><script>'],
        ["Host: a:80:80"],
        ["Host: [::1"],
        ["Host: \N{LATIN SMALL LETTER E WITH ACUTE}"],
    ],
)
@pytest.mark.parametrize("path", ["/_readyz", "/sign-in", "/api/projects/1/llm_prompts/", "/mcp"])
def test_a_request_without_one_host_is_refused(wire: Wire, lines: list[str], path: str) -> None:
    with wire.connect() as talk:
        answer = talk.ask("\r\n".join([f"GET {path} HTTP/1.1", *lines, "", ""]).encode())
        assert answer.startswith(b"HTTP/1.1 400 ")
        assert b'"code":"bad_request"' in answer
        assert talk.is_closed()


@pytest.mark.parametrize("host", ["", "a", "A.example.:443", "my_server:8000", "127.0.0.1", "[::1]:80", "xn--bcher-kva.example"])
def test_every_host_that_there_can_be_is_served(wire: Wire, host: str) -> None:
    with wire.connect() as talk:
        assert talk.ask(f"GET /_livez HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()).startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize(
    "request_bytes", [b"nonsense\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n", b"GET / HTTP/1.1\r\nX: " + b"a" * 70_000]
)
def test_refusals_of_what_is_no_http_are_taken_for_what_they_say_they_are(wire: Wire, request_bytes: bytes) -> None:
    with wire.connect() as talk:
        assert talk.ask(request_bytes).count(b"x-content-type-options: nosniff\r\n") == 1
