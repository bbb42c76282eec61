"""Startup of a server, by its first worker: prepare the database, create its initial contents, print the first steps."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from promptuary.model.errors import RegistryError
from promptuary.registry import bootstrap
from promptuary.settings import Settings
from promptuary.store import schema
from promptuary.store.engine.database import Database
from promptuary.supervisor.pool import REFUSED
from promptuary.web import bundle
from promptuary.worker.banner import banner

_NO_SCRIPTS = "  Pages have no scripts here: they are built by `make frontend`, which needs npm.\n"


def open_database(settings: Settings) -> Database:
    """Open the database of the settings; ends the process as `prepare` does."""
    with _refusing():
        return Database.open(
            settings.resolved_database_url,
            pool_size=settings.database_pool_size,
            reference_depth=settings.allowed_reference_depth,
        )


def prepare(database: Database, *, address: str) -> None:
    """Prepare the database of the settings and print what people need to know; ``address`` is where they reach the server.

    Ends the process with the status `REFUSED` where that cannot be done, after a sentence on standard error.
    """
    with _refusing():
        if not schema.is_current(database):
            _upgrade()
        with database.write() as tx:
            first = bootstrap.prepare(tx)
            link = first.link if first else bootstrap.renew_link(tx)
    lines = [banner(first, link=link, address=address, data=database.address)]
    if not bundle.is_built():
        lines.append(_NO_SCRIPTS)
    sys.stdout.write("\n".join([*lines, ""]))
    sys.stdout.flush()


@contextmanager
def _refusing() -> Iterator[None]:
    try:
        yield
    except RegistryError as error:
        sys.stderr.write(f"Error: {error.for_operators}\n")
        sys.exit(REFUSED)


def _upgrade() -> None:
    # A process of its own: what it loads would stay in the worker's memory.
    done = subprocess.run(
        [sys.executable, "-m", "promptuary", "admin", "db", "upgrade"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        check=False,
    )
    # The banner names the database.
    named, _, others = done.stderr.partition("\n")
    sys.stderr.write(others if named.startswith("Database: ") else done.stderr)
    sys.stderr.flush()
    if done.returncode:
        sys.exit(REFUSED)
