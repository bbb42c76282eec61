"""Writing a file of an export, batch by batch, so that an interrupted export continues where it stopped.

The draft is beside the file, named ``.part``; its first line says of which project it is. The file gets its name when it is whole
and checked.
"""

import gzip
import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from promptuary.exports.file_locks import lock
from promptuary.exports.reading import Contents, trailer_of
from promptuary.model.errors import InvalidExport, InvalidLine, NotEmpty
from promptuary.model.json_text import dump
from promptuary.model.transfer import HEADER, PromptLine, VersionLine, read_line, show_timestamp
from promptuary.model.transfer_order import Order

_FIRST_TIMESTAMP = datetime(1970, 1, 1, tzinfo=UTC)

_NO_LINK = getattr(os, "O_NOFOLLOW", 0)
"""Opens no symbolic link. Windows has no such option, and lets only administrators make links."""


@dataclass(frozen=True, slots=True)
class ResumePoint:
    """Position at which to continue: in this prompt, or else after it, at this version number."""

    name: str
    created_at: str
    version: int


class Draft:
    """A file of an export that grows. Use it in a ``with`` block, which ends in `finish` or leaves the draft for another time."""

    def __init__(self, path: Path, source: str, *, replaces: bool = False) -> None:
        self.path = path
        self._replaces = replaces
        self.versions = 0
        """Versions that are there."""
        self._source = dump({"source": source}).encode() + b"\n"
        self._prompt_line = b""
        self._prompt: PromptLine | None = None
        self._next_version = 1
        self._name_start = 0
        """Position at which the prompts with the name of the last one begin."""
        self._versions_before_name = 0
        self._end = 0
        """Position at which the last version of the last prompt ends: its labels are repeated in the next batch."""

    def __enter__(self) -> Self:
        if self.path.exists() and not (self._replaces and self.path.is_file()):
            message = f"{self.path} exists already. Choose another name, or add --force to replace it."
            raise NotEmpty(message)
        try:
            descriptor = os.open(self._draft_path, os.O_RDWR | os.O_CREAT | _NO_LINK, 0o600)
        except OSError as error:
            raise InvalidExport(self.path, f"It cannot be written: {error.strerror}.") from None
        self._file = os.fdopen(descriptor, "r+b")
        try:
            lock(descriptor)
            self._go_on()
        except BlockingIOError:
            self._file.close()
            raise InvalidExport(self.path, "Another export is writing it.") from None
        except BaseException:
            self._file.close()
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if error is not None and not self.versions:
            # The next export may be of another project.
            self._draft_path.unlink(missing_ok=True)
        self._file.close()

    @property
    def place(self) -> ResumePoint | None:
        """Position of the next batch; `None` for the beginning."""
        if self._prompt is None:
            return None
        return ResumePoint(self._prompt.name, show_timestamp(self._prompt.created_at), self._next_version)

    def append(self, lines: list[bytes]) -> bool:
        """Write the lines of the next batch, the first of which is of the prompt that `place` names.

        Return `False` where that prompt is not as it was, so that the draft went back and `place` is before it.
        """
        self._file.seek(self._end)
        self._file.truncate()
        if self._prompt is not None and self._prompt_line and lines and lines[0] != self._prompt_line:
            self._rewind(self._prompt)
            return False
        for line in lines[1:] if self._prompt_line else lines:
            self._file.write(line + b"\n")
            self._note(line)
        self._file.flush()
        return True

    def finish(self) -> Contents:
        """Check the draft and give it its name. Raises `InvalidExport`."""
        whole = self.path.with_name(f".{self.path.name}.{os.getpid()}")
        try:
            with os.fdopen(os.open(whole, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | _NO_LINK, 0o600), "wb") as target:
                if self.path.suffix == ".gz":
                    # Without a name and a time in it, the same export is the same file.
                    with gzip.GzipFile(filename="", mode="wb", fileobj=target, mtime=0, compresslevel=6) as packed:
                        contents = self._copy(packed.write)
                else:
                    contents = self._copy(target.write)
                target.flush()
                os.fsync(target.fileno())
            whole.replace(self.path)
            # Windows removes no file that is open.
            self._file.close()
            self._draft_path.unlink()
        except OSError as error:
            raise InvalidExport(self.path, f"It cannot be written: {error.strerror}.") from None
        finally:
            whole.unlink(missing_ok=True)
        return contents

    @property
    def _draft_path(self) -> Path:
        return self.path.with_name(f"{self.path.name}.part")

    def _go_on(self) -> None:
        first = self._file.readline()
        if first and first != self._source and first.endswith(b"\n"):
            message = f"{self._draft_path} was begun from another project. Remove it, or choose another name."
            raise NotEmpty(message)
        if first != self._source:
            self._file.seek(0)
            self._file.truncate()
            self._file.write(self._source)
        self._end = self._name_start = len(self._source)
        self._file.seek(self._end)
        place = self._end
        for line in self._file:
            if not line.endswith(b"\n"):
                break
            place += len(line)
            try:
                self._note(line[:-1], place=place)
            except InvalidLine as error:
                raise InvalidExport(self._draft_path, f"{error} Remove it to start again.") from None

    def _note(self, line: bytes, *, place: int | None = None) -> None:
        """Learn from a line that is there, up to ``place``."""
        place = self._file.tell() if place is None else place
        read = read_line(line, 1)
        if isinstance(read, PromptLine):
            if self._prompt is None or read.name != self._prompt.name:
                self._name_start = place - len(line) - 1
                self._versions_before_name = self.versions
            self._prompt, self._prompt_line, self._next_version = read, line, 1
            self._end = place
        elif isinstance(read, VersionLine):
            self._next_version = read.version + 1
            self.versions += 1
            self._end = place

    def _rewind(self, prompt: PromptLine) -> None:
        """Forget the prompts of a name, of which one was archived or restored meanwhile, and begin with them again."""
        self._end = self._name_start
        self.versions = self._versions_before_name
        self._prompt, self._prompt_line, self._next_version = PromptLine(prompt.name, _FIRST_TIMESTAMP, None), b"", 1
        self._file.seek(self._end)
        self._file.truncate()

    def _copy(self, write_bytes: Callable[[bytes], object]) -> Contents:
        digest = hashlib.sha256()
        counts = {"PromptLine": 0, "VersionLine": 0, "LabelLine": 0}
        order = Order(is_whole=True)

        def write(line: bytes) -> None:
            digest.update(line)
            write_bytes(line)

        write(HEADER.encode() + b"\n")
        self._file.seek(len(self._source))
        number = 1
        try:
            for number, line in enumerate(self._file, start=2):
                read = read_line(line[:-1], number)
                order.take(read, number)
                counts[type(read).__name__] += 1
                write(line)
            order.finish(number + 1)
        except InvalidLine as error:
            raise InvalidExport(self.path, f"The server sent what cannot be exported. {error}") from None
        contents = Contents(*counts.values())
        write_bytes(dump(trailer_of(contents, digest.hexdigest())).encode() + b"\n")
        return contents
