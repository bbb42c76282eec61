"""``promptuary completion``: scripts by which shells complete commands, options and names."""

from enum import StrEnum
from typing import Annotated

import typer

# Typer does not list it.
from typer.completion import get_completion_script  # type: ignore[attr-defined]

from promptuary.cli.completing import VARIABLE
from promptuary.cli.output import write_out


class Shell(StrEnum):
    """Shells that have completion."""

    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"
    POWERSHELL = "powershell"


def completion(shell: Annotated[Shell, typer.Argument(metavar="SHELL", help="The shell: bash, zsh, fish or powershell.")]) -> None:
    """Print the script with which a shell completes commands, options, and names of prompts and labels."""
    script = get_completion_script(prog_name="promptuary", complete_var=VARIABLE, shell=shell.value)
    write_out(f"{script}\n".encode())
