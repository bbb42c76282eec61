"""A person at a terminal: a folder, a project of their own on a real server, and commands that reach it over HTTP."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx2
from builders import Registry, make_key, make_registry
from command_line import CommandLine
from serving import Server

from promptuary.model.access import Scope
from promptuary.store.engine.database import Database


@dataclass(frozen=True)
class RemoteCli:
    """Runs commands in ``folder`` with the environment of a key to a project."""

    folder: Path
    host: str
    key: str
    project: str
    registry: Registry | None = None

    def run(self, *arguments: str, stdin: str | bytes = "", **settings: str) -> subprocess.CompletedProcess[str]:
        own = {"host": self.host, "api_key": self.key, "project": self.project}
        return CommandLine(self.folder).run(*arguments, stdin=stdin, **(own | settings))

    def json(self, *arguments: str, stdin: str | bytes = "", status: int = 0) -> Any:
        """Run a command with ``--json``; return what it prints, which must be one line of JSON and nothing else."""
        finished = self.run(*arguments, "--json", stdin=stdin)
        assert (finished.returncode, finished.stderr, finished.stdout.count("\n")) == (status, "", 1), finished
        return json.loads(finished.stdout)

    def json_of(self, *arguments: str) -> Any:
        """Run a command with ``--json`` that also warns; return what it prints."""
        finished = self.run(*arguments, "--json")
        assert finished.returncode == 0, finished
        return json.loads(finished.stdout)

    def error(self, *arguments: str, stdin: str | bytes = "", **settings: str) -> str:
        """Run a command that must be refused and return its sentence."""
        finished = self.run(*arguments, stdin=stdin, **settings)
        assert (finished.returncode, finished.stdout, finished.stderr.count("\n")) == (1, "", 1), finished
        start, sentence = finished.stderr.split(": ", maxsplit=1)
        assert start == "Error"
        return sentence.removesuffix("\n")

    def at(self, folder: Path) -> "RemoteCli":
        """The same key in another folder."""
        folder.mkdir(exist_ok=True)
        return replace(self, folder=folder)

    @property
    def api(self) -> httpx2.Client:
        """A plain client of the project's prompts."""
        path = f"{self.host}/api/projects/{self.project}/llm_prompts/"
        # Nobody closes it, so that it keeps no connection.
        limits = httpx2.Limits(max_keepalive_connections=0)
        return httpx2.Client(base_url=path, headers={"Authorization": f"Bearer {self.key}"}, limits=limits)

    def create(self, name: str, prompt: object = "Hello!", **fields: object) -> None:
        answer = self.api.post("", json={"name": name, "prompt": prompt, **fields})
        assert answer.status_code == 201, answer.text

    def publish(self, name: str, base: int, **fields: object) -> None:
        answer = self.api.patch(f"name/{name}/", json={"base_version": base, **fields})
        assert answer.status_code == 200, answer.text

    def label(self, name: str, label: str, version: int) -> None:
        assert self.api.put(f"name/{name}/labels/{label}/", json={"version": version}).is_success

    def latest(self, name: str) -> Any:
        return self.api.get(f"name/{name}/").json()

    def latest_labels(self, name: str) -> Any:
        return self.api.get(f"resolve/name/{name}/").json()["labels"]


@contextmanager
def make_cli(server: Server, database_url: str, folder: Path, *scopes: Scope) -> Iterator[RemoteCli]:
    """Provide a cli with a project of its own."""
    database = Database.open(database_url)
    registry = make_registry(database)
    with database.write() as tx:
        key = make_key(tx, registry.user, *scopes)
    yield RemoteCli(folder, server.url, key.value, str(registry.project.id), registry=registry)
    database.close()
