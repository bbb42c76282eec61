"""Threads of the library. They are daemons, so that no program waits for a slow server at its end, and they end before it does.

A thread that is inside OpenSSL when the process exits crashes it, because OpenSSL frees its memory then. Therefore a client
interrupts its threads and joins them, both when it is closed and when the interpreter ends. A thread that looks up a name or opens
a connection is not waited for: nothing can interrupt these, and they do no harm.
"""

import threading
import time
from collections.abc import Iterable

JOIN_SECONDS = 5.0
"""Maximum wait for interrupted threads. Only code of the program, such as a hook, and a slow disk make them take long."""

_lock = threading.Lock()
_started: list[threading.Thread] = []
_connecting: set[int] = set()


def start(thread: threading.Thread) -> bool:
    """Start a thread; return `False` if the system has no more threads, or the interpreter ends."""
    try:
        thread.start()
    except RuntimeError:
        return False
    with _lock:
        _started[:] = [*(each for each in _started if each.is_alive()), thread]
    return True


def join(threads: Iterable[threading.Thread]) -> None:
    """Wait until interrupted threads have ended, for `JOIN_SECONDS` at most."""
    end = time.monotonic() + JOIN_SECONDS
    for thread in threads:
        # A hook of the program may close the client in one of its threads. One that has not begun ends at once when it does.
        is_other = thread.ident is not None and thread is not threading.current_thread()
        if is_other and thread.ident not in _connecting:
            thread.join(max(end - time.monotonic(), 0.0))


def join_all() -> None:
    """Wait for all interrupted threads of the library, for `JOIN_SECONDS` at most."""
    with _lock:
        started = list(_started)
    join(started)


def begin_connecting() -> None:
    """Note that the current thread looks up a name or opens a connection."""
    _connecting.add(threading.get_ident())


def end_connecting() -> None:
    """Note that the current thread has a connection, or has failed to get one."""
    _connecting.discard(threading.get_ident())


def before_fork() -> None:
    """Hold the lock, so that the child gets it in a known state."""
    _lock.acquire()


def after_fork_in_parent() -> None:
    """Release the lock."""
    _lock.release()


def after_fork_in_child() -> None:
    """Forget all threads, which are the parent's, and release the lock."""
    _started.clear()
    _connecting.clear()
    _lock.release()
