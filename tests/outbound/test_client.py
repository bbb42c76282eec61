"""Outgoing requests, to real servers on this machine whose names only the resolver of the tests knows."""

import asyncio
import logging
import ssl
import traceback
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from promptuary.outbound import (
    AddressForbidden,
    Answer,
    AnswerTooLarge,
    AnswerTooSlow,
    HostUnreachable,
    OutboundClient,
    OutboundError,
    OutboundLimits,
)

LOOPBACK = ip_network("127.0.0.0/8")
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Type: text/plain\r\n\r\nhello"
SECRET = "the-secret"

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Coroutine[Any, Any, None]]
limited = partial(OutboundLimits, allowed_networks=(LOOPBACK,))


class Names:
    """A resolver that gives each answer once, and the last one for ever."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self.answers = list(answers)
        self.asked: list[str] = []

    async def __call__(self, host: str, _port: int) -> Sequence[str]:
        self.asked.append(host)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


class Target:
    """A server on loopback that records what it is sent, and sends an answer."""

    def __init__(self, answer: bytes = OK, *, is_endless: bool = False, tls: ssl.SSLContext | None = None) -> None:
        self.heads: list[bytes] = []
        self.bodies: list[bytes] = []
        self.connections = 0
        self.port = 0
        self._answer = answer
        self._is_endless = is_endless
        self._tls = tls

    @asynccontextmanager
    async def running(self, host: str = "127.0.0.1") -> AsyncIterator["Target"]:
        server = await asyncio.start_server(self._serve, host, 0, ssl=self._tls)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        head = await reader.readuntil(b"\r\n\r\n")
        self.heads.append(head)
        length = next((int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), 0)
        self.bodies.append(await reader.readexactly(length))
        writer.write(self._answer)
        if self._is_endless:
            await reader.read()
        writer.close()


def run(work: Coroutine[Any, Any, Any]) -> Any:
    return asyncio.run(asyncio.wait_for(work, 30))


async def ask(target: Target, names: Names, limits: OutboundLimits | None = None, **options: Any) -> Answer:
    tls = options.pop("tls", None)
    url = f"{'https' if tls else 'http'}://hooks.example:{target.port}/{SECRET}"
    async with OutboundClient(limits or limited(), resolve=names, tls=tls) as client:
        return await client.send("POST", url, headers={"Authorization": SECRET}, content=b"change", **options)


def refusal(target: Target, names: Names, limits: OutboundLimits | None = None, tls: ssl.SSLContext | None = None) -> OutboundError:
    async def fail() -> OutboundError:
        async with target.running():
            with pytest.raises(OutboundError) as caught:
                await ask(target, names, limits, tls=tls)
        return caught.value

    return run(fail())  # type: ignore[no-any-return]


@pytest.fixture
def tls(tmp_path: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A certificate of ``hooks.example``, as its server and its clients have it."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "hooks.example")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("hooks.example")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = certificate.public_bytes(serialization.Encoding.PEM)
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (tmp_path / "server.pem").write_bytes(pem + private)
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    server.load_cert_chain(tmp_path / "server.pem")
    return server, ssl.create_default_context(cadata=pem.decode())


def test_a_request_is_sent_with_the_host_of_its_url_and_its_answer_returned() -> None:
    async def test() -> tuple[Target, Answer]:
        async with Target().running() as target:
            return target, await ask(target, Names(["127.0.0.1"]))

    target, answer = run(test())
    assert (answer.status, answer.headers["content-type"], answer.body) == (200, "text/plain", b"hello")
    assert target.heads[0].startswith(f"POST /{SECRET} HTTP/1.1\r\nHost: hooks.example:{target.port}\r\n".encode())
    assert target.bodies == [b"change"]


def test_an_answer_can_be_read_while_it_arrives() -> None:
    async def test() -> tuple[int, bytes]:
        async with (
            Target().running() as target,
            OutboundClient(limited(), resolve=Names(["127.0.0.1"])) as client,
            client.stream("GET", f"http://hooks.example:{target.port}/") as answer,
        ):
            return answer.status, b"".join([part async for part in answer.parts])

    assert run(test()) == (200, b"hello")


@pytest.mark.parametrize("addresses", [["127.0.0.1"], ["8.8.8.8", "127.0.0.1"], ["::ffff:127.0.0.1"], ["169.254.169.254"]])
def test_private_addresses_are_refused_before_anything_is_sent(addresses: list[str]) -> None:
    target = Target()
    assert isinstance(refusal(target, Names(addresses), OutboundLimits()), AddressForbidden)
    assert target.connections == 0


def test_literal_addresses_are_checked_like_names() -> None:
    async def test() -> list[bytes]:
        async with Target().running() as target, OutboundClient() as client:
            for host in ("127.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "2130706433", "0x7f.1", "localhost"):
                with pytest.raises(AddressForbidden):
                    await client.send("GET", f"http://{host}:{target.port}/")
        return target.heads

    assert run(test()) == []


def test_a_name_is_resolved_once_and_the_checked_address_is_connected_to() -> None:
    async def test() -> tuple[Target, Names]:
        names = Names(["127.0.0.2"], ["127.0.0.1"])
        async with Target().running("127.0.0.2") as target:
            await ask(target, names, limited(allowed_networks=(ip_network("127.0.0.2/32"),)))
        return target, names

    target, names = run(test())
    assert (target.connections, names.asked) == (1, ["hooks.example"])


def test_the_next_address_is_tried_if_one_does_not_answer() -> None:
    async def test() -> int:
        async with Target().running() as target:
            return (await ask(target, Names(["127.0.0.9", "127.0.0.1"]))).status

    assert run(test()) == 200


def test_certificates_are_checked_by_the_name_in_the_url(tls: tuple[ssl.SSLContext, ssl.SSLContext]) -> None:
    server, client = tls
    named: list[str | None] = []
    server.sni_callback = lambda _socket, name, _context: named.append(name)

    async def test() -> int:
        async with Target(tls=server).running() as target:
            return (await ask(target, Names(["127.0.0.1"]), tls=client)).status

    assert run(test()) == 200
    assert named == ["hooks.example"]


def test_a_certificate_that_is_not_trusted_is_refused(tls: tuple[ssl.SSLContext, ssl.SSLContext]) -> None:
    target = Target(tls=tls[0])
    assert isinstance(refusal(target, Names(["127.0.0.1"]), tls=ssl.create_default_context()), HostUnreachable)
    assert target.heads == []


def test_redirects_are_answers_and_cookies_are_not_kept() -> None:
    moved = b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1/\r\nSet-Cookie: a=b\r\nContent-Length: 0\r\n\r\n"

    async def test() -> tuple[list[int], Target]:
        async with Target(moved).running() as target, OutboundClient(limited(), resolve=Names(["127.0.0.1"])) as client:
            url = f"http://hooks.example:{target.port}/"
            return [(await client.send("GET", url)).status for _ in range(2)], target

    statuses, target = run(test())
    assert (statuses, target.connections) == ([302, 302], 2)
    assert b"cookie" not in b"".join(target.heads).lower()


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (OK.replace(b"Content-Length: 5\r\n", b"") + b"x" * 100_000, AnswerTooLarge),
        (OK.replace(b"Content-Type", b"Content-Encoding: gzip\r\nContent-Type"), OutboundError),
        (OK[:-1], HostUnreachable),
        (b"", HostUnreachable),
        (b"SSH-2.0-server\r\n", HostUnreachable),
    ],
)
def test_answers_that_cannot_be_used_are_errors(answer: bytes, kind: type[OutboundError]) -> None:
    assert type(refusal(Target(answer), Names(["127.0.0.1"]), limited(max_answer_bytes=50_000))) is kind


@pytest.mark.parametrize("limits", [limited(read_seconds=0.1), limited(total_seconds=0.1)])
@pytest.mark.parametrize("answer", [b"", OK[:-1]])
def test_answers_that_do_not_come_in_time_are_errors(answer: bytes, limits: OutboundLimits) -> None:
    assert isinstance(refusal(Target(answer, is_endless=True), Names(["127.0.0.1"]), limits), AnswerTooSlow)


def test_hosts_without_address_or_connection_are_errors() -> None:
    async def unknown(_host: str, _port: int) -> Sequence[str]:
        raise OSError

    async def silent(_host: str, _port: int) -> Sequence[str]:
        await asyncio.Event().wait()
        return []

    async def test() -> None:
        for resolve in (unknown, silent, Names(["127.0.0.1"])):
            async with OutboundClient(limited(connect_seconds=0.1), resolve=resolve) as client:
                with pytest.raises(HostUnreachable):
                    await client.send("GET", "http://hooks.example:1/")

    run(test())


@pytest.mark.parametrize(
    "url", ["", "/path", "ftp://hooks.example/", "file:///etc/passwd", "http://", "http://me:pass@hooks.example/"]
)
def test_other_urls_are_refused(url: str) -> None:
    async def test() -> None:
        async with OutboundClient(limited(), resolve=Names(["127.0.0.1"])) as client:
            with pytest.raises(OutboundError, match="URL"):
                await client.send("GET", url)

    run(test())


def test_proxies_of_the_environment_are_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    test_an_answer_can_be_read_while_it_arrives()


def test_a_proxy_that_is_set_gets_the_request_and_resolves_the_name() -> None:
    async def test() -> Target:
        names = Names(["127.0.0.1"])
        async with Target().running() as proxy:
            limits = OutboundLimits(proxy=f"http://user:{SECRET}@127.0.0.1:{proxy.port}")
            async with OutboundClient(limits, resolve=names) as client:
                await client.send("GET", "http://hooks.example/path")
                with pytest.raises(AddressForbidden):
                    await client.send("GET", "http://169.254.169.254/")
        assert (names.asked, SECRET in repr(limits)) == ([], False)
        return proxy

    proxy = run(test())
    assert [head.split(b"\r\n")[0] for head in proxy.heads] == [b"GET http://hooks.example/path HTTP/1.1"]


def test_errors_and_logs_tell_nothing_of_the_request_but_its_host(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    errors = [
        refusal(Target(), Names(["127.0.0.1"]), OutboundLimits()),
        refusal(Target(b""), Names(["127.0.0.1"])),
        refusal(Target(b"", is_endless=True), Names(["127.0.0.1"]), limited(read_seconds=0.1)),
    ]
    told = caplog.text + "".join("".join(traceback.format_exception(error)) + repr(error) for error in errors)
    assert told.count("hooks.example") >= 3
    assert SECRET not in told
