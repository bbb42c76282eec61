"""``promptuary schema``: JSON Schemas for editors."""

from enum import StrEnum
from importlib.resources import files
from typing import Annotated

import typer

from promptuary.cli.output import write_out


class Schema(StrEnum):
    """The documents that have a schema."""

    PROMPT = "prompt"
    CONFIGURATION = "configuration"


def schema(
    document: Annotated[
        Schema,
        typer.Argument(metavar="DOCUMENT", help="Document: prompt (front matter), or configuration (promptuary.toml)."),
    ],
) -> None:
    """Print the JSON Schema of the front matter of prompts, or of promptuary.toml."""
    write_out(files("promptuary.files").joinpath("schemas", f"{document.value}.schema.json").read_bytes())
