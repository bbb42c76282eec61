"""What programs say of connections: headers of their own, an authority of their own, an HTTP client of their own."""

import datetime as dt
import functools
import ipaddress
import ssl
import threading
from collections.abc import Iterator
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import httpx2
import pytest
from client_service import EitherMaker
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from promptuary_client import AsyncPromptuary, ConfigurationError, Promptuary, UnreachableError

PROMPT = b'{"name": "greeting", "prompt": "Hello!", "version": 1, "label": null, "config": null}'
EVENTS = b'id: 6\nevent: ready\ndata: {}\n\nid: 7\nevent: change\ndata: {"kind": "prompt.created", "prompt_name": "x"}\n\n'


class Handler(BaseHTTPRequestHandler):
    """Answers every request with one prompt or a short stream of changes, and keeps its path and headers."""

    seen: ClassVar[list[Message]] = []
    paths: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        self.seen.append(self.headers)
        self.paths.append(self.path)
        body = EVENTS if "/changes/" in self.path else PROMPT
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream" if body is EVENTS else "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002 - its name in the standard library.
        """Print nothing."""


def make_certificate(folder: Path) -> tuple[Path, Path]:
    """Write a certificate of 127.0.0.1 that nobody but itself vouches for, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = dt.datetime.now(dt.UTC)
    alternatives = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    builder = builder.serial_number(1).not_valid_before(now - dt.timedelta(1)).not_valid_after(now + dt.timedelta(1))
    builder = builder.add_extension(alternatives, critical=False).add_extension(
        x509.BasicConstraints(ca=True, path_length=0), critical=True
    )
    certificate, secret = folder / "authority.pem", folder / "key.pem"
    certificate.write_bytes(builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM))
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    secret.write_bytes(key.private_bytes(*form))
    return certificate, secret


@pytest.fixture
def authority(tmp_path: Path) -> Path:
    return make_certificate(tmp_path)[0]


@pytest.fixture(autouse=True)
def _nothing_seen() -> None:
    Handler.seen.clear()
    Handler.paths.clear()


@pytest.fixture
def https(tmp_path: Path, authority: Path) -> Iterator[str]:
    """A server with https and that certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(authority, tmp_path / "key.pem")
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"https://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_a_server_of_an_own_authority_is_believed_if_the_client_is_given_its_certificate(
    make_either: EitherMaker, https: str, authority: Path
) -> None:
    with pytest.raises(UnreachableError, match=r"(?i)certificate"):
        make_either(https).get("greeting")
    context = ssl.create_default_context(cafile=authority)
    for verify in (str(authority), authority, context, False):
        assert make_either(https, verify=verify, cache_dir=False).get("greeting").text == "Hello!"


def test_an_own_authority_and_headers_are_for_streams_too(make_either: EitherMaker, https: str, authority: Path) -> None:
    client = make_either(https, verify=authority, headers={"X-Tenant": "seven"}, live=True, cache_dir=False)
    client.get("greeting")
    client.until(lambda: any("/changes/" in path for path in Handler.paths))
    change = client.follow()()
    assert change is not None
    assert (change.kind, change.name) == ("prompt.created", "x")
    assert {head["x-tenant"] for head in Handler.seen} == {"seven"}


def test_the_authority_of_the_environment_is_believed_and_a_missing_one_is_named(
    make_either: EitherMaker, https: str, authority: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(authority))
    assert make_either(https, cache_dir=False).get("greeting").text == "Hello!"
    monkeypatch.setenv("SSL_CERT_FILE", "/nowhere/authority.pem")
    with pytest.raises(UnreachableError, match=r"certificates of SSL_CERT_FILE, /nowhere/authority\.pem, cannot be loaded"):
        make_either(https, cache_dir=False).get("greeting")


