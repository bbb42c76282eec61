"""``promptuary pull``: prompts of a server as files."""

from typing import Annotated

import typer

from promptuary.cli.far import DEFAULT_FOLDER, FolderPath, ProfileName, reached_prompts, show_steps
from promptuary.cli.showing import AsJson, say
from promptuary.files import InvalidFile, Lock, read_folder
from promptuary.model.text import counted
from promptuary.sync import pull as take
from promptuary.sync import require_same_server


def pull(
    folder_path: FolderPath = DEFAULT_FOLDER,
    label: Annotated[
        str | None, typer.Option(help="Take the versions with this label; without it, as the folder did last.")
    ] = None,
    latest: Annotated[bool, typer.Option("--latest", help="Take the latest versions, also where a label was taken last.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Overwrite what was edited or deleted here.")] = False,
    mine: Annotated[
        bool, typer.Option("--mine", help="Keep what was edited here, and let the next push publish it on what the server has now.")
    ] = False,
    profile: ProfileName = None,
    as_json: AsJson = False,
) -> None:
    """Write each prompt to a file and note in prompts.lock what was taken. What was edited here is kept."""
    if (label is not None and latest) or (force and mine):
        raise typer.BadParameter("--label and --latest exclude each other, and so do --force and --mine.")
    folder = read_folder(folder_path)
    with reached_prompts(profile) as prompts:
        at = prompts.remote.profile
        lock = Lock(at.host, at.project, folder.lock.label if folder.lock else None) if force else require_same_server(folder, at)
        chosen = None if latest else label or lock.label
        wanted = Lock(lock.server, lock.project, chosen)
        rows = list(prompts.list_rows(label=chosen))
        if chosen is not None and not rows and not folder.entries:
            raise InvalidFile(f"No prompt has the label '{chosen}'.")
        pulled = take(folder, rows, wanted, is_forced=force, keeps_mine=mine)
    shown = pulled if as_json else [each for each in pulled if each.action != "unchanged"]
    nothing = f"{counted(len(pulled), 'prompt')}: nothing is new on the server."
    show_steps(shown, as_json=as_json, fields=("name", "file", "action", "version", "detail"), nothing=nothing)
    if any(each.action == "conflict" for each in pulled):
        say("Conflicts were left as they are: push merges, --force takes the server's, --mine keeps yours.", err=True)
        raise typer.Exit(1)
