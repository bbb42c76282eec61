"""``promptuary stubs``: types for the prompts of a folder."""

from pathlib import Path
from typing import Annotated

import typer

from promptuary.cli.output import say, write_out
from promptuary.cli.workspaces import EnvName, FolderPath, open_workspace
from promptuary.files import write_file
from promptuary.model.text import counted
from promptuary.sync import python_stubs, typescript_stubs


def stubs(
    folder_path: FolderPath = None,
    env: EnvName = None,
    python: Annotated[bool, typer.Option("--python", help="Write a Python module with a function for each prompt.")] = False,
    typescript: Annotated[bool, typer.Option("--typescript", help="Write TypeScript declarations (.d.ts).")] = False,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="The file to write. Default: standard output.")] = None,
) -> None:
    """Write types for the prompts of a folder, from their declared variables. Works without a server."""
    if python == typescript:
        raise typer.BadParameter("Choose either --python or --typescript.")
    folder = open_workspace(folder_path, env).read()
    data = (python_stubs(folder) if python else typescript_stubs(folder)).encode()
    if output is None:
        write_out(data)
        return
    write_file(output, data)
    say(f"{output} has types for {counted(len(folder.entries), 'prompt')}.")
