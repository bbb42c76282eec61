"""``promptuary plan`` and ``promptuary apply``: what a merge brings to a server, before and when it does."""

from collections.abc import Sequence
from typing import Annotated

import typer

from promptuary.cli.formats import ChosenFormat, Format
from promptuary.cli.output import AsJson, say, show_json, show_line
from promptuary.cli.plan_report import PlanReport, record_of, sentence_of
from promptuary.cli.progress import progress
from promptuary.cli.remote import ProfileName, Yes, agrees, require_agreement
from promptuary.cli.workspaces import EnvName, FolderPath, Workspace, open_workspace
from promptuary.files import Folder, InvalidFile
from promptuary.model.prompts import MAX_VERSIONS
from promptuary.model.text import counted
from promptuary.remote import RemotePrompts, RemoteReleases, find_project
from promptuary.sync import (
    Change,
    Goal,
    Known,
    Proposal,
    Step,
    apply_changes,
    list_unseen,
    open_proposal,
    plan_changes,
    read_checkout,
    require_same_project,
)

_CHANGES = 2

Prune = Annotated[bool, typer.Option("--prune", help="Archive prompts that the lock file has and whose files were deleted.")]
Seen = Annotated[
    list[str] | None,
    typer.Option("--seen", help="NAME=VERSION: publish the file on top of this version, which it knows. Repeatable."),
]
Note = Annotated[str | None, typer.Option("--note", help="Description of new versions. Default: that of the file or the commit.")]


def plan(
    folder_path: FolderPath = None,
    env: EnvName = None,
    output: ChosenFormat = None,
    prune: Prune = False,
    seen: Seen = None,
    profile: ProfileName = None,
    as_json: AsJson = False,
) -> None:
    """Show what apply would publish, label and archive. Exit status: 0 nothing, 2 changes, 1 conflicts or an error."""
    workspace = open_workspace(folder_path, env)
    folder = read_valid_folder(workspace)
    with workspace.reached(profile) as prompts:
        planned = _plan(workspace, folder, prompts, _goal(workspace, folder, note=None, seen=seen, prunes=prune))
    report = PlanReport(workspace, folder, planned)
    report.show(Format.JSON if as_json else output or Format.TEXT)
    if report.has_conflicts:
        raise typer.Exit(1)
    if report.has_changes:
        raise typer.Exit(_CHANGES)


def apply(  # noqa: PLR0913, PLR0917 - an argument is an option of the command
    folder_path: FolderPath = None,
    env: EnvName = None,
    note: Note = None,
    prune: Prune = False,
    seen: Seen = None,
    request: Annotated[
        bool, typer.Option("--request", help="Propose the moves of the label in one change request instead of making them.")
    ] = False,
    yes: Yes = False,
    profile: ProfileName = None,
    as_json: AsJson = False,
) -> None:
    """Publish and label what differs from the server, each prompt in one step. The lock file is not needed and not written."""
    workspace = open_workspace(folder_path, env)
    folder = read_valid_folder(workspace)
    if request and workspace.label is None:
        raise InvalidFile("--request needs an environment with a label.")
    if prune and not folder.found and not yes:
        _ask_to_archive(folder)
    goal = _goal(workspace, folder, note=note, seen=seen, prunes=prune)
    with workspace.reached(profile) as prompts:
        planned = _plan(workspace, folder, prompts, goal)
        number = sum(change.step.is_change for change in planned)
        if number and not as_json:
            require_agreement(f"Apply {counted(number, 'change')} to {_place(workspace, prompts)}?", is_agreed=yes)
        proposal = Proposal(goal.note or goal.known.checkout.subject or f"Apply {folder.path}") if request else None
        done = _applied(planned, folder, prompts, proposal, as_json=as_json)
    if any(change.step is Step.CONFLICT for change in done):
        raise typer.Exit(1)


def _applied(
    planned: Sequence[Change], folder: Folder, prompts: RemotePrompts, proposal: Proposal | None, *, as_json: bool
) -> list[Change]:
    """Perform the steps and show each as soon as it is done; JSON at the end, also if a step fails."""
    done: list[Change] = []
    try:
        for change in apply_changes(planned, folder, prompts, proposal):
            done.append(change)
            if not as_json:
                say(sentence_of(change, is_done=True), err=change.step is Step.CONFLICT)
        if proposal is not None:
            open_proposal(proposal, prompts)
    finally:
        if as_json:
            show_json({"changes": [record_of(each) for each in done], "change_request": proposal and proposal.opened})
    if not done and not as_json:
        say("Nothing to apply.")
    if not as_json and proposal is not None and proposal.opened is not None:
        show_line(f"Change request {proposal.opened['id']} proposes {counted(len(proposal.moves), 'move')} of labels.")
    return done


def read_valid_folder(workspace: Workspace) -> Folder:
    """Read the folder of a workspace. Raises `InvalidFile` if it has no prompts, or files that are not valid."""
    folder = workspace.read()
    if folder.problems:
        for file, problem in folder.problems.items():
            say(f"{folder.path / file}: {problem}", err=True)
        raise InvalidFile(f"Nothing was done, because of {counted(len(folder.problems), 'invalid file')}. See promptuary check.")
    if not folder.found and not folder.entries:
        raise InvalidFile(f"{folder.path} has no prompts. Run promptuary pull.")
    return folder


def known_to(workspace: Workspace, seen: Sequence[str] | None = None) -> Known:
    """Return the knowledge of a workspace about the versions of the server."""
    return Known(read_checkout(workspace.path), dict(map(_seen, seen or ())), trusts_front_matter=not workspace.is_shared)


def _goal(workspace: Workspace, folder: Folder, *, note: str | None, seen: Sequence[str] | None, prunes: bool) -> Goal:
    goal = Goal(known_to(workspace, seen), workspace.label, note, prunes)
    if unknown := list_unseen(folder, goal):
        raise InvalidFile(f"{folder.path} has no prompt '{unknown[0]}', which --seen names.")
    return goal


def _plan(workspace: Workspace, folder: Folder, prompts: RemotePrompts, goal: Goal) -> list[Change]:
    require_same_project(folder, find_project(prompts.remote))
    if workspace.label is not None:
        RemoteReleases(prompts.remote).require_known()
    with progress() as shown:
        return plan_changes(folder, prompts, goal, shown.add("Comparing", total=len(folder.found)).advance)


def _place(workspace: Workspace, prompts: RemotePrompts) -> str:
    at = prompts.remote.profile
    return workspace.environment.name if workspace.environment else f"project {at.project} of {at.host}"


def _ask_to_archive(folder: Folder) -> None:
    number = counted(len(folder.entries), "prompt")
    if not agrees(f"{folder.path} has no file of any prompt. Archive {number}?"):
        raise InvalidFile(f"{folder.path} has no file of any prompt. To archive {number}, add --yes.")


def _seen(text: str) -> tuple[str, int]:
    name, _, version = text.partition("=")
    if not name or not version.isascii() or not version.isdigit() or not 1 <= int(version[:9]) <= MAX_VERSIONS:
        raise typer.BadParameter(f"{text} is no version that was seen. Write NAME=VERSION.")
    return name, int(version)
