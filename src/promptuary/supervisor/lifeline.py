"""The end of a worker whose supervisor has exited."""

import os
import signal
import threading
import time

from promptuary.supervisor.runtime_dir import remove_runtime_dir


def follow_supervisor(lifeline: int) -> None:
    """Stop this worker when its supervisor is gone; otherwise it would continue to serve without a way to stop it.

    ``lifeline`` is the descriptor of a pipe without writes, which closes with the supervisor.
    """
    threading.Thread(target=_stop_after, args=(lifeline,), name="follow-supervisor", daemon=True).start()


def _stop_after(lifeline: int) -> None:
    os.read(lifeline, 1)
    remove_runtime_dir()
    while True:
        # Once is not enough: a worker that is still starting may not listen yet.
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(1)
