"""``promptuary status`` and ``promptuary diff``: how a folder stands to what was pulled, and to the server."""

from dataclasses import asdict
from typing import Annotated

import typer

from promptuary.cli.differences import difference_record, show_difference
from promptuary.cli.far import DEFAULT_FOLDER, FolderPath, ProfileName, reached_prompts
from promptuary.cli.showing import AsJson, say, show_json, show_records
from promptuary.files import read_folder
from promptuary.model.text import counted
from promptuary.sync import list_differences, list_states, require_same_server


def status(
    folder_path: FolderPath = DEFAULT_FOLDER,
    offline: Annotated[bool, typer.Option("--offline", help="Do not ask the server.")] = False,
    profile: ProfileName = None,
    as_json: AsJson = False,
) -> None:
    """Show what was edited here, and what the server has that was not pulled."""
    folder = read_folder(folder_path)
    rows = None
    if not offline:
        with reached_prompts(profile) as prompts:
            lock = require_same_server(folder, prompts.remote.profile)
            rows = {row["name"]: row for row in prompts.list_plain(label=lock.label)}
    states = list_states(folder, rows)
    if as_json:
        show_json([asdict(state) for state in states])
        return
    changed = [asdict(state) for state in states if state.here != "unchanged" or state.there]
    nothing = f"{counted(len(states), 'prompt')}: nothing was edited, and the server has nothing else."
    show_records(changed, as_json=False, nothing=nothing)
    for file, reason in folder.ignored.items():
        say(f"{file} is no prompt: {reason[0].lower()}{reason[1:]}")


def diff(
    folder_path: FolderPath = DEFAULT_FOLDER,
    names: Annotated[list[str] | None, typer.Option("--name", help="Only this prompt; repeat for several.")] = None,
    profile: ProfileName = None,
    as_json: AsJson = False,
) -> None:
    """Show what was edited here, beside the versions that were pulled."""
    folder = read_folder(folder_path)
    with reached_prompts(profile) as prompts:
        require_same_server(folder, prompts.remote.profile)
        found = list(list_differences(folder, prompts, names or ()))
    if as_json:
        show_json([difference_record(each) for each in found])
        return
    for each in found:
        was = "nothing" if each.version is None else f"version {each.version}"
        show_difference(each.old, each.new, title=f"{each.name}: {was} and {'the file' if each.new else 'no file'}")
    if not found:
        say("Nothing was edited.")
