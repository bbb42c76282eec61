"""Serving: one event loop accepts connections on the socket of the supervisor and answers them by the application."""

import asyncio
import gc
import logging
import socket
from collections.abc import Callable

import structlog
import uvicorn

from promptuary.background.maintenance import create_maintenance, start_maintenance
from promptuary.logs import configure_logs
from promptuary.server import Server, assemble
from promptuary.settings import Settings
from promptuary.supervisor.pool import GRACE_SECONDS
from promptuary.supervisor.runtime_dir import mark_as_prepared, mark_as_started
from promptuary.worker.connection import KEEP_SECONDS, connections_with
from promptuary.worker.startup import open_database, prepare

logger = structlog.stdlib.get_logger("promptuary.worker")


class _Worker(uvicorn.Server):
    """Says when it serves and when it stops. It ends its requests before the application's lifespan."""

    def __init__(self, config: uvicorn.Config, number: int, stop_waiting: Callable[[], None]) -> None:
        super().__init__(config)
        self._stop_waiting = stop_waiting
        self._number = number

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        # What is there now stays. To look it through for garbage again and again would hold up requests for tens of milliseconds.
        gc.freeze()
        gc.enable()
        mark_as_started()
        logger.info("Started worker", number=self._number)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for listening in self.servers:
            listening.close()
        # The loop lets go of the socket at its next turn.
        await asyncio.sleep(0)
        for listener in sockets or []:
            listener.close()
        logger.info("Stopping worker", number=self._number)
        self._stop_waiting()
        await super().shutdown(sockets)
        # uvicorn would end the process by the signal that asked for the stop, which has worked.
        self._captured_signals.clear()


def configure(server: Server) -> uvicorn.Config:
    """Return how uvicorn serves an application and its shortcut."""
    # What it has to say of single requests is in the access log; of defects, `RequestLogMiddleware` tells.
    logging.getLogger("uvicorn").setLevel(logging.ERROR)
    return uvicorn.Config(
        server.application,
        http=connections_with(server.shortcut, server.recorder),  # type: ignore[arg-type]
        loop="uvloop",
        lifespan="on",
        ws="none",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=KEEP_SECONDS,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )


def serve(server: Server, listener: socket.socket, *, number: int = 1) -> None:
    """Serve until a signal ends it."""
    _Worker(configure(server), number, server.stop_waiting).run([listener])


def run(*, number: int, listener: int, prepare_for: str | None) -> None:
    """Serve on the socket with a descriptor, on the settings of the environment; prepare the database first for an address."""
    settings = Settings()
    configure_logs(settings)
    database = open_database(settings)
    if prepare_for is not None:
        prepare(database, address=settings.public_url or prepare_for)
        mark_as_prepared()
    server = assemble(settings, database)
    maintenance = create_maintenance(
        database,
        change_log_days=settings.change_log_days,
        usage_days=settings.usage_days,
        session_limits=settings.session_limits,
        note_failure=server.note_failure,
    )
    start_maintenance(maintenance)
    serve(server, socket.socket(fileno=listener), number=number)
