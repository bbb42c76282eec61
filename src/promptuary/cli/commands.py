"""Which commands there are, and where each is. What a command needs is loaded when it is used.

Most of the time that a command takes is the loading of libraries: those that ask a server need no database layer, those that work
on the database need no HTTP. To tell what all of them do, such as ``promptuary --help``, loads all.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup


@dataclass(frozen=True, slots=True)
class Place:
    """A function of a module of this package, or its ``app`` with further commands."""

    module: str
    function: str = "app"
    short_help: str | None = None


PLACES: Mapping[str, Place] = {
    "serve": Place("serve", "serve"),
    "mcp": Place("mcp", "mcp", "Serve an agent over standard input and output."),
    "demo": Place("demo", "demo", "Create a demo project with a dozen prompts."),
    "login": Place("login", "login", "Keep a server, a project and a key for later commands."),
    "logout": Place("login", "logout"),
    "export": Place("transfers", "export_project", "Write a whole project into a file."),
    "import": Place("transfers", "import_project", "Bring an export, or a PostHog project, into a project."),
    "pull": Place("pull", "pull"),
    "push": Place("push", "push"),
    "status": Place("status", "status"),
    "diff": Place("status", "diff"),
    "verify": Place("verify", "verify"),
    "bundle": Place("bundle", "bundle"),
    "user": Place("users"),
    "project": Place("projects"),
    "member": Place("members"),
    "key": Place("keys"),
    "db": Place("db"),
    "prompt": Place("prompt_writing"),
}
"""All commands by name, in the order of the help."""


class CommandGroup(TyperGroup):
    """The group of all commands, of which it loads those that are asked for."""

    def __init__(self, **attributes: Any) -> None:  # noqa: ANN401 - they are Typer's
        super().__init__(**attributes)
        # Typer only reads it.
        self.commands = _Commands()  # type: ignore[assignment]


class _Commands(Mapping[str, Any]):
    """Commands by name, as Typer keeps them to itself, each loaded when it is taken out."""

    def __init__(self) -> None:
        self._loaded: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:  # noqa: ANN401 - Typer keeps the type to itself
        if name not in self._loaded:
            self._loaded[name] = _load(name, PLACES[name])
        return self._loaded[name]

    def __iter__(self) -> Iterator[str]:
        return iter(PLACES)

    def __len__(self) -> int:
        return len(PLACES)


def _load(name: str, place: Place) -> Any:  # noqa: ANN401 - the same
    found = getattr(import_module(f"promptuary.cli.{place.module}"), place.function)
    # Of an application with a single command Typer makes the command itself, of one with a group a group of that one.
    app = typer.Typer(rich_markup_mode=None, add_completion=False)
    if isinstance(found, typer.Typer):
        app.add_typer(found, name=name)
        return typer.main.get_group(app).commands[name]
    app.command(name, short_help=place.short_help)(found)
    return typer.main.get_command(app)
