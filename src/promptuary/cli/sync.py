"""``promptuary sync``: what was released in the pages comes into the repository, for a scheduled job."""

from dataclasses import asdict, replace

import typer

from promptuary.cli.output import AsJson, say, show_json, show_line
from promptuary.cli.plan import known_to
from promptuary.cli.progress import progress
from promptuary.cli.remote import ProfileName
from promptuary.cli.workspaces import EnvName, FolderPath, Workspace, open_workspace
from promptuary.files import Folder
from promptuary.model.text import counted
from promptuary.remote import RemotePrompts, find_project
from promptuary.sync import (
    Pulled,
    ServerParts,
    perform_pull,
    plan_pull,
    read_kept_parts,
    read_source,
    receive,
    require_same_project,
    snapshot,
)

_CHANGED = 2
_QUIET = {"unchanged"}
_WRITTEN = {"new", "updated", "removed", "restored"}


def sync(
    folder_path: FolderPath = None,
    env: EnvName = None,
    profile: ProfileName = None,
    as_json: AsJson = False,
) -> None:
    """Write what was released in the pages to the files, without questions. Exit status: 0 no change, 2 files changed, 1 error."""
    workspace = open_workspace(folder_path, env)
    folder = workspace.read()
    before = snapshot(folder.path)
    with workspace.reached(profile) as prompts:
        pulled = _received(workspace, folder, prompts)
    is_changed = snapshot(folder.path) != before
    if as_json:
        show_json({"is_changed": is_changed, "prompts": [asdict(each) for each in pulled]})
    else:
        _show(workspace, pulled, is_changed=is_changed)
    if any(each.action == "conflict" for each in pulled):
        raise typer.Exit(1)
    if is_changed:
        raise typer.Exit(_CHANGED)


def _received(workspace: Workspace, folder: Folder, prompts: RemotePrompts) -> list[Pulled]:
    lock = require_same_project(folder, find_project(prompts.remote))
    label = lock.label if workspace.environment is None else workspace.label
    server = ServerParts(prompts)
    with progress() as shown:
        source = read_source(folder, prompts, server, label, shown.add("Reading").advance)
    received = receive(folder, lock, source, prompts, known_to(workspace))
    steps = received.settled(plan_pull(received.folder, source, is_forced=False, keeps_mine=False))
    parts = read_kept_parts(received.folder, steps, server)
    current = received.folder.lock or lock
    return perform_pull(received.folder, steps, replace(current, label=label), parts)


def _show(workspace: Workspace, pulled: list[Pulled], *, is_changed: bool) -> None:
    """Print what was done so that it is the message of a commit: a subject, an empty line, and a line for each prompt."""
    where = f" from {workspace.environment.name}" if workspace.environment else ""
    written = sum(each.action in _WRITTEN for each in pulled)
    if not is_changed:
        say(f"{counted(len(pulled), 'prompt')}: nothing is new on the server.")
    else:
        show_line(f"Sync {counted(written, 'prompt')}{where}" if written else f"Sync the lock file{where}")
    lines = [each for each in pulled if each.action not in _QUIET]
    if lines:
        show_line("")
    for each in lines:
        detail = f": {each.detail}" if each.detail else ""
        show_line(f"{each.action} {each.name} (version {each.version}){detail}")
