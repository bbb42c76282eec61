"""Attacks on a server, each run in a process of its own: what strangers, and people who may only read, can send it."""

import asyncio
import secrets
import time
from collections.abc import Awaitable, Callable, Mapping

BODY_BYTES = 8 * 1024 * 1024
SIGN_INS = 200
BODIES = 60
DEEP_BODIES = 8
VIEWERS = 2

_PATH = "/api/projects/1/llm_prompts/"
_COMPARE = "/projects/1/prompts/large/compare/?from=1&to=2"

Attack = Callable[[int, float, str], None]
"""Attacks the server at a port for so many seconds. The text is the cookie of a viewer."""


def sign_in(port: int, seconds: float, _cookie: str) -> None:
    """Send wrong passwords for accounts that do not exist, each connection from another address."""

    async def attempt(number: int) -> None:
        address = f"127.0.{1 + number // 200}.{1 + number % 200}"
        reader, writer = await asyncio.open_connection("127.0.0.1", port, local_addr=(address, 0))
        try:
            while True:
                form = f"email={secrets.token_hex(8)}%40example.com&password={secrets.token_hex(8)}".encode()
                writer.write(_head(port, "POST", "/sign-in", len(form), "application/x-www-form-urlencoded") + form)
                await _read_answer(reader)
        finally:
            writer.close()

    asyncio.run(_attack(attempt, SIGN_INS, seconds))


def stall(port: int, seconds: float, _cookie: str) -> None:
    """Send large bodies without their last byte, and send nothing more."""

    async def attempt(_number: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            writer.write(_head(port, "POST", _PATH, BODY_BYTES) + b" " * (BODY_BYTES - 1))
            await reader.read()
        finally:
            writer.close()

    asyncio.run(_attack(attempt, BODIES, seconds))


def nest(port: int, seconds: float, _cookie: str) -> None:
    """Send bodies of empty lists, which take long to parse."""
    body = b"[" + b"[]," * (BODY_BYTES // 3 - 1) + b"0]"

    async def attempt(_number: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            while True:
                writer.write(_head(port, "POST", _PATH, len(body)) + body)
                await _read_answer(reader)
        finally:
            writer.close()

    asyncio.run(_attack(attempt, DEEP_BODIES, seconds))


def compare(port: int, seconds: float, cookie: str) -> None:
    """Compare two large versions again and again, as a viewer."""

    async def attempt(_number: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            while True:
                writer.write(_head(port, "GET", _COMPARE, 0, cookie=cookie))
                await _read_answer(reader)
        finally:
            writer.close()

    asyncio.run(_attack(attempt, VIEWERS, seconds))


ATTACKS: Mapping[str, Attack] = {
    f"{SIGN_INS} sign-ins": sign_in,
    f"{BODIES} stalled bodies": stall,
    f"{DEEP_BODIES} deep bodies": nest,
    f"{VIEWERS} comparisons": compare,
}


async def _attack(attempt: Callable[[int], Awaitable[None]], count: int, seconds: float) -> None:
    """Make so many attempts at once, and each again when its connection ends."""
    ends_at = time.monotonic() + seconds

    async def go_on(number: int) -> None:
        while time.monotonic() < ends_at:
            try:
                await attempt(number)
            except (OSError, asyncio.IncompleteReadError):
                await asyncio.sleep(0.1)

    tasks = [asyncio.create_task(go_on(number)) for number in range(count)]
    await asyncio.wait(tasks, timeout=seconds)
    for task in tasks:
        task.cancel()


def _head(port: int, method: str, path: str, length: int, content_type: str = "application/json", *, cookie: str = "") -> bytes:
    lines = [f"{method} {path} HTTP/1.1", f"Host: 127.0.0.1:{port}"]
    lines += [f"Content-Length: {length}", f"Content-Type: {content_type}"] if length else []
    lines += [f"Cookie: {cookie}"] if cookie else []
    return "\r\n".join([*lines, "", ""]).encode()


async def _read_answer(reader: asyncio.StreamReader) -> None:
    head = await reader.readuntil(b"\r\n\r\n")
    lengths = [int(line.partition(b":")[2]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
    await reader.readexactly(lengths[0] if lengths else 0)
