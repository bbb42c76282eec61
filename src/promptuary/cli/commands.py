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


@dataclass(frozen=True, slots=True)
class Location:
    """A function of a module of this package, or its ``app`` with further commands, and the first sentence of its help."""

    module: str
    summary: str
    function: str = "app"


LOCATIONS: Mapping[str, Location] = {
    "serve": Location("serve", "Start the server.", "serve"),
    "mcp": Location("mcp", "Serve an agent over standard input and output (MCP).", "mcp"),
    "demo": Location(
        "demo", "Create a demo project with a dozen prompts with histories and labels, and print a key for it.", "demo"
    ),
    "login": Location("login", "Store a server, a project and a key for later commands.", "login"),
    "logout": Location("login", "Remove a profile and its key.", "logout"),
    "export": Location(
        "transfers", "Write a whole project into a file: prompts, versions, labels, authors, times.", "export_project"
    ),
    "import": Location("transfers", "Import an export, or a PostHog project, into a project.", "import_project"),
    "pull": Location("pull", "Write each prompt to a file and record the versions in prompts.lock.", "pull"),
    "push": Location("push", "Publish local edits since the last pull, each on top of its base version.", "push"),
    "check": Location("check", "Check, without a server and without the lock file, that each file is a valid prompt.", "check"),
    "plan": Location("plan", "Show what apply would publish, label and archive.", "plan"),
    "apply": Location("plan", "Publish and label what differs from the server, each prompt in one step.", "apply"),
    "sync": Location("sync", "Write what was released in the pages to the files, without questions.", "sync"),
    "status": Location("status", "List local edits, and versions of the server that were not pulled.", "status"),
    "diff": Location("status", "Compare local files with the pulled versions.", "diff"),
    "verify": Location(
        "verify", "Check, without a server, that files match the lock file and have the declared variables.", "verify"
    ),
    "bundle": Location("bundle", "Write all prompts of a folder to one file, from which client libraries serve them.", "bundle"),
    "stubs": Location("stubs", "Write types for the prompts of a folder, from their declared variables.", "stubs"),
    "schema": Location("schema", "Print the JSON Schema of the front matter of prompts, or of promptuary.toml.", "schema"),
    "user": Location("users", "User accounts."),
    "project": Location("projects", "Projects: separate sets of prompts with their own members and token."),
    "member": Location("members", "Project members."),
    "key": Location("keys", "Personal API keys."),
    "webhook": Location("webhooks", "Webhooks, by which other services learn of changes of prompts and labels."),
    "db": Location("db", "Upgrade, check, back up and restore the database."),
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
}
"""All commands by name, in the order of the help."""


class CommandGroup(TyperGroup):
    """The group of all commands, of which it loads those that are asked for."""

    def __init__(self, **attributes: Any) -> None:  # noqa: ANN401 - they are Typer's
        super().__init__(**attributes)
        # Typer only reads it.
        self.commands = _Commands()  # type: ignore[assignment]

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ANN401, ARG002 - Typer keeps the types to itself
        """Write the list of all commands, of which none is loaded for it."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, location.summary) for name, location in LOCATIONS.items()])


class _Commands(Mapping[str, Any]):
    """Commands by name, as Typer keeps them to itself, each loaded when it is taken out."""

    def __init__(self) -> None:
        self._loaded: dict[str, Any] = {}

    def __getitem__(self, name: str) -> Any:  # noqa: ANN401 - Typer keeps the type to itself
        if name not in self._loaded:
            self._loaded[name] = _load(name, LOCATIONS[name])
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
