"""The servers of these tests need nothing of the machine but its user `nobody`, change nothing of it, and leave nothing behind."""

import json
import os
import pwd
import shutil
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import postgres_server
import psutil
import psycopg
import pytest
from ports import free_port


def test_a_server_runs_from_programs_that_only_their_owner_can_reach(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As an installation below /root is; root needs no program for accounts and opens no folder to other users."""
    installed = postgres_server.wheel_programs()
    assert installed is not None
    private = tmp_path / "private"
    private.mkdir(mode=0o700)
    package = installed.parent.parent
    for part in package.parent.glob(f"{package.name}*"):
        shutil.copytree(part, private / part.name, ignore=shutil.ignore_patterns("include", "*.a", "pginstall18"))
    copied = private / installed.relative_to(package.parent)
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    accounts = pwd.getpwall()
    modes = [folder.stat().st_mode for folder in (private, *private.parents)]
    with postgres_server.runnable(copied) as programs, postgres_server.server_folder() as folder:
        postgres_server.initialize(programs, folder / "data")
        with (
            postgres_server.running(programs, folder / "data", [f"--unix_socket_directories={folder}", "--listen_addresses="]),
            psycopg.connect(host=str(folder), user="postgres", dbname="postgres") as connection,
        ):
            assert connection.execute("SELECT 1").fetchone() == (1,)
        owner = (folder / "data").stat().st_uid
    assert owner == (pwd.getpwnam("nobody").pw_uid if os.geteuid() == 0 else os.geteuid())
    assert modes == [folder.stat().st_mode for folder in (private, *private.parents)]
    assert accounts == pwd.getpwall()
    assert not folder.exists()
    assert not programs.exists() or programs == copied


def test_a_killed_run_leaves_no_server_and_no_folder_behind(tmp_path: Path, until: Callable[[Callable[[], bool]], None]) -> None:
    program = """
        import time, postgres_server
        programs = postgres_server.wheel_programs()
        with postgres_server.runnable(programs) as programs, postgres_server.server_folder() as folder:
            postgres_server.initialize(programs, folder / "data")
            with postgres_server.running(programs, folder / "data", [f"--unix_socket_directories={folder}", "--listen_addresses="]):
                print(folder, flush=True)
                time.sleep(1000)
    """
    (tmp_path / "run.py").write_text(textwrap.dedent(program))
    environment = os.environ | {"PYTHONPATH": str(Path(postgres_server.__file__).parent)}
    with subprocess.Popen([sys.executable, tmp_path / "run.py"], env=environment, stdout=subprocess.PIPE, text=True) as run:
        assert run.stdout is not None
        folder = Path(run.stdout.readline().strip())
        server = psutil.Process(int((folder / "data" / "postmaster.pid").read_text().split("\n")[0]))
        run.kill()
    until(lambda: not folder.exists())
    # A system without a process that waits for orphans keeps their entries.
    assert not server.is_running() or server.status() == psutil.STATUS_ZOMBIE


def test_a_port_is_given_to_one_process_at_a_time() -> None:
    program = "from ports import free_port; print([free_port() for _ in range(3)], flush=True); input()"
    environment = os.environ | {"PYTHONPATH": str(Path(postgres_server.__file__).parent)}
    command = [sys.executable, "-c", program]
    with subprocess.Popen(command, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        theirs = json.loads(other.stdout.readline())
        ours = [free_port() for _ in range(300)]
        other.communicate("\n")
    assert len(set(theirs)) == 3
    assert set(theirs).isdisjoint(ours)
