"""Reading the body of an answer within limits of bytes and of time, compressed or not."""

import time
import zlib
from collections.abc import Iterator

import httpx2

from promptuary.model.json_text import MAX_DEPTH, InvalidJson, find_surrogate, parse
from promptuary.remote.errors import RemoteError

ACCEPTED = "gzip"
"""The content coding that is asked for; another one cannot be read within limits."""

MAX_BYTES = 64_000_000
"""Maximum bytes of one answer, after it is unpacked: several prompts of the maximum size, and any batch of an export."""

MAX_SECONDS = 300.0
"""Maximum time from the first byte of an answer to its last."""

_GZIP = 31
_CODINGS = ("", "identity", "gzip")
# An answer wraps a config, which may itself be as deep as JSON may be.
_WRAPPED = 10


class TooLarge(RemoteError):
    """An answer is larger than is read; fewer things at a time may fit."""


def read_within_limits(answer: httpx2.Response, host: str) -> bytes:
    """Read the body of an answer that was opened as a stream. Raises `RemoteError`, `TooLarge`."""
    ends_at = time.monotonic() + MAX_SECONDS
    coding = answer.headers.get("Content-Encoding", "").strip().lower()
    if coding not in _CODINGS:
        raise RemoteError(f"{host} answered with the content coding '{coding[:40]}', which was not asked for.")
    parts: list[bytes] = []
    size = 0
    for part in _unpacked(answer.iter_raw(), host) if coding == "gzip" else answer.iter_raw():
        size += len(part)
        if size > MAX_BYTES:
            raise TooLarge(f"{host} answered with more than {MAX_BYTES:,} bytes at once.")
        if time.monotonic() > ends_at:
            raise RemoteError(f"{host} took longer than {MAX_SECONDS:.0f} seconds for one answer.")
        parts.append(part)
    return b"".join(parts)


def json_of(body: bytes) -> object:
    """Return the value of an answer in JSON. Raises `InvalidJson` for anything that Promptuary would not accept itself."""
    try:
        text = body.decode()
    except UnicodeDecodeError:
        message = "It is not UTF-8 text"
        raise InvalidJson(message) from None
    value = parse(text, max_depth=MAX_DEPTH + _WRAPPED)
    if rb"\u" in body and find_surrogate(value) is not None:
        message = "It holds half of a surrogate pair"
        raise InvalidJson(message)
    return value


def json_or_none(body: bytes) -> object:
    """Return the value of an answer in JSON, `None` for anything else."""
    try:
        return json_of(body)
    except InvalidJson:
        return None


def _unpacked(parts: Iterator[bytes], host: str) -> Iterator[bytes]:
    """Unpack gzip piece by piece, so that a small part of a body never becomes a large one at once."""
    inflating = zlib.decompressobj(_GZIP)
    for part in parts:
        packed = part
        while packed:
            try:
                yield inflating.decompress(packed, 1_000_000)
            except zlib.error:
                raise RemoteError(f"{host} answered with a body that is damaged gzip.") from None
            packed = inflating.unconsumed_tail
    if not inflating.eof:
        raise RemoteError(f"{host} answered with a body of gzip that has no end.")
