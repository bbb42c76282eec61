"""The worker processes of a server: started on one socket, replaced when they die, renewed on request, stopped in two steps.

It imports nothing of the application, because the supervisor has to stay small.
"""

import logging
import os
import queue
import signal
import socket
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from promptuary.supervisor.restarts import RestartPolicy
from promptuary.supervisor.runtime_dir import has_started, is_prepared
from promptuary.supervisor.stop_flag import open_stop_flag

GRACE_SECONDS = 30
"""Maximum time for a worker to finish its requests."""

REFUSED = 78
"""The status of a worker that cannot prepare the database and has said why."""

_LAST_SECONDS = 5.0
"""Maximum time after that to write its counts, before it is killed."""

_REPEAT_SECONDS = 1.0
_GLANCE_SECONDS = 0.05
_BACKLOG = 2048

logger = logging.getLogger("promptuary.supervisor")


@dataclass(frozen=True, slots=True, eq=False)
class _Worker:
    number: int
    """From 1; its replacement has the same."""
    process: subprocess.Popen[bytes]
    started_at: float

    def is_alive(self) -> bool:
        return self.process.returncode is None


class _Command(Enum):
    STOP = "stop after the time to drain"
    STOP_NOW = "stop without it"
    RENEW = "renew the workers"


class WorkerPool:
    """Listens, starts workers, replaces those that die, and stops in two steps.

    The first worker prepares the database, and the others come when it has. If it cannot, there is no server.

    On ``SIGTERM`` the stop flag is set and the workers serve on for the time to drain; then they finish what they have begun.
    ``SIGINT``, or a second signal, ends the first step at once. ``SIGHUP`` replaces each worker by a new one once that has started.
    """

    def __init__(self, *, host: str, port: int, workers: int, address: str, folder: Path, drain_seconds: float) -> None:
        self._host = host
        self._port = port
        self._numbers = range(1, workers + 1)
        self._address = address
        self._folder = folder
        self._drain_seconds = drain_seconds
        self._stop_flag = open_stop_flag(folder)
        self._restarts = RestartPolicy()
        self._workers: dict[int, _Worker] = {}
        # Its end that is written to is never written to: it closes with this process, however that ends.
        self._lifeline, self._own_end = os.pipe()
        # Events: the death of a worker, or a command. Signal handlers may put into this kind of queue.
        self._events: queue.SimpleQueue[_Worker | _Command] = queue.SimpleQueue()

    def serve(self) -> int:
        """Serve until a signal ends it; return the status to exit with, which is 1 if no stop was requested."""
        listener = self._listen()
        signal.signal(signal.SIGTERM, lambda *_: self._events.put(_Command.STOP))
        signal.signal(signal.SIGINT, lambda *_: self._events.put(_Command.STOP_NOW))
        signal.signal(signal.SIGHUP, lambda *_: self._events.put(_Command.RENEW))
        command = self._prepare(listener)
        if is_prepared(self._folder):
            command = command or self._supervise(listener)
        if command is None and self._workers[1].process.returncode != REFUSED:
            logger.error("The workers cannot start. See the log messages above for the reason.")
        elif command is _Command.STOP:
            self._drain()
        self._stop_flag.set()
        listener.close()
        self._end(list(self._workers.values()))
        return 1 if command is None else 0

    def _listen(self) -> socket.socket:
        family = socket.AF_INET6 if ":" in self._host else socket.AF_INET
        listener = socket.create_server((self._host, self._port), family=family, backlog=_BACKLOG)
        listener.setblocking(False)  # noqa: FBT003 - its only argument
        # Connections inherit it: an answer goes out at once, whatever was sent before it.
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return listener

    def _prepare(self, listener: socket.socket) -> _Command | None:
        """Start the workers, the first one first; return the command to stop that comes before it has prepared the database."""
        first = self._workers[1] = self._spawn(1, listener, f"--prepare-for={self._address}")
        while not is_prepared(self._folder):
            try:
                event = self._events.get(timeout=_GLANCE_SECONDS)
            except queue.Empty:
                continue
            if isinstance(event, _Worker):
                # If it dies although it has prepared the database, it is replaced.
                self._events.put(event)
                break
            if event is not _Command.RENEW:
                # Nothing serves yet.
                return _Command.STOP_NOW
        if is_prepared(self._folder):
            self._log_exit(first)
            for number in self._numbers[1:]:
                self._replace(number, listener)
        return None

    def _replace(self, number: int, listener: socket.socket) -> None:
        """Start a worker in place of one that is gone, or try again later."""
        worker = self._start(number, listener)
        if worker is None:
            # The system lacks something for a while. That is no reason to give up, and the other workers serve.
            self._restarts.record_exit(number, lived=0.0, had_started=True, now=time.monotonic())
        else:
            self._workers[number] = worker

    def _start(self, number: int, listener: socket.socket) -> _Worker | None:
        try:
            worker = self._spawn(number, listener)
        except (OSError, RuntimeError) as error:
            logger.error("Worker-%d cannot be started: %s", number, error)  # noqa: TRY400 - the system's reason says all
            return None
        self._log_exit(worker)
        return worker

    def _spawn(self, number: int, listener: socket.socket, *more_options: str) -> _Worker:
        options = [f"--number={number}", f"--listener={listener.fileno()}", f"--lifeline={self._lifeline}"]
        process = subprocess.Popen(  # noqa: S603 - our own program
            [sys.executable, "-m", "promptuary.worker", *options, *more_options],
            pass_fds=[listener.fileno(), self._lifeline],
            # What the terminal sends is for the supervisor, which tells the workers.
            process_group=0,
        )
        worker = _Worker(number, process, time.monotonic())
        try:
            threading.Thread(target=self._wait_for_exit, args=(worker,), name=f"await-worker-{number}", daemon=True).start()
        except RuntimeError:
            # Its death would go unseen.
            process.kill()
            process.wait()
            raise
        return worker

    def _log_exit(self, worker: _Worker) -> None:
        logger.info("Spawning worker-%d with process id %d", worker.number, worker.process.pid)

    def _wait_for_exit(self, worker: _Worker) -> None:
        worker.process.wait()
        self._events.put(worker)

    def _supervise(self, listener: socket.socket) -> _Command | None:
        """Replace workers until a stop is requested; return the command, `None` if the workers cannot start."""
        while not self._is_giving_up():
            try:
                event = self._events.get(timeout=self._restarts.seconds_to_next(time.monotonic()))
            except queue.Empty:
                event = None
            if isinstance(event, _Worker):
                self._on_exit(event)
            elif event is _Command.RENEW:
                self._renew(listener)
            elif event is not None:
                return event
            for number in self._restarts.take_due(time.monotonic()):
                self._replace(number, listener)
        return None

    def _on_exit(self, worker: _Worker) -> None:
        if self._workers.get(worker.number) is not worker:
            # It was replaced.
            return
        now = time.monotonic()
        started = has_started(self._folder, worker.process.pid)
        logger.warning("Worker-%d has ended with status %d", worker.number, worker.process.returncode)
        pause = self._restarts.record_exit(worker.number, lived=now - worker.started_at, had_started=started, now=now)
        if pause:
            logger.warning("Worker-%d keeps dying; restarting it in %.0f s", worker.number, pause)

    def _renew(self, listener: socket.socket) -> None:
        self._restarts = RestartPolicy()
        for number in self._numbers:
            old, new = self._workers.get(number), self._start(number, listener)
            if new is not None and not self._wait_for_start(new):
                # It has not begun to serve, so nothing is lost.
                new.process.kill()
                return
            if new is not None and new.is_alive():
                self._workers[number] = new
                if old is not None:
                    old.process.terminate()
            elif old is None or not old.is_alive():
                self._restarts.record_exit(number, lived=0.0, had_started=False, now=time.monotonic())
            else:
                logger.error("The new worker-%d cannot start. The previous one continues to serve.", number)

    def _wait_for_start(self, worker: _Worker) -> bool:
        """Wait until a worker serves or has died; return `True` if no stop was requested meanwhile."""
        kept: list[_Worker | _Command] = []
        is_wanted = True
        while is_wanted and worker.is_alive() and not has_started(self._folder, worker.process.pid):
            try:
                kept.append(self._events.get(timeout=_GLANCE_SECONDS))
            except queue.Empty:
                continue
            is_wanted = kept[-1] not in {_Command.STOP, _Command.STOP_NOW}
        for event in kept:
            self._events.put(event)
        return is_wanted

    def _is_giving_up(self) -> bool:
        return self._restarts.is_exhausted() and not any(
            worker.is_alive() and has_started(self._folder, worker.process.pid) for worker in self._workers.values()
        )

    def _drain(self) -> None:
        self._stop_flag.set()
        if self._drain_seconds > 0:
            logger.info("Draining: not ready, serving for %g s", self._drain_seconds)
        deadline = time.monotonic() + self._drain_seconds
        while any(worker.is_alive() for worker in self._workers.values()) and time.monotonic() < deadline:
            try:
                event = self._events.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                return
            if event in {_Command.STOP, _Command.STOP_NOW}:
                return

    def _end(self, workers: list[_Worker]) -> None:
        """Let the workers finish; say so again and again, because one that is about to serve misses the first time."""
        deadline = time.monotonic() + GRACE_SECONDS + _LAST_SECONDS
        while any(worker.is_alive() for worker in workers):
            for worker in workers:
                if time.monotonic() < deadline:
                    worker.process.terminate()
                else:
                    worker.process.kill()
            repeat_at = time.monotonic() + _REPEAT_SECONDS
            while any(worker.is_alive() for worker in workers) and time.monotonic() < repeat_at:
                time.sleep(_GLANCE_SECONDS)
