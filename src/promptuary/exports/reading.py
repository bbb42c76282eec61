"""Reading a file of an export: all of it is checked before any of it is used."""

import gzip
import hashlib
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, cast

from promptuary.model.errors import InvalidExport, InvalidLine
from promptuary.model.transfer import FORMAT, FORMAT_VERSION, LabelLine, Line, PromptLine, VersionLine, line_of, read_object
from promptuary.model.transfer_order import Order

MAX_LINE_BYTES = 6_000_000
"""More than a prompt and a config of the greatest size have."""


@dataclass(frozen=True, slots=True)
class Contents:
    """Counts of the contents of an export."""

    prompts: int
    versions: int
    labels: int


def check_export(path: Path, advance: Callable[[int], object] = lambda _lines: None) -> Contents:
    """Read a whole file and return its contents; ``advance`` is called for every line. Raises `InvalidExport` for a bad one."""
    digest = hashlib.sha256()
    counts = dict.fromkeys((PromptLine, VersionLine, LabelLine), 0)
    trailer: dict[str, object] | None = None
    read = 0
    try:
        for line in _checked_lines(path, digest):
            read += 1
            advance(1)
            if isinstance(line, dict):
                trailer = line
            elif line is not None:
                counts[type(line)] += 1
    except InvalidLine as error:
        raise InvalidExport(path, str(error)) from None
    contents = Contents(*counts.values())
    _require_trailer(path, trailer, read, contents, digest.hexdigest())
    return contents


def read_lines(path: Path) -> Iterator[bytes]:
    """Read the lines of prompts, versions and labels of a file that was checked."""
    pending: bytes | None = None
    for number, line in enumerate(_raw_lines(path)):
        if pending is not None:
            yield pending
        pending = line if number else None


def trailer_of(contents: Contents, digest: str) -> dict[str, object]:
    """Return what the last line of a file says: how much there is, and the SHA-256 of all lines before."""
    return {
        "type": "trailer",
        "prompts": contents.prompts,
        "versions": contents.versions,
        "labels": contents.labels,
        "sha256": digest,
    }


def _checked_lines(path: Path, digest: "hashlib._Hash") -> Iterator[Line | dict[str, object] | None]:
    """Yield what the lines stand for: nothing for the header, an object for the trailer."""
    order = Order(is_whole=True)
    is_over = False
    for number, raw in enumerate(_raw_lines(path), start=1):
        if is_over:
            raise InvalidLine(number, "something follows the trailer")
        fields = read_object(raw, number)
        if fields.get("type") == "trailer":
            is_over = True
            order.finish(number)
            yield fields
            continue
        digest.update(raw + b"\n")
        if number == 1:
            _require_header(fields)
            yield None
            continue
        line = line_of(fields, number)
        order.take(line, number)
        yield line


def _raw_lines(path: Path) -> Iterator[bytes]:
    try:
        # Both are buffered readers of bytes.
        with cast("BinaryIO", gzip.open(path) if path.suffix == ".gz" else path.open("rb")) as file:
            number = 0
            while line := file.readline(MAX_LINE_BYTES + 1):
                number += 1
                if len(line) > MAX_LINE_BYTES:
                    raise InvalidLine(number, f"it is longer than {MAX_LINE_BYTES} bytes")
                if not line.endswith(b"\n"):
                    raise InvalidLine(number, "it has no end; the file is truncated")
                yield line[:-1]
    except (EOFError, gzip.BadGzipFile, zlib.error):
        raise InvalidExport(path, "It is not a gzip file, or it is damaged or truncated.") from None
    except OSError as error:
        raise InvalidExport(path, f"It cannot be read: {error.strerror}.") from None


def _require_header(fields: dict[str, object]) -> None:
    if fields.get("type") != "header" or fields.get("format") != FORMAT:
        raise InvalidLine(1, "it is not the header of an export of Promptuary")
    version = fields.get("format_version")
    if version != FORMAT_VERSION:
        raise InvalidLine(1, f"format version {version} is not read by this Promptuary, only {FORMAT_VERSION}")


def _require_trailer(path: Path, trailer: dict[str, object] | None, number: int, contents: Contents, digest: str) -> None:
    if number == 0:
        raise InvalidExport(path, "It is empty.")
    if trailer is None:
        raise InvalidExport(path, f"It ends after line {number} without a trailer; it is truncated.")
    expected = trailer_of(contents, digest)
    for field, value in expected.items():
        if trailer.get(field) != value:
            raise InvalidExport(path, f"Line {number}: {field} is not that of the lines before; the file was changed or damaged.")
