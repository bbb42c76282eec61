"""What the first worker of a server does before it serves: prepare the database, make the first start, welcome people."""

import subprocess
import sys

from promptuary.model.errors import Refusal
from promptuary.registry import first_start
from promptuary.store import schema
from promptuary.store.database import Database
from promptuary.web import bundle
from promptuary.welcome import welcome
from promptuary.worker_pool import REFUSED

_NO_SCRIPTS = "  Pages have no scripts here: they are built by `make frontend`, which needs npm.\n"


def prepare(database: Database, *, address: str) -> None:
    """Prepare the database of the settings and print what people need to know; ``address`` is where they reach the server.

    Ends the process with the status `REFUSED` where that cannot be done, after a sentence on standard error.
    """
    try:
        if not schema.is_current(database):
            _upgrade()
        with database.write() as tx:
            first = first_start.prepare(tx)
            link = first.link if first else first_start.renew_link(tx)
    except Refusal as refusal:
        sys.stderr.write(f"Error: {refusal.for_operators}\n")
        sys.exit(REFUSED)
    lines = [welcome(first, link=link, address=address, data=database.address)]
    if not bundle.is_built():
        lines.append(_NO_SCRIPTS)
    sys.stdout.write("\n".join([*lines, ""]))
    sys.stdout.flush()


def _upgrade() -> None:
    # A process of its own: what it loads would stay in the worker's memory.
    done = subprocess.run([sys.executable, "-m", "promptuary", "db", "upgrade"], stdout=subprocess.DEVNULL, check=False)
    if done.returncode:
        sys.exit(REFUSED)
