"""The command line, put together, and its exit statuses: 0 done, 1 refused, 2 misused."""

import sys
from typing import Annotated

import typer

from promptuary import __version__
from promptuary.cli.commands import CommandGroup
from promptuary.cli.output import printable
from promptuary.model.errors import InvalidValue, RegistryError, UserFacingError

_CODES_WITHOUT_SUBJECT = {"blank", "invalid_label_name", "max_length", "null_characters_not_allowed"}
"""Refusals that say "this field", which is clear next to a field, but not on a command line."""

app = typer.Typer(
    name="promptuary",
    cls=CommandGroup,
    help="A prompt registry: versioned, labelled, searchable prompts, served to running programs.\n\n"
    "Start with: promptuary serve. Settings come from PROMPTUARY_... variables and from .env. Commands that work over "
    "HTTP use PROMPTUARY_HOST, PROMPTUARY_API_KEY and PROMPTUARY_PROJECT, or a profile of promptuary login, but not .env.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


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
    except RegistryError as error:
        sys.exit(f"Error: {printable(_sentence(error))}")
    except UserFacingError as failure:
        sys.exit(f"Error: {printable(str(failure))}")


def _is_text(argument: str) -> bool:
    try:
        argument.encode()
    except UnicodeEncodeError:
        return False
    return True


def _sentence(error: RegistryError) -> str:
    if isinstance(error, InvalidValue) and error.field and error.code in _CODES_WITHOUT_SUBJECT:
        return f"{error.field.replace('_', ' ').capitalize()}: {error}"
    return error.for_operators
