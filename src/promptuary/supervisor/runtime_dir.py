"""The folder that the processes of one server share: the supervisor makes it, its workers find it, and it goes with the server.

It imports nothing of the application, because the supervisor has to stay small.
"""

import contextlib
import fcntl
import mmap
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_PREFIX = "promptuary-server-"

_PREPARED = "prepared"

VARIABLE = "PROMPTUARY_SHARED_FOLDER"
"""The environment variable in which the supervisor tells its workers where the folder is."""


@contextmanager
def create_runtime_dir() -> Iterator[Path]:
    """Provide a folder for the processes that are started inside the block."""
    _remove_abandoned()
    draft = Path(tempfile.mkdtemp(prefix=".promptuary-"))
    folder = draft.with_name(f"{_PREFIX}{draft.name.rpartition('-')[2]}")
    descriptor = os.open(draft, os.O_RDONLY)
    try:
        # The folder is locked before it is visible. Cleaners of temporary files skip locked ones.
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        draft.rename(folder)
        os.environ[VARIABLE] = str(folder)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(descriptor)


def _remove_abandoned() -> None:
    """Remove the folders of servers that were killed with all their processes."""
    for folder in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*"):
        with contextlib.suppress(OSError):
            descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder, ignore_errors=True)
            finally:
                os.close(descriptor)


def find_runtime_dir() -> Path | None:
    """Return the supervisor's folder, `None` in a process that no supervisor has started."""
    path = os.environ.get(VARIABLE)
    return None if path is None else Path(path)


def open_memory(folder: Path | None, name: str, *, size: int) -> mmap.mmap:
    """Open some bytes that the processes that share a folder have in common, or private ones if there is none."""
    if folder is None:
        return mmap.mmap(-1, size)
    with (folder / name).open("a+b") as file:
        # The first to come makes it as long as it has to be; for the others this changes nothing.
        file.truncate(size)
        return mmap.mmap(file.fileno(), size)


def remove_runtime_dir() -> None:
    """Remove the supervisor's folder, for a supervisor that was killed and so could not."""
    folder = find_runtime_dir()
    if folder is not None:
        shutil.rmtree(folder, ignore_errors=True)


def mark_as_prepared() -> None:
    """Let the supervisor know that the database is ready for all workers."""
    folder = find_runtime_dir()
    if folder is not None:
        (folder / _PREPARED).touch()


def is_prepared(folder: Path) -> bool:
    """Return `True` if the database is ready for all workers."""
    return (folder / _PREPARED).exists()


def mark_as_started() -> None:
    """Let the supervisor know that this worker has what it needs to serve."""
    folder = find_runtime_dir()
    if folder is not None:
        _mark(folder, os.getpid()).touch()


def has_started(folder: Path, process_id: int) -> bool:
    """Return `True` if a worker has had what it needs to serve."""
    return _mark(folder, process_id).exists()


def _mark(folder: Path, process_id: int) -> Path:
    return folder / f"started-{process_id}"