def test_the_proxy_of_the_environment_is_used(make_either: EitherMaker, http: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("no_proxy", "NO_PROXY", "http_proxy", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HTTP_PROXY", http)
    assert make_either("http://prompts.invalid", cache_dir=False).get("greeting").text == "Hello!"
    assert Handler.paths[0].startswith("http://prompts.invalid/api/")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    assert make_either(http, cache_dir=False).get("greeting").text == "Hello!"
    assert Handler.paths[1].startswith("/api/")


@pytest.mark.parametrize("verify", ["", "/nowhere/ca.pem", "a\0b"])
def test_an_authority_that_cannot_be_read_is_refused_when_the_client_is_made(make_either: EitherMaker, verify: str) -> None:
    with pytest.raises(ConfigurationError, match="cannot be read"):
        make_either(verify=verify)


@pytest.fixture
def http() -> Iterator[str]:
    """A server that keeps the headers that it gets."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_headers_of_the_program_go_with_every_request(make_either: EitherMaker, http: str) -> None:
    client = make_either(http, headers={"X-Tenant": "seven", "user-agent": "support-bot"}, cache_dir=False)
    client.get("greeting")
    client.get("greeting", version=1)
    assert [(head["x-tenant"], head.get_all("user-agent")) for head in Handler.seen] == [("seven", ["support-bot"])] * 2
    assert all(head["authorization"].startswith("Bearer phx_") for head in Handler.seen)


@pytest.mark.parametrize(
    ("headers", "message"),
    [
        ({"Authorization": "Bearer other"}, "sends the header Authorization itself"),
        ({"ACCEPT": "text/html"}, "sends the header ACCEPT itself"),
        ({"X-A": "secret\r\nX-B: 1"}, "value of the header X-A"),
        ({"X A": "secret"}, "that no header can have"),
        ({"X-A": 5}, "that no header can have"),
    ],
)
def test_headers_that_cannot_be_are_refused_without_their_values(
    make_either: EitherMaker, headers: dict[str, Any], message: str
) -> None:
    with pytest.raises(ConfigurationError, match=message) as caught:
        make_either(headers=headers)
    assert "secret" not in str(caught.value)


def test_a_program_makes_the_http_client_itself(make_either: EitherMaker, http: str) -> None:
    made: list[str] = []

    def make(kind: Any, **options: Any) -> Any:
        made.append(options["base_url"])
        return kind(**options, cookies={"session": "mine"})

    is_sync = isinstance(make_either().client, Promptuary)
    factory = functools.partial(make, httpx2.Client if is_sync else httpx2.AsyncClient)
    assert make_either(http, http_client_factory=factory, cache_dir=False).get("greeting").source == "server"
    assert [head["cookie"] for head in Handler.seen] == ["session=mine"]
    live = make_either(http_client_factory=factory, live=True)
    live.get("greeting")
    live.until(lambda: live.client.is_live)
    assert len(made) == 3


def test_certificates_are_loaded_once_for_all_connections(make_either: EitherMaker) -> None:
    given: list[ssl.SSLContext] = []

    def make(kind: Any, **options: Any) -> Any:
        given.append(options["verify"])
        return kind(**options)

    is_sync = isinstance(make_either().client, Promptuary)
    client = make_either(live=True, http_client_factory=functools.partial(make, httpx2.Client if is_sync else httpx2.AsyncClient))
    client.get("greeting")
    client.until(lambda: client.client.is_live)
    assert isinstance(given[0], ssl.SSLContext)
    assert given == given[:1] * 2


@pytest.mark.parametrize("client", [Promptuary, AsyncPromptuary])
def test_an_http_client_of_another_kind_is_refused_when_the_client_is_made(client: Any) -> None:
    with pytest.raises(ConfigurationError, match="must return an httpx2"):
        client("http://127.0.0.1:1", api_key="phx_a", http_client_factory=lambda **_options: object())


def test_an_http_client_that_cannot_be_made_takes_no_program_down(make_either: EitherMaker) -> None:
    def fail(**_options: Any) -> Any:
        raise KeyError("missing")

    assert make_either(http_client_factory=fail).get("greeting", fallback="Hello!").source == "fallback"
    with pytest.raises(UnreachableError, match="`http_client_factory` failed"):
        make_either(http_client_factory=fail).get("greeting")
