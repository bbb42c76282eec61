"""The label by which commands read a prompt if no version is named: that of the variable ``PROMPTUARY_LABEL``.

Commands that change something, list prompts or keep files in line with a server do not read it: their result would depend on a
variable that users do not see.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer

from promptuary.cli.completing import complete_labels
from promptuary.model.errors import InvalidValue
from promptuary.model.names import check_label_name
from promptuary.remote import Missing, RemoteError

VARIABLE = "PROMPTUARY_LABEL"

ReadLabel = Annotated[
    str | None,
    typer.Option(
        "--label",
        help=f"The version with this label. Default: that of {VARIABLE}, else the latest version.",
        autocompletion=complete_labels,
    ),
]
Latest = Annotated[bool, typer.Option("--latest", help=f"The latest version, also if {VARIABLE} is set.")]


@contextmanager
def chosen_label(label: str | None, *, latest: bool, version: int | None = None) -> Iterator[str | None]:
    """Provide the label to read by: the named one, else that of the environment; `None` for the latest or a numbered version.

    In the block, an error about a label that is missing names the variable that it is from.
    """
    if sum((label is not None, latest, version is not None)) > 1:
        raise typer.BadParameter("--version, --label and --latest exclude each other.")
    if label is not None:
        check_label_name(label, field="label")
    default = default_label() if label is None and version is None and not latest else None
    try:
        yield label or default
    except Missing as error:
        if default is None:
            raise
        raise RemoteError(f"{error} {VARIABLE} is '{default}'; --latest asks for the latest version.") from None


def default_label() -> str | None:
    """Return the label of the environment, `None` if it has none. Raises `InvalidValue` for an empty one: it is not the latest."""
    default = os.environ.get(VARIABLE)
    if default is None:
        return None
    if not default.strip():
        message = f"{VARIABLE} is empty. Set it to the name of a label, or unset it; --latest asks for the latest version."
        raise InvalidValue("invalid_setting", message)
    try:
        check_label_name(default)
    except InvalidValue as error:
        message = f"{VARIABLE} is '{default}', which is not the name of a label. {error}"
        raise InvalidValue("invalid_setting", message) from None
    return default
