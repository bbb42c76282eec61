"""The group of all commands, which loads those that are used, and gives each the options that every command takes."""

from collections.abc import Iterator, Mapping
from copy import copy
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from promptuary.cli.commands import LOCATIONS, Location
from promptuary.cli.root_help import root_help

SHARED = ("quiet", "color")
"""Options of the root that also work behind the name of a command."""


class CommandGroup(TyperGroup):
    """The group of all commands, of which it loads those that are asked for."""

    def __init__(self, **attributes: Any) -> None:  # noqa: ANN401 - they are Typer's
        super().__init__(**attributes)
        shared = [parameter for parameter in self.params if parameter.name in SHARED]
        # Typer only reads it.
        self.commands = _Commands(shared)  # type: ignore[assignment]

    def get_help(self, ctx: Any) -> str:  # noqa: ANN401, ARG002 - Typer keeps the type to itself
        """Return the list of all commands, of which none is loaded for it."""
        return root_help()

    def shell_complete(self, ctx: Any, incomplete: str) -> Any:  # noqa: ANN401 - the same
        """Return names of commands and options, without loading a command."""
        listed = _Listed(params=self.params, commands=[TyperCommand(name, help=each.summary) for name, each in LOCATIONS.items()])
        with typer.Context(listed, info_name=ctx.info_name) as context:
            return listed.shell_complete(context, incomplete)


class _Listed(TyperGroup):
    """All commands with nothing but their names and summaries."""


class _Commands(Mapping[str, Any]):
    """Commands by name, as Typer keeps them to itself, each loaded when it is taken out."""

    def __init__(self, shared: list[Any]) -> None:
        self._loaded: dict[str, Any] = {}
        self._shared = shared

    def __getitem__(self, name: str) -> Any:  # noqa: ANN401 - Typer keeps the type to itself
        if name not in self._loaded:
            self._loaded[name] = _with_options(_load(name, LOCATIONS[name]), self._shared)
        return self._loaded[name]

    def __iter__(self) -> Iterator[str]:
        return iter(LOCATIONS)

    def __len__(self) -> int:
        return len(LOCATIONS)


def _load(name: str, location: Location) -> Any:  # noqa: ANN401 - the same
    found = getattr(import_module(f"promptuary.cli.{location.module}"), location.function)
    # Of an application with a single command Typer makes the command itself, of one with a group a group of that one.
    app = typer.Typer(rich_markup_mode=None, add_completion=False)
    if isinstance(found, typer.Typer):
        app.add_typer(found, name=name)
        return typer.main.get_group(app).commands[name]
    app.command(name)(found)
    return typer.main.get_command(app)


def _with_options(command: Any, shared: list[Any]) -> Any:  # noqa: ANN401 - the same
    """Add options to a command, and to all commands of a group. The help of the root explains them, once."""
    for option in map(copy, shared):
        option.hidden = True
        command.params.append(option)
    for each in command.commands.values() if isinstance(command, TyperGroup) else ():
        _with_options(each, shared)
    return command
