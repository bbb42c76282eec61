"""``promptuary pull``: prompts of a server as files."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated

import typer

from promptuary.cli.completing import complete_labels
from promptuary.cli.output import AsJson, say
from promptuary.cli.progress import progress
from promptuary.cli.remote import ProfileName, Yes, agrees, show_steps
from promptuary.cli.workspaces import EnvName, FolderPath, open_workspace
from promptuary.files import Folder, Lock
from promptuary.model.names import check_label_name
from promptuary.model.text import counted
from promptuary.remote import RemoteProject, find_project
from promptuary.sync import (
    PullStep,
    ServerParts,
    is_of,
    new_lock,
    perform_pull,
    plan_pull,
    read_kept_parts,
    read_source,
    require_same_project,
)

_MAX_NAMED = 10


def pull(  # noqa: PLR0913, PLR0917 - an argument is an option of the command
    folder_path: FolderPath = None,
    env: EnvName = None,
    label: Annotated[
        str | None,
        typer.Option(
            help="Take the versions with this label. Default: that of the environment, or of the last pull.",
            autocompletion=complete_labels,
        ),
    ] = None,
    latest: Annotated[bool, typer.Option("--latest", help="Take the latest versions, even if the last pull took a label.")] = False,
    force: Annotated[bool, typer.Option("--force", help="Overwrite local edits and deletions.")] = False,
    mine: Annotated[
        bool, typer.Option("--mine", help="Keep local edits; the next push publishes them on top of the server's current versions.")
    ] = False,
    rebind: Annotated[
        bool, typer.Option("--rebind", help="Bind the folder to the profile's project, even if the lock file names another one.")
    ] = False,
    yes: Yes = False,
    profile: ProfileName = None,
    as_json: AsJson = False,
) -> None:
    """Write each prompt to a file and record the versions in prompts.lock. Local edits are kept."""
    if (label is not None and latest) or (force and mine):
        raise typer.BadParameter("--label and --latest exclude each other, and so do --force and --mine.")
    if label is not None:
        check_label_name(label, field="label")
    workspace = open_workspace(folder_path, env)
    folder = workspace.read()
    with workspace.reached(profile) as prompts, progress() as shown_progress:
        lock, is_elsewhere = _lock_of(folder, find_project(prompts.remote), rebinds=rebind)
        chosen = None if latest else label or (lock.label if workspace.environment is None else workspace.label)
        reading = shown_progress.add("Reading")
        server = ServerParts(prompts)
        source = read_source(folder, prompts, server, chosen, reading.advance)
        planned = plan_pull(folder, source, is_forced=force, keeps_mine=mine, is_elsewhere=is_elsewhere)
        parts = read_kept_parts(folder, planned, server)
    with_consent = _with_consent(planned, is_agreed=yes)
    try:
        pulled = perform_pull(folder, with_consent, replace(lock, label=chosen), parts)
    except KeyboardInterrupt:
        say("Stopped while files were written. Pull again to continue.", err=True)
        raise
    shown = pulled if as_json else [each for each in pulled if each.action != "unchanged"]
    nothing = f"{counted(len(pulled), 'prompt')}: nothing is new on the server."
    show_steps(shown, as_json=as_json, fields=("name", "file", "action", "version", "detail"), nothing=nothing)
    actions = {each.action for each in pulled}
    if "conflict" in actions:
        say("Conflicts were not changed: push merges, --force takes the server's versions, --mine keeps the local files.", err=True)
    if "left" in actions:
        say("To remove the remaining files, run the command again with --yes.", err=True)
    if actions & {"conflict", "left"}:
        raise typer.Exit(1)


def _lock_of(folder: Folder, project: RemoteProject, *, rebinds: bool) -> tuple[Lock, bool]:
    """Return the lock to continue with, and `True` if it is of another project than the folder's."""
    if not rebinds or folder.lock is None or is_of(folder.lock, project):
        return require_same_project(folder, project), False
    return replace(new_lock(project), label=folder.lock.label), True


def _with_consent(steps: Sequence[PullStep], *, is_agreed: bool) -> list[PullStep]:
    """Return the steps as people want them, after asking them where that is needed."""
    asked = [step for step in steps if step.needs_consent]
    if not asked or is_agreed:
        return list(steps)
    for step in asked[:_MAX_NAMED]:
        say(f"{step.pulled.file}: {step.pulled.name} {step.pulled.detail}.", err=True)
    if len(asked) > _MAX_NAMED:
        say(f"... and {len(asked) - _MAX_NAMED} more.", err=True)
    if agrees(f"Remove {counted(len(asked), 'file')}?"):
        return list(steps)
    return [step.declined if step.needs_consent else step for step in steps]
