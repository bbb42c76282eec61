"""The command line, put together, and its exit statuses: 0 done, 1 refused, 2 misused, 130 interrupted."""

import os
import sys
from typing import Annotated

import typer

# Typer does not list it.
from typer.completion import completion_init  # type: ignore[attr-defined]

from promptuary.cli import completing
from promptuary.cli.command_group import CommandGroup
from promptuary.cli.entry import VERSION
from promptuary.cli.output import printable
from promptuary.cli.root_help import SUMMARY
from promptuary.cli.terminal import ColorChoice, choose_color, choose_quiet
from promptuary.model.errors import InvalidValue, RegistryError, UserFacingError

_CODES_WITHOUT_SUBJECT = {"blank", "invalid_label_name", "max_length", "null_characters_not_allowed"}
"""Refusals that say "this field", which is clear next to a field, but not on a command line."""

app = typer.Typer(
    name="promptuary",
    cls=CommandGroup,
    help=SUMMARY,
    context_settings={"help_option_names": ["-h", "--help"]},
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(VERSION)
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Show the version and exit.")
    ] = False,
    quiet: Annotated[
        bool,
        typer.Option("--quiet", "-q", callback=choose_quiet, expose_value=False, help="Print results, warnings and errors only."),
    ] = False,
    color: Annotated[
        ColorChoice | None,
        typer.Option("--color", callback=choose_color, expose_value=False, help="When to print colors."),
    ] = None,
) -> None:
    pass


def run() -> None:
    """Run the command line on the process's arguments and end the process."""
    if not all(map(_is_text, sys.argv)):
        sys.exit("Error: The arguments are not UTF-8 text.")
    is_completing = completing.VARIABLE in os.environ
    if is_completing:
        completion_init()
    try:
        app(prog_name="promptuary")
    except UserFacingError as failure:
        # A shell that completes words shows nothing else.
        sys.exit(1 if is_completing else f"Error: {printable(_sentence(failure))}")


def _is_text(argument: str) -> bool:
    try:
        argument.encode()
    except UnicodeEncodeError:
        return False
    return True


def _sentence(error: UserFacingError) -> str:
    if not isinstance(error, RegistryError):
        return str(error)
    if isinstance(error, InvalidValue) and error.field and error.code in _CODES_WITHOUT_SUBJECT:
        return f"{error.field.replace('_', ' ').capitalize()}: {error}"
    return error.for_operators
