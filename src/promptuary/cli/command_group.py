"""Groups of commands that load those that are used, and give each the options that every command takes."""

from collections.abc import Iterator, Mapping, Sequence
from copy import copy
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

from promptuary.cli.commands import ADMIN_LOCATIONS, LOCATIONS, MOVED, Location
from promptuary.cli.root_help import root_help
from promptuary.model.errors import UserFacingError

SHARED = ("quiet", "color")
"""Options of the root that also work behind the name of a command."""


class LazyGroup(TyperGroup):
    """A group of commands, of which it loads those that are asked for. A subclass says where they are."""

    locations: Mapping[str, Location] = {}
    moved: tuple[str, ...] = ()

    def __init__(self, **attributes: Any) -> None:  # noqa: ANN401 - they are Typer's
        super().__init__(**attributes)
        # Typer only reads it.
        self.commands = _Commands(self.locations, self.moved)  # type: ignore[assignment]
        self.share([parameter for parameter in self.params if parameter.name in SHARED])

    def share(self, options: Sequence[Any]) -> None:
        """Give options of the root to all commands, when they are loaded."""
        self.commands.shared = options  # type: ignore[attr-defined]

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ANN401, ARG002 - Typer keeps the types to itself
        """Write the list of all commands, of which none is loaded for it."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, location.summary) for name, location in self.locations.items()])

    def shell_complete(self, ctx: Any, incomplete: str) -> Any:  # noqa: ANN401 - the same
        """Return names of commands and options, without loading a command."""
        commands = [TyperCommand(name, help=each.summary) for name, each in self.locations.items()]
        listed = _Listed(params=self.params, commands=commands)
        with typer.Context(listed, info_name=ctx.info_name) as context:
            return listed.shell_complete(context, incomplete)


class CommandGroup(LazyGroup):
    """The group of all commands."""

    locations = LOCATIONS
    moved = MOVED

    def get_help(self, ctx: Any) -> str:  # noqa: ANN401, ARG002 - Typer keeps the type to itself
        """Return the list of all commands, as it is without Typer."""
        return root_help()


class AdminGroup(LazyGroup):
    """The group of the commands that work on the database."""

    locations = ADMIN_LOCATIONS


class _Listed(TyperGroup):
    """All commands with nothing but their names and summaries."""


class _Commands(Mapping[str, Any]):
    """Commands by name, as Typer keeps them to itself, each loaded when it is taken out. Those that have moved are not listed."""

    def __init__(self, locations: Mapping[str, Location], moved: tuple[str, ...]) -> None:
        self.shared: Sequence[Any] = ()
        self._locations = locations
        self._moved = moved
        self._loaded: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:  # noqa: ANN401 - Typer keeps the type to itself
        if name not in self._loaded:
            command = _load_moved(name) if name in self._moved else _load(name, self._locations[name])
            self._loaded[name] = _with_options(command, self.shared)
        return self._loaded[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._locations)

    def __len__(self) -> int:
        return len(self._locations)


def _load_moved(name: str) -> Any:  # noqa: ANN401 - the same
    from promptuary.cli.output import say  # noqa: PLC0415 - most runs load no such command

    say(f"promptuary {name} is deprecated. Use: promptuary admin {name}", err=True)
    return _load(name, ADMIN_LOCATIONS[name])


def _load(name: str, location: Location) -> Any:  # noqa: ANN401 - the same
    try:
        found = getattr(import_module(f"promptuary.cli.{location.module}"), location.function)
    except ModuleNotFoundError as error:
        if (error.name or "promptuary").partition(".")[0] == "promptuary":
            raise
        words = f"admin {name}" if location in ADMIN_LOCATIONS.values() else name
        message = f'promptuary {words} needs the server, which is not installed. Run: pip install "promptuary[server]"'
        raise UserFacingError(message) from None
    # Of an application with a single command Typer makes the command itself, of one with a group a group of that one.
    app = typer.Typer(rich_markup_mode=None, add_completion=False)
    if isinstance(found, typer.Typer):
        app.add_typer(found, name=name)
        return typer.main.get_group(app).commands[name]
    app.command(name)(found)
    return typer.main.get_command(app)


def _with_options(command: Any, shared: Sequence[Any]) -> Any:  # noqa: ANN401 - the same
    """Add options to a command, and to all commands of a group. The help of the root explains them, once."""
    for option in map(copy, shared):
        option.hidden = True
        command.params.append(option)
    if isinstance(command, LazyGroup):
        command.share(shared)
    elif isinstance(command, TyperGroup):
        for each in command.commands.values():
            _with_options(each, shared)
    return command
