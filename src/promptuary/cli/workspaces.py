"""Workspaces of commands on a folder of prompts: the folder, and the environment of ``promptuary.toml`` that is meant, if any."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import typer

from promptuary.cli.remote import reached_prompts
from promptuary.files import (
    CONFIGURATION,
    DEFAULT_FOLDER,
    LOCK,
    Configuration,
    Declared,
    Environment,
    Folder,
    InvalidFile,
    Lock,
    find_configuration,
    read_folder,
)
from promptuary.model.hosts import is_host, is_same_host
from promptuary.remote import Remote, RemoteError, RemotePrompts, read_profile_for
from promptuary.sync import read_declared

ENV = "PROMPTUARY_ENV"

EnvName = Annotated[
    str | None,
    typer.Option("--env", help="The environment of promptuary.toml. Default: PROMPTUARY_ENV, else the only environment."),
]

FolderPath = Annotated[
    Path | None,
    typer.Argument(metavar="DIR", help="The folder of prompts. Default: that of promptuary.toml, else prompts.", file_okay=False),
]


@dataclass(frozen=True, slots=True)
class Workspace:
    """A folder of prompts, and the environment that its lock file and its server are of."""

    path: Path
    environment: Environment | None = None
    declared: Declared = field(default_factory=dict)
    is_shared: bool = False
    configuration: Path | None = None
    """The path of ``promptuary.toml``, if there is one."""

    @property
    def label(self) -> str | None:
        """The label that releases prompts in the environment."""
        return self.environment.label if self.environment else None

    def read(self) -> Folder:
        """Read the folder with the lock of the environment. Raises `InvalidFile`."""
        lock_name = self.environment.lock_name if self.environment else LOCK
        adopts = None if self.environment is None else self._adopts
        return read_folder(self.path, lock_name=lock_name, adopts=adopts, is_shared=self.is_shared)

    def read_declared(self) -> Declared:
        """Return the variables that ``promptuary.toml`` declares, at the root and in the folder. Raises `InvalidFile`."""
        return {**self.declared, **read_declared(self.path)}

    @contextmanager
    def reached(self, profile: str | None) -> Iterator[RemotePrompts]:
        """Provide the prompts of the environment's project, or of a profile's if there is no environment."""
        if self.environment is None:
            with reached_prompts(profile) as prompts:
                yield prompts
            return
        if profile is not None and not profile.strip():
            raise RemoteError("The name of the profile is empty.")
        host, project = self.environment.host, str(self.environment.project)
        with Remote(read_profile_for(host, project, name=profile, suggested=self.environment.profile)) as remote:
            yield RemotePrompts(remote)

    def _adopts(self, lock: Lock) -> bool:
        """Return `True` for a lock from before there were environments, if it is of the same project."""
        found = self.environment
        is_here = found is not None and is_host(lock.server) and is_same_host(lock.server, found.host)
        return is_here and found is not None and lock.project == str(found.project)


def open_workspace(folder_path: Path | None, env: str | None, *, needs_environment: bool = True) -> Workspace:
    """Return the folder and the environment that a command is about. Raises `InvalidFile`.

    Without ``needs_environment``, the first environment is taken if there are several and none is named.
    """
    configuration = find_configuration(Path.cwd())
    if configuration is None:
        if env is not None:
            raise InvalidFile(f"There is no {CONFIGURATION} here or at the root of the repository, so --env {env} names nothing.")
        return Workspace(_folder(folder_path or Path(DEFAULT_FOLDER)))
    environment = _chosen(configuration, env, needs_environment=needs_environment)
    path = _folder(folder_path or Path(os.path.relpath(configuration.folder_path)))
    is_shared = len(configuration.environments) > 1
    return Workspace(path, environment, configuration.variables, is_shared, Path(os.path.relpath(configuration.path)))


def _folder(path: Path) -> Path:
    if path.is_file():
        raise typer.BadParameter(f"The folder of prompts, '{path}', is a file.")
    return path


def _chosen(configuration: Configuration, env: str | None, *, needs_environment: bool) -> Environment | None:
    environments = configuration.environments
    name = env or os.environ.get(ENV)
    if name:
        if name not in environments:
            known = ", ".join(environments) or "none"
            raise InvalidFile(f"{os.path.relpath(configuration.path)} has no environment '{name}'. Known are: {known}.")
        return environments[name]
    if len(environments) > 1 and needs_environment:
        raise InvalidFile(f"Choose an environment with --env or {ENV}: {', '.join(environments)}.")
    return next(iter(environments.values()), None)
