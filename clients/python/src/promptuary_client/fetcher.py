"""I/O of the client with threads."""

import threading
import time
import weakref
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TypeVar

from promptuary_client import errors, process_hooks, threads, wire
from promptuary_client.announcer import Announcer
from promptuary_client.assembly import answer, has_substitute
from promptuary_client.change_log import LogReader
from promptuary_client.change_stream import ChangeStream
from promptuary_client.changes import Change
from promptuary_client.connections import Connections
from promptuary_client.core import CLOSED, OFFLINE, Core, PendingFetch, Step
from promptuary_client.disk import Disk
from promptuary_client.follower import Follower
from promptuary_client.log_follower import LogFollower
from promptuary_client.prefetch import Pages, PrefetchResult, add_page, report_unresolved
from promptuary_client.prompts import Content, Fallback, Prompt, PromptKey
from promptuary_client.reports import report_defect, report_disk, report_error, report_prefetch
from promptuary_client.settings import Settings
from promptuary_client.transport import BROKEN, FAILURES, Body, error_from, load_certificates, send_options
from promptuary_client.wire import Operation

T = TypeVar("T")


class Fetcher:
    """Fetches, caches and refreshes prompts. Thread-safe."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings if settings.offline else load_certificates(settings)
        self.core = Core(self.settings)
        self._disk = Disk(self.settings)
        self._http = None if settings.offline else self._make_http()
        self._http_lock = threading.Lock()
        self._threads: set[threading.Thread] = set()
        self._left_behind: list[Connections | Follower | None] = []
        self._is_closed = False
        self._change_stream = ChangeStream(settings, self.core) if settings.live and not settings.offline else None
        self._follower: Follower | None = None
        self._log_followers: weakref.WeakSet[LogFollower] = weakref.WeakSet()
        self._announcer = Announcer(self.settings, self.core)
        process_hooks.register(self)

    def get(self, key: PromptKey, *, fallback: Fallback | None, config: Mapping[str, Any] | None, timeout: float | None) -> Prompt:
        """Return the prompt of a key; ask the server before if necessary. Raises the reason if there is none."""
        is_confirmed, refusal = False, wire.impossible_key(key)
        if refusal is not None:
            self._reject(key, refusal)
        else:
            self._follow()
            has_other = has_substitute(self.settings, key, fallback)
            step = self.core.plan(key, has_fallback=has_other)
            if step is not Step.SERVE:
                wait = None if step is Step.REFRESH else self.settings.timeout if timeout is None else timeout
                is_confirmed = self._ask(key, wait, has_fallback=has_other)
        return answer(self.settings, self.core, key, is_confirmed=is_confirmed, fallback=fallback, config=config)

    def prefetch(self, label: str | None, timeout: float | None) -> PrefetchResult:
        """Load all prompts into memory, page by page. Raises nothing for failures of the server or the network."""
        self._follow()
        end = time.monotonic() + (self.settings.request_timeout if timeout is None else timeout)
        count, pages = 0, Pages(self.settings, label)
        try:
            while (operation := pages.next_operation()) is not None:
                changes_seen = self.core.changes_seen
                page = pages.receive(operation.read(self._send(operation.request, end - time.monotonic())))
                taken = add_page(self.core, page, label, changes_seen=changes_seen)
                self._announcer.start()
                report_unresolved(self.settings, self.core, page, label)
                count += len(taken)
                self._keep_all(taken)
        except (errors.PromptuaryError, *FAILURES) as failure:
            error = error_from(failure)
            report_prefetch(error)
            return PrefetchResult(count, error)
        return PrefetchResult(count)

    def _reject(self, key: PromptKey, refusal: errors.NotFoundError) -> None:
        if self.core.reject(key, refusal):
            report_error(self.settings, key, refusal, has_content=False)

    def revalidate(self, key: PromptKey) -> bool:
        """Refresh a key after a change; return `True` if the server confirmed the content."""
        pending, is_new = self.core.join(key, self.settings.request_timeout)
        if is_new:
            self._fetch(pending, has_fallback=True)
        return pending.succeeded

    @property
    def is_live(self) -> bool:
        """State of ``live``: `True` while the stream of changes is read."""
        return self._change_stream is not None and self._change_stream.is_followed

    def close(self) -> None:
        """Close the connections and end all threads. Known content is still served; nothing more is sent."""
        self.at_exit()
        others = (self._announcer.thread, None if self._follower is None else self._follower.thread)
        threads.join([*self._threads, *(thread for thread in others if thread is not None)])

    def after_fork(self) -> None:
        """Start over in a child process. The parent's connections are kept, because closing them would disturb the parent."""
        self.core.after_fork()
        self._announcer.after_fork()
        self._http_lock = threading.Lock()
        self._left_behind += [self._http, self._follower]
        self._http, self._follower, self._threads = None, None, set()
        self._log_followers = weakref.WeakSet()
        if self._change_stream is not None:
            self._change_stream.is_followed = False

    def at_exit(self) -> None:
        """Send nothing more and interrupt all threads, without waiting for them."""
        with self._http_lock:
            self._is_closed = True
            followers: list[LogFollower | Follower] = [*self._log_followers]
            followers += [] if self._follower is None else [self._follower]
        for each in followers:
            each.stop()
        self._announcer.stop()
        self._reset()

    def _follow(self) -> None:
        """Start the follower if ``live`` is set and none runs. A fetch starts it because a child process needs one of its own."""
        if self._change_stream is not None and self._follower is None:
            self._start_follower(self._change_stream)

    def _start_follower(self, change_stream: ChangeStream) -> None:
        with self._http_lock:
            # Another thread may have started one.
            if self._follower is not None or self._is_closed:
                return
            follower = Follower(self.settings, change_stream, self.revalidate)
            if follower.start():
                self._follower = follower
                # A client that is garbage collected without `close` ends its thread, too.
                weakref.finalize(self, follower.stop)

    def _ask(self, key: PromptKey, wait: float | None, *, has_fallback: bool) -> bool:
        """Send a request unless one is pending, and wait for it if ``wait`` is given; return `True` if the server confirmed."""
        pending, is_new = self.core.join(key, wait or 0.0)
        if self.core.take_stuck():
            self._reset()
        if is_new and not (self.settings.threads and self._start(pending, has_fallback=has_fallback)):
            if wait is None:
                self.core.finish(pending)
                return False
            self._fetch(pending, has_fallback=has_fallback)
        if wait is None:
            return False
        if not pending.done.wait(wait):
            self._abandon(pending)
        return pending.succeeded

    def _start(self, pending: PendingFetch, *, has_fallback: bool) -> bool:
        """Start a thread for a request; return `False` if there can be none."""

        def run() -> None:
            self._fetch(pending, has_fallback=has_fallback)
            self._threads.discard(thread)

        thread = threading.Thread(target=run, name="promptuary-fetch", daemon=True)
        self._threads.add(thread)
        is_started = threads.start(thread)
        if not is_started:
            self._threads.discard(thread)
        return is_started

    def _fetch(self, pending: PendingFetch, *, has_fallback: bool) -> None:
        """Fetch a key from disk, then from the server, and store it on disk."""
        try:
            self._load_from_disk(pending.key)
            if self.core.may_send(pending.key, has_fallback=has_fallback) and not self._is_closed:
                self._confirm(pending)
        except Exception as defect:  # noqa: BLE001 - it is logged there
            self.core.fail(pending.key, report_defect(defect, "fetching"))
        finally:
            self.core.finish(pending)

    def _load_from_disk(self, key: PromptKey) -> None:
        if self.core.known(key) is not None:
            return
        try:
            record = self._disk.load(key)
        except OSError as error:
            report_disk(error)
            return
        if record is not None:
            self.core.add_from_disk(key, record.content, record.age)
            self._announcer.start()

    def _confirm(self, pending: PendingFetch) -> None:
        key, known = pending.key, self.core.known(pending.key)
        try:
            content = wire.read_fetch(self._send(wire.fetch_request(self.settings, key, known), pending.limit), known)
        except (errors.PromptuaryError, *FAILURES) as failure:
            error = error_from(failure)
            has_content = self.core.fail(key, error)
            if not self._is_closed:
                report_error(self.settings, key, error, has_content=has_content)
            return
        is_current = self.core.confirm(pending, content)
        # Callers that wait for the server do not wait for the disk.
        self.core.finish(pending)
        self._announcer.start()
        if is_current:
            self._keep(key, content, is_new=content is not known)

    def perform(self, operation: Operation[T], timeout: float | None = None) -> T:
        """Perform an operation that is not a fetch of the present. Raises `PromptuaryError`."""
        limit = self.settings.request_timeout if timeout is None else timeout
        try:
            answer = self._exchange(operation.request, time.monotonic() + limit)
        except FAILURES as failure:
            raise error_from(failure) from failure
        finally:
            if operation.concerns is not None:
                self.core.forget(operation.concerns)
        return operation.read(answer)

    def follow(self, reader: LogReader) -> Iterator[Change]:
        """Return an iterator over changes, which reads them over a connection of its own. Raises `UnreachableError`."""
        if self.settings.offline:
            raise errors.UnreachableError(OFFLINE)
        follower = LogFollower(self.settings, reader)
        with self._http_lock:
            if self._is_closed:
                raise errors.UnreachableError(CLOSED)
            self._log_followers.add(follower)
        return follower.changes()

    def _keep_all(self, contents: Iterable[tuple[PromptKey, Content]]) -> None:
        try:
            self._disk.store_all(contents)
        except OSError as error:
            report_disk(error)

    def _keep(self, key: PromptKey, content: Content, *, is_new: bool) -> None:
        try:
            if is_new:
                self._disk.store(key, content)
            else:
                self._disk.confirm(key)
        except OSError as error:
            report_disk(error)

    def _abandon(self, pending: PendingFetch) -> None:
        error = self.core.abandon(pending)
        if error is not None:
            report_error(self.settings, pending.key, error, has_content=self.core.known(pending.key) is not None)

    def _send(self, request: wire.Request, limit: float) -> wire.Answer:
        """Send a read request, and again if its connection breaks. Raises one of `FAILURES`, or `PromptuaryError`."""
        end = time.monotonic() + limit
        try:
            return self._exchange(request, end)
        except BROKEN:
            return self._exchange(request, end)

    def _exchange(self, request: wire.Request, end: float) -> wire.Answer:
        """Send a request and return the complete answer, at the latest at a time of the monotonic clock."""
        if self.settings.offline:
            raise errors.UnreachableError(OFFLINE)
        limit = end - time.monotonic()
        if limit <= 0:
            raise errors.RequestTimeoutError("The server did not answer in time.")
        body = Body(end=end)
        with self._connections().stream(request.method, request.path, **send_options(request, limit)) as response:
            for piece in response.iter_bytes():
                body.add(piece)
            return body.answer(response.status_code, response.headers)

    def _make_http(self) -> Connections | None:
        """Return new connections, or `None` if that fails; the first request reports it."""
        try:
            return Connections(self.settings)
        except errors.ConfigurationError:
            raise
        except FAILURES:
            return None

    def _connections(self) -> Connections:
        """Return the connections; make them if there are none. Raises one of `FAILURES`."""
        connections = self._current()
        if connections is None and not self._is_closed:
            # Not while the lock is held: `http_client_factory` is code of the program.
            made = Connections(self.settings)
            connections = self._current(made)
            if connections is not made:
                made.end()
        if connections is None:
            raise RuntimeError(CLOSED)
        return connections

    def _current(self, made: Connections | None = None) -> Connections | None:
        with self._http_lock:
            if self._http is None and not self._is_closed:
                self._http = made
            return self._http

    def _reset(self) -> None:
        """Close all connections, which interrupts stuck requests; the next request opens new ones."""
        with self._http_lock:
            connections, self._http = self._http, None
        if connections is not None:
            connections.end()
