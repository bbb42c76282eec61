"""The command line, put together, and its exit statuses: 0 done, 1 refused, 2 misused."""

import sys
from typing import Annotated

import typer

from promptuary import __version__
from promptuary.cli import (
    bundle,
    db,
    demo,
    keys,
    login,
    mcp,
    members,
    projects,
    prompt_writing,
    prompts,
    pull,
    push,
    serve,
    status,
    transfers,
    users,
    verify,
)
from promptuary.cli.showing import printable
from promptuary.files import InvalidFile
from promptuary.model.errors import InvalidValue, Refusal, Unavailable
from promptuary.remote import RemoteRefusal

_CODES_WITHOUT_SUBJECT = {"blank", "max_length", "null_characters_not_allowed"}
"""Refusals that say "this field", which is clear next to a field, but not on a command line."""

app = typer.Typer(
    name="promptuary",
    help="A prompt registry: versioned, labelled, searchable prompts, served to running programs.\n\n"
    "Start with: promptuary serve. Settings come from PROMPTUARY_... variables and from .env.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
app.command("serve")(serve.serve)
app.command("mcp", short_help="Serve an agent over standard input and output.")(mcp.mcp)
app.add_typer(users.app, name="user")
app.add_typer(projects.app, name="project")
app.add_typer(members.app, name="member")
app.add_typer(keys.app, name="key")
app.add_typer(db.app, name="db")
app.command("demo", short_help="Create a demo project with a dozen prompts.")(demo.demo)
app.command("login", short_help="Keep a server, a project and a key for later commands.")(login.login)
app.command("logout")(login.logout)
app.command("export", short_help="Write a whole project into a file.")(transfers.export_project)
app.command("import", short_help="Bring an export, or a PostHog project, into a project.")(transfers.import_project)
prompts.app.command("create")(prompt_writing.create)
prompts.app.command("publish")(prompt_writing.publish)
prompts.app.command("edit")(prompt_writing.edit)
app.add_typer(prompts.app, name="prompt")
app.command("pull")(pull.pull)
app.command("push")(push.push)
app.command("status")(status.status)
app.command("diff")(status.diff)
app.command("verify")(verify.verify)
app.command("bundle")(bundle.bundle)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"promptuary {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    pass


def main() -> None:
    """Run the command line on the process's arguments and end the process."""
    if not all(map(_is_text, sys.argv)):
        sys.exit("Error: The arguments are not UTF-8 text.")
    try:
        app()
    except Refusal as refusal:
        sys.exit(f"Error: {_sentence(refusal)}")
    except (RemoteRefusal, InvalidFile) as refusal:
        sys.exit(f"Error: {printable(str(refusal))}")


def _is_text(argument: str) -> bool:
    try:
        argument.encode()
    except UnicodeEncodeError:
        return False
    return True


def _sentence(refusal: Refusal) -> str:
    if isinstance(refusal, Unavailable) and refusal.reason:
        return f"The database is not available: {refusal.reason}."
    if isinstance(refusal, InvalidValue) and refusal.field and refusal.code in _CODES_WITHOUT_SUBJECT:
        return f"{refusal.field.replace('_', ' ').capitalize()}: {refusal}"
    return str(refusal)
