"""The servers of these tests need nothing of the machine but its user `nobody`, and change nothing of it."""

import os
import pwd
import shutil
from pathlib import Path

import postgres_server
import psycopg
import pytest


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
