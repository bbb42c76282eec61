"""A worker process: one event loop that accepts connections on the socket of its supervisor and answers them by the application."""

import argparse
import asyncio
import gc
import logging
import socket
from collections.abc import Callable

import structlog
import uvicorn

from promptuary.connection import KEEP_SECONDS, connections_with
from promptuary.logs import configure_logs
from promptuary.maintenance import start_maintenance
from promptuary.server import Server, assemble
from promptuary.settings import Settings
from promptuary.shared_folder import mark_as_started
from promptuary.store.database import Database
from promptuary.supervisor import follow_supervisor
from promptuary.worker_pool import GRACE_SECONDS

logger = structlog.stdlib.get_logger("promptuary.worker")


class _Worker(uvicorn.Server):
    """Says when it serves and when it stops. It ends its requests before the application's lifespan."""

    def __init__(self, config: uvicorn.Config, number: int, end_streams: Callable[[], None]) -> None:
        super().__init__(config)
        self._end_streams = end_streams
        self._number = number

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        # What is there now stays. To look it through for garbage again and again would hold up requests for tens of milliseconds.
        gc.freeze()
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
        self._end_streams()
        await super().shutdown(sockets)
        # uvicorn would end the process by the signal that asked for the stop, which has worked.
        self._captured_signals.clear()


def configure(server: Server) -> uvicorn.Config:
    """Return how uvicorn serves an application and its shortcut."""
    # What it has to say of single requests is in the access log; of defects, `RequestLog` tells.
    logging.getLogger("uvicorn").setLevel(logging.ERROR)
    return uvicorn.Config(
        server.application,
        http=connections_with(server.shortcut),  # type: ignore[arg-type]
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
    _Worker(configure(server), number, server.end_streams).run([listener])


def main() -> None:
    """Run as the command that the supervisor starts, on the settings of the environment."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--number", required=True, type=int)
    parser.add_argument("--listener", required=True, type=int, help="descriptor of the listening socket")
    parser.add_argument("--lifeline", required=True, type=int, help="descriptor of a pipe that ends with the supervisor")
    options = parser.parse_args()
    follow_supervisor(options.lifeline)
    settings = Settings()
    configure_logs(settings)
    database = Database.open(settings.resolved_database_url, pool_size=settings.database_pool_size)
    start_maintenance(
        database,
        change_log_days=settings.change_log_days,
        usage_days=settings.usage_days,
        session_limits=settings.session_limits,
    )
    serve(assemble(settings, database), socket.socket(fileno=options.listener), number=options.number)


if __name__ == "__main__":
    main()
