"""``promptuary bundle``: one file for programs that start without a server."""

from pathlib import Path
from typing import Annotated

import typer

from promptuary.cli.output import AsJson, say, show_json, write_out
from promptuary.cli.remote import Yes
from promptuary.cli.workspaces import EnvName, FolderPath, open_workspace
from promptuary.files import InvalidFile, write_file
from promptuary.model.text import counted
from promptuary.sync import bundle as make_bundle
from promptuary.sync import is_replaceable

_STANDARD_OUTPUT = Path("-")


def bundle(
    folder_path: FolderPath = None,
    env: EnvName = None,
    output: Annotated[Path, typer.Option("--output", "-o", help="The file to write; - is standard output.")] = Path(
        "prompts.bundle.json"
    ),
    yes: Yes = False,
    as_json: AsJson = False,
) -> None:
    """Write all prompts of a folder to one file, from which client libraries serve them. Works without a server."""
    folder = open_workspace(folder_path, env).read()
    data = make_bundle(folder)
    if output == _STANDARD_OUTPUT:
        write_out(data)
        return
    if not yes and not is_replaceable(output):
        raise InvalidFile(f"{output} exists and is not a bundle. To overwrite it, add --yes.")
    write_file(output, data)
    if as_json:
        show_json({"file": str(output), "prompts": len(folder.entries), "bytes": len(data)})
    else:
        say(f"{output} has {counted(len(folder.entries), 'prompt')} ({counted(len(data), 'byte')}).")
