"""Hooks for the fork and the end of the process. Clients are held weakly: a client that is no longer used is garbage collected."""

import atexit
import os
import threading
import weakref
from typing import Protocol

from promptuary_client import threads
from promptuary_client.core import Core


class Client(Protocol):
    """The part of a client that this module calls."""

    core: Core

    def after_fork(self) -> None:
        """Start over in a child process."""

    def at_exit(self) -> None:
        """Send nothing more and interrupt all threads, because the interpreter ends."""


_lock = threading.Lock()
_clients: "weakref.WeakSet[Client]" = weakref.WeakSet()
_held: list[Client] = []


def register(client: Client) -> None:
    """Call a client's methods on forks and at the end of the interpreter."""
    with _lock:
        _clients.add(client)


def _before_fork() -> None:
    # The child gets a copy of memory as it is at this moment; with the locks held, nothing is half changed in it.
    _lock.acquire()
    threads.before_fork()
    _held[:] = list(_clients)
    for client in _held:
        client.core.lock.acquire()


def _after_fork_in_parent() -> None:
    for client in _held:
        client.core.lock.release()
    _held.clear()
    threads.after_fork_in_parent()
    _lock.release()


def _after_fork_in_child() -> None:
    for client in _held:
        client.after_fork()
    _held.clear()
    threads.after_fork_in_child()
    # The one thread of the child is the one that holds it.
    _lock.release()


def _at_exit() -> None:
    with _lock:
        clients = list(_clients)
    for client in clients:
        client.at_exit()
    threads.join_all()


atexit.register(_at_exit)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before_fork, after_in_parent=_after_fork_in_parent, after_in_child=_after_fork_in_child)
