"""The command line as a real process in a folder of its own."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import typer
from forked_commands import run_forked
from serving import environment

from promptuary.cli.application import app
from promptuary.store import schema
from promptuary.store.engine.database import Database


def all_commands() -> dict[str, Any]:
    """All commands of the command line by their words, such as ``user create``."""
    return dict(_commands_of(typer.main.get_group(app), ()))


def _commands_of(group: Any, words: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from _commands_of(command, (*words, name))
        else:
            yield " ".join((*words, name)), command


@dataclass(frozen=True)
class CommandLine:
    """Runs commands in a folder, on the database of the folder's settings or of ``database_url``."""

    folder: Path
    database_url: str = ""

    def run(self, *arguments: str, stdin: str | bytes = "", **settings: str) -> subprocess.CompletedProcess[str]:
        finished = run_forked(
            arguments,
            folder=self.folder,
            environment=self.environment(**settings),
            stdin=stdin.encode() if isinstance(stdin, str) else stdin,
        )
        output, errors = finished.stdout.decode(), finished.stderr.decode()
        return subprocess.CompletedProcess(finished.args, finished.returncode, output, errors)

    def admin(self, *arguments: str, stdin: str | bytes = "", **settings: str) -> subprocess.CompletedProcess[str]:
        """Run a command of ``promptuary admin``, and leave out the line that names its database."""
        finished = self.run("admin", *arguments, stdin=stdin, **settings)
        first, _, others = finished.stderr.partition("\n")
        errors = others if first.startswith("Database: ") else finished.stderr
        return subprocess.CompletedProcess(finished.args, finished.returncode, finished.stdout, errors)

    def environment(self, **settings: str) -> dict[str, str]:
        """The environment of the commands: the database, when it is not the folder's own, and the settings that are given."""
        own = {"database_url": self.database_url} if self.database_url else {}
        return environment(**(own | settings))

    def admin_json(self, *arguments: str, stdin: str = "") -> Any:
        """Run a command of ``promptuary admin`` with ``--json``; return its output, which must be one line of JSON and no more."""
        finished = self.admin(*arguments, "--json", stdin=stdin)
        assert (finished.returncode, finished.stderr, finished.stdout.count("\n")) == (0, "", 1)
        return json.loads(finished.stdout)

    @contextmanager
    def opened_database(self) -> Iterator[Database]:
        """Open the database that the commands work on, with its schema."""
        url = self.database_url or f"sqlite:///{self.folder / 'promptuary-data' / 'promptuary.db'}"
        database = Database.open(url)
        try:
            schema.upgrade(database)
            yield database
        finally:
            database.close()
