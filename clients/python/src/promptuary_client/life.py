"""What happens to clients when their process forks or ends. Clients are held weakly: one that is not used any more is let go."""

import atexit
import os
import threading
import weakref
from typing import Protocol

from promptuary_client.core import Core


class Client(Protocol):
    """What a client is to this module."""

    core: Core

    def after_fork(self) -> None:
        """Begin anew in a child process."""

    def at_exit(self) -> None:
        """Start nothing more: the interpreter ends."""


_clients: "weakref.WeakSet[Client]" = weakref.WeakSet()
_held: list[Client] = []
_forking = threading.Lock()


def register(client: Client) -> None:
    """Have a client told of forks and of the end."""
    _clients.add(client)


def _before_fork() -> None:
    # The child gets a copy of memory as it is at this moment; with the locks held, nothing is half changed in it.
    _forking.acquire()
    _held[:] = list(_clients)
    for client in _held:
        client.core.lock.acquire()


def _after_fork_in_parent() -> None:
    for client in _held:
        client.core.lock.release()
    _held.clear()
    _forking.release()


def _after_fork_in_child() -> None:
    for client in _held:
        client.after_fork()
    _held.clear()
    # The one thread of the child is the one that holds it.
    _forking.release()


def _at_exit() -> None:
    for client in list(_clients):
        client.at_exit()


atexit.register(_at_exit)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before_fork, after_in_parent=_after_fork_in_parent, after_in_child=_after_fork_in_child)
