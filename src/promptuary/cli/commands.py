"""All commands with their modules. The imports of a command are loaded when it is used.

Most of the time that a command takes is the loading of libraries: those that ask a server need no database layer, those that work
on the database need no HTTP. ``promptuary --help`` shows the lines of the table here and loads no command.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperGroup

from promptuary.model.errors import UserFacingError


@dataclass(frozen=True, slots=True)
class Location:
    """A function of a module of this package, or its ``app`` with further commands, and the first sentence of its help."""

    module: str
    summary: str
    function: str = "app"


LOCATIONS: Mapping[str, Location] = {
    "serve": Location("serve", "Start the server.", "serve"),
    "mcp": Location("mcp", "Serve an agent over standard input and output (MCP).", "mcp"),
    "login": Location("login", "Log in to a server by a browser, or with a key, for later commands.", "login"),
    "logout": Location("login", "Remove a profile and its key.", "logout"),
    "whoami": Location("whoami", "Show the server, project, user and key that commands use.", "whoami"),
    "profile": Location("profiles", "Stored servers, projects and keys."),
    "export": Location(
        "transfers", "Write a whole project into a file: prompts, versions, labels, authors, times.", "export_project"
    ),
    "import": Location("transfers", "Import an export, or a PostHog project, into a project.", "import_project"),
    "pull": Location("pull", "Write each prompt to a file and record the versions in prompts.lock.", "pull"),
    "push": Location("push", "Publish local edits since the last pull, each on top of its base version.", "push"),
    "status": Location("status", "List local edits, and versions of the server that were not pulled.", "status"),
    "diff": Location("status", "Compare local files with the pulled versions.", "diff"),
    "verify": Location(
        "verify", "Check, without a server, that files match the lock file and have the declared variables.", "verify"
    ),
    "bundle": Location("bundle", "Write all prompts of a folder to one file, from which client libraries serve them.", "bundle"),
    "stubs": Location("stubs", "Write types for the prompts of a folder, from their declared variables.", "stubs"),
    "project": Location("projects", "Projects of a server, over HTTP."),
    "member": Location("members", "Members of a project, over HTTP."),
    "key": Location("keys", "Your personal API keys, over HTTP."),
    "prompt": Location("prompt_writing", "Read, write, compare, label and archive the prompts of a server over HTTP."),
    "label": Location("labels", "Point a label of a prompt at a version, take its last move back, list its history."),
    "promote": Location(
        "releases", "Point a label of many prompts at what another label points at: all of them, or none.", "promote"
    ),
    "releases": Location(
        "releases", "List releases, which are labels of several prompts that were moved together, and undo one as a whole."
    ),
    "request": Location("requests", "Propose moves of labels; review, approve and merge what others propose."),
    "rule": Location("rules", "Protect labels: who may move them, and how many approvals it takes."),
    "at": Location("past", "Show what programs got at a time of the past, or list the prompts of then.", "show_past"),
    "admin": Location("admin", "Work directly on the database of a server, on its host."),
}
"""All commands by name, in the order of the help."""

ADMIN_LOCATIONS: Mapping[str, Location] = {
    "user": Location("admin.users", "User accounts."),
    "project": Location("admin.projects", "Projects: separate sets of prompts with their own members and token."),
    "member": Location("admin.members", "Project members."),
    "key": Location("admin.keys", "Personal API keys."),
    "webhook": Location("admin.webhooks", "Webhooks, by which other services learn of changes of prompts and labels."),
    "db": Location("admin.db", "Upgrade, check, back up and restore the database."),
    "demo": Location(
        "admin.demo", "Create a demo project with a dozen prompts with histories and labels, and print a key for it.", "demo"
    ),
}
"""The commands of ``promptuary admin``: all that open the database, but ``promptuary serve``."""

MOVED = ("user", "webhook", "db", "demo")
"""Names that were commands of their own until they moved to ``promptuary admin``. They still work, and are not in the help."""


class CommandGroup(TyperGroup):
    """The group of all commands, of which it loads those that are asked for."""

    locations = LOCATIONS
    moved: tuple[str, ...] = MOVED

    def __init__(self, **attributes: Any) -> None:  # noqa: ANN401 - they are Typer's
        super().__init__(**attributes)
        # Typer only reads it.
        self.commands = _Commands(self.locations, self.moved)  # type: ignore[assignment]

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ANN401, ARG002 - Typer keeps the types to itself
        """Write the list of all commands, of which none is loaded for it."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, location.summary) for name, location in self.locations.items()])


class AdminGroup(CommandGroup):
    """The group of the commands that work on the database."""

    locations = ADMIN_LOCATIONS
    moved = ()


class _Commands(Mapping[str, Any]):
    """Commands by name, as Typer keeps them to itself, each loaded when it is taken out. Those that have moved are not listed."""

    def __init__(self, locations: Mapping[str, Location], moved: tuple[str, ...]) -> None:
        self._locations = locations
        self._moved = moved
        self._loaded: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:  # noqa: ANN401 - Typer keeps the type to itself
        if name not in self._loaded:
            self._loaded[name] = _load_moved(name) if name in self._moved else _load(name, self._locations[name])
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
