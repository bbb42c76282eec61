"""Fixtures of commands that work over HTTP: one real server for all of them, a project and a folder for each."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from cli_harness import RemoteCli, make_cli
from serving import Server, running_server


@dataclass(frozen=True)
class _Running:
    server: Server
    database_url: str


@pytest.fixture(scope="session")
def _running(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[_Running]:
    folder = tmp_path_factory.mktemp("server")
    url = f"sqlite:///{shutil.copy(sqlite_template, folder / 'promptuary.db')}"
    with running_server(url, folder / "output.txt") as server:
        yield _Running(server, url)


@pytest.fixture
def cli(_running: _Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[RemoteCli]:
    """A folder, a project of its own on a real server, and a key that may do everything."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    folder = tmp_path / "cli"
    folder.mkdir()
    with make_cli(_running.server, _running.database_url, folder) as made:
        yield made
