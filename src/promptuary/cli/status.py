"""``promptuary status`` and ``promptuary diff``: how a folder stands to what was pulled, and to the server."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import Annotated

import typer

from promptuary.cli.differences import difference_record, show_difference
from promptuary.cli.output import AsJson, say, show_json, show_line, show_records
from promptuary.cli.remote import ProfileName
from promptuary.cli.workspaces import EnvName, FolderPath, Workspace, open_workspace
from promptuary.files import Folder, InvalidFile
from promptuary.model.text import counted
from promptuary.remote import find_project
from promptuary.sync import (
    AssembledDifference,
    ServerParts,
    list_assembled_differences,
    list_differences,
    list_states,
    require_same_project,
)


def status(
    folder_path: FolderPath = None,
    env: EnvName = None,
    offline: Annotated[bool, typer.Option("--offline", help="Do not ask the server.")] = False,
    profile: ProfileName = None,
    as_json: AsJson = False,
) -> None:
    """List local edits, and versions of the server that were not pulled."""
    workspace = open_workspace(folder_path, env)
    folder = _folder_with_prompts(workspace)
    rows, unlabelled = None, frozenset[str]()
    if not offline:
        with workspace.reached(profile) as prompts:
            lock = require_same_project(folder, find_project(prompts.remote))
            label = lock.label if workspace.environment is None else workspace.label
            rows = {row["name"]: row for row in prompts.list_plain(label=label)}
            if label is not None and folder.entries.keys() - rows.keys():
                unlabelled = frozenset(row["name"] for row in prompts.list_plain())
    states = list_states(folder, rows, unlabelled=unlabelled)
    if as_json:
        show_json([asdict(state) for state in states])
        return
    changed = [asdict(state) for state in states if state.here != "unchanged" or state.there]
    nothing = f"{counted(len(states), 'prompt')}: no local edits, and nothing new on the server."
    show_records(changed, as_json=False, nothing=nothing)
    for file, reason in folder.ignored.items():
        show_line(f"{file} is no prompt: {reason[0].lower()}{reason[1:]}")


def diff(
    folder_path: FolderPath = None,
    env: EnvName = None,
    names: Annotated[list[str] | None, typer.Option("--name", help="Only this prompt. Repeatable.")] = None,
    resolved: Annotated[
        bool, typer.Option("--resolved", help="Compare assembled texts, with the parts as pulled and as they are now.")
    ] = False,
    profile: ProfileName = None,
    as_json: AsJson = False,
) -> None:
    """Compare local files with the pulled versions."""
    workspace = open_workspace(folder_path, env)
    folder = _folder_with_prompts(workspace)
    if unknown := [name for name in names or () if name not in folder.entries and name not in folder.found]:
        raise InvalidFile(f"{workspace.path} has no prompt '{unknown[0]}'.")
    with workspace.reached(profile) as prompts:
        require_same_project(folder, find_project(prompts.remote))
        if resolved:
            _show_assembled(list_assembled_differences(folder, prompts, ServerParts(prompts), names or ()), as_json=as_json)
            return
        found = list(list_differences(folder, prompts, names or ()))
    if as_json:
        show_json([difference_record(each) for each in found])
        return
    for each in found:
        was = "nothing" if each.version is None else f"version {each.version}"
        show_difference(each.old, each.new, title=f"{each.name}: {was} and {'the file' if each.new else 'no file'}")
    if not found:
        say("Nothing was edited.")


def _show_assembled(differences: Iterator[AssembledDifference], *, as_json: bool) -> None:
    found = list(differences)
    if as_json:
        show_json([{**difference_record(each.difference), "is_edited": each.is_edited, "moves": each.moves} for each in found])
        return
    for each in found:
        name, version, old, new = each.difference.name, each.difference.version, each.difference.old, each.difference.new
        was = "nothing" if version is None else f"version {version}"
        moves = ", ".join(each.moves)
        edited = f"{was} and {'the file' if new else 'no file'}{f'; {moves}' if moves else ''}"
        show_difference(old, new, title=f"{name}: {edited if each.is_edited else f'unchanged here, but {moves}'}")
    if not found:
        say("Nothing was edited, and no part has moved.")


def _folder_with_prompts(workspace: Workspace) -> Folder:
    folder = workspace.read()
    if folder.lock is None and not folder.found and not folder.problems:
        raise InvalidFile(f"{workspace.path} has no prompts. Run promptuary pull.")
    return folder
