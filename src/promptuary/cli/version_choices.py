"""Versions on the command line: a number, ``latest``, or the name of a label."""

from typing import Annotated, Any

import typer

from promptuary.cli.completing import complete_names
from promptuary.remote import RemoteError

PromptName = Annotated[str, typer.Argument(metavar="NAME", help="The prompt's name.", autocompletion=complete_names)]

LATEST = "latest"
_MAX_DIGITS = 9


def number_of(choice: str) -> int | None:
    """Return the number that a choice is, `None` for a name. Raises `typer.BadParameter` for a number that no version has."""
    if not (choice.isascii() and choice.isdigit()):
        return None
    if len(choice) > _MAX_DIGITS or int(choice) < 1:
        raise typer.BadParameter(f"{choice} is no version: they are numbered from 1.")
    return int(choice)


def version_of(page: dict[str, Any], choice: str) -> int:
    """Return the version that a choice means for a prompt; ``page`` is its page of the history. Raises `RemoteError`."""
    prompt = page["prompt"]
    number = number_of(choice)
    if number is not None:
        return number
    if choice == LATEST:
        latest: int = prompt["latest_version"]
        return latest
    for label in page["labels"]:
        if label["name"] == choice:
            version: int = label["version"]
            return version
    raise RemoteError(f"Label '{choice}' not found on prompt '{prompt['name']}'.")
