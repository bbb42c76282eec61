"""Disk cache of the last known content, for programs that start while the server is down.

Each host, project and API key has a folder, named by a keyed digest. Each prompt has a file, written atomically and readable by its
owner only. The digest in it is made with the API key, so that a file that is damaged, or was not written by a holder of the key,
is ignored. The file's modification time is the time at which the server confirmed the content.
"""

import contextlib
import json
import os
import stat
import tempfile
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

from promptuary_client.errors import PromptuaryError
from promptuary_client.prompts import Content, PromptKey
from promptuary_client.settings import Settings
from promptuary_client.wire import read_content

_PRIVATE = 0o700
_SUFFIX = ".prompt"


@dataclass(frozen=True)
class Record:
    """Content from disk, and the seconds since the server confirmed it."""

    content: Content
    age: float


class Disk:
    """Loads and stores contents. Raises `OSError` on disk errors; a file with a wrong digest is not found."""

    def __init__(self, settings: Settings, *, clock: Callable[[], float] = time.time) -> None:
        secret = blake2b(settings.api_key.encode(), person=b"promptuary-disk").digest()
        scope = f"{settings.host}\0{settings.project}".encode()
        self._secret = secret
        self._root = settings.folder
        self._folder = settings.folder / blake2b(scope, key=secret, digest_size=16).hexdigest() if settings.folder else Path()
        self._max_entries = settings.max_entries
        self._clock = clock

    def load(self, key: PromptKey) -> Record | None:
        """Return the record of a key, or `None`."""
        if self._root is None:
            return None
        try:
            self._check_folder()
            handle = os.open(self._path(key), os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0))
        except FileNotFoundError:
            return None
        with os.fdopen(handle, "rb") as file:
            digest, _, body = file.read().partition(b"\n")
            confirmed = os.fstat(file.fileno()).st_mtime
        if digest.decode("ascii", "replace") != self._digest(key, body):
            return None
        # The clock may have gone back since.
        return _read(body, age=max(self._clock() - confirmed, 0.0))

    def store_all(self, contents: Iterable[tuple[PromptKey, Content]]) -> None:
        """Write contents, and delete the oldest files beyond the maximum."""
        if self._root is not None:
            for key, content in contents:
                self._write(key, content)
            self._prune()

    def store(self, key: PromptKey, content: Content) -> None:
        """Write a content atomically."""
        self.store_all([(key, content)])

    def _write(self, key: PromptKey, content: Content) -> None:
        self._make_folder()
        row: dict[str, object] = {
            "name": content.name,
            "prompt": content.text,
            "config": content.config,
            "version": content.version,
        }
        row |= {} if content.contract is None else {"variables": content.contract}
        if content.references:
            row["resolved_references"] = [vars(each) for each in content.references]
        body = json.dumps(row | {"label": content.label, "etag": content.etag}).encode()
        handle, temporary = tempfile.mkstemp(dir=self._folder, prefix=".", suffix=".new")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(self._digest(key, body).encode() + b"\n" + body)
            os.utime(temporary, (self._clock(), self._clock()))
            Path(temporary).replace(self._path(key))
        except BaseException:
            with contextlib.suppress(OSError):
                Path(temporary).unlink()
            raise

    def confirm(self, key: PromptKey) -> None:
        """Record that the server has just confirmed the content on disk."""
        if self._root is not None:
            with contextlib.suppress(FileNotFoundError):
                os.utime(self._path(key), (self._clock(), self._clock()))

    def _path(self, key: PromptKey) -> Path:
        return self._folder / (self._digest(key, b"")[:32] + _SUFFIX)

    def _digest(self, key: PromptKey, body: bytes) -> str:
        # Without the parts that most keys do not have, so that files of earlier releases are found.
        parts = (key.name, key.version, key.label) if key.resolve else tuple(key)
        return blake2b(repr(parts).encode() + b"\0" + body, key=self._secret, digest_size=32).hexdigest()

    def _make_folder(self) -> None:
        for folder in (self._folder.parent, self._folder):
            folder.mkdir(mode=_PRIVATE, parents=True, exist_ok=True)
        self._check_folder()

    def _check_folder(self) -> None:
        found = os.lstat(self._folder)
        is_ours = not hasattr(os, "geteuid") or found.st_uid == os.geteuid()
        if not stat.S_ISDIR(found.st_mode) or not is_ours:
            raise PermissionError(f"{self._folder} is not a folder that this user owns.")
        if os.name == "posix" and stat.S_IMODE(found.st_mode) != _PRIVATE:
            self._folder.chmod(_PRIVATE)

    def _prune(self) -> None:
        """Delete files beyond the maximum, those confirmed longest ago first."""
        with os.scandir(self._folder) as found:
            files = [entry for entry in found if entry.name.endswith(_SUFFIX)]
        # Another process may prune at the same time.
        with contextlib.suppress(FileNotFoundError):
            if len(files) > self._max_entries:
                files.sort(key=lambda entry: entry.stat().st_mtime)
            for entry in files[: -self._max_entries]:
                Path(entry).unlink(missing_ok=True)


def _read(body: bytes, *, age: float) -> Record | None:
    try:
        row = json.loads(body)
        etag = row.get("etag")
        # An entity tag goes back to the server in a header.
        is_etag = etag is None or (isinstance(etag, str) and etag.isascii() and etag.isprintable())
        return Record(read_content(row, etag=etag), age) if is_etag else None
    except (ValueError, AttributeError, TypeError, RecursionError, PromptuaryError):
        return None
