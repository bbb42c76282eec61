"""Thread that calls ``on_change``, so that neither a fetch nor the stream of changes waits for code of the program."""

import threading

from promptuary_client import threads
from promptuary_client.assembly import announce
from promptuary_client.core import Core
from promptuary_client.settings import Settings


class Announcer:
    """Reports changes of what is served, one after the other. Its thread runs as long as there are changes. Thread-safe."""

    def __init__(self, settings: Settings, core: Core) -> None:
        self._settings = settings
        self._core = core
        self._lock = threading.Lock()
        self._is_running = False
        self._is_stopped = False
        self.thread: threading.Thread | None = None

    def start(self) -> None:
        """Report changes, if there are any that nothing reports. Without ``threads``, the calling thread does it."""
        if not self._core.has_changes:
            return
        with self._lock:
            if self._is_running or self._is_stopped:
                return
            self._is_running = True
        if not self._settings.threads:
            self._run()
        elif not self._start_thread():
            # A later call reports them.
            self._is_running = False

    def stop(self) -> None:
        """Report no more changes, without waiting for the hook that runs."""
        self._is_stopped = True

    def after_fork(self) -> None:
        """Start over in a child process, which reports what the parent has not reported yet."""
        self._lock = threading.Lock()
        self._is_running, self.thread = False, None

    def _start_thread(self) -> bool:
        # Once it is started, it may end, and another one be started, before this thread continues.
        thread = self.thread = threading.Thread(target=self._run, name="promptuary-change", daemon=True)
        return threads.start(thread)

    def _run(self) -> None:
        try:
            while self._has_more():
                event = self._core.next_change()
                if event is not None:
                    announce(self._settings, self._core, event)
        except BaseException:
            # The hook ends its thread, and a later change starts another one.
            self._is_running = False
            raise

    def _has_more(self) -> bool:
        with self._lock:
            self._is_running = self._core.has_changes and not self._is_stopped
            return self._is_running
