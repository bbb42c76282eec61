"""The supervising process: its command line, its log and its main loop. `pool` has its work.

It lives as long as the server and imports nothing of the application, so that it stays small; see `docs/decisions/`.
"""

import argparse
import json
import logging
import sys
from datetime import UTC, datetime
from typing import NoReturn

from promptuary.supervisor.pool import WorkerPool
from promptuary.supervisor.runtime_dir import create_runtime_dir


class JsonLines(logging.Formatter):
    """Writes messages in the form in which `promptuary.logs` writes the workers' own."""

    def format(self, record: logging.LogRecord) -> str:
        """Return a line of JSON."""
        moment = datetime.fromtimestamp(record.created, UTC).isoformat().replace("+00:00", "Z")
        line = {"event": record.getMessage(), "level": record.levelname.lower(), "logger": "promptuary.supervisor"}
        return json.dumps(line | {"timestamp": moment})


def run(*, host: str, port: int, workers: int, address: str, drain_seconds: float, as_json: bool) -> NoReturn:
    """Supervise workers until a signal ends it."""
    _configure_log(as_json=as_json)
    with create_runtime_dir() as folder:
        pool = WorkerPool(host=host, port=port, workers=workers, address=address, folder=folder, drain_seconds=drain_seconds)
        status = pool.serve()
    sys.exit(status)


def _configure_log(*, as_json: bool) -> None:
    handler = logging.StreamHandler()
    handler.setFormatter(JsonLines() if as_json else logging.Formatter("%(asctime)s [%(levelname)s] %(message)s"))
    logging.basicConfig(level=logging.INFO, handlers=[handler])


def main() -> None:
    """Run as the command that `become_supervisor` starts."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--host", required=True)
    parser.add_argument("--port", required=True, type=int)
    parser.add_argument("--workers", required=True, type=int)
    parser.add_argument("--address", required=True)
    parser.add_argument("--drain-seconds", required=True, type=float)
    parser.add_argument("--json-logs", action="store_true", dest="as_json")
    run(**vars(parser.parse_args()))


if __name__ == "__main__":
    main()
