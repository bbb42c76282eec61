"""``promptuary push``: what was edited in files becomes versions."""

from collections.abc import Iterator, Sequence
from typing import Annotated

import typer

from promptuary.cli.completing import complete_labels
from promptuary.cli.hidden_warnings import warn_of_push
from promptuary.cli.output import AsJson, say
from promptuary.cli.progress import Bar, progress
from promptuary.cli.remote import (
    ProfileName,
    Yes,
    agrees,
    require_labelling,
    show_step,
    show_steps,
)
from promptuary.cli.variable_warnings import warn_of_variables_in_push
from promptuary.cli.workspaces import EnvName, FolderPath, Workspace, open_workspace
from promptuary.files import Folder, InvalidFile, Lock, write_parts
from promptuary.model.text import counted
from promptuary.remote import RemotePrompts, Unreachable, find_project
from promptuary.sync import Action, Push, ServerParts, keep_parts, perform, plan_push, require_same_project

_FIELDS = ("name", "file", "action", "version", "detail")
_NOTHING_TO_DO = {Action.CONFLICT, Action.DELETED}
_PUBLISHING = {Action.CREATE, Action.PUBLISH, Action.MERGE}


def push(  # noqa: PLR0913, PLR0917 - an argument is an option of the command
    folder_path: FolderPath = None,
    env: EnvName = None,
    note: Annotated[str | None, typer.Option(help="Description of the change, shown in the history.")] = None,
    labels: Annotated[
        list[str] | None,
        typer.Option(
            "--label", help="A label that points at each pushed version at once. Repeatable.", autocompletion=complete_labels
        ),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the changes without making them.")] = False,
    archive: Annotated[bool, typer.Option("--archive", help="Archive prompts whose files were deleted.")] = False,
    yes: Yes = False,
    profile: ProfileName = None,
    as_json: AsJson = False,
) -> None:
    """Publish local edits since the last pull, each on top of its base version. New files create prompts."""
    workspace = open_workspace(folder_path, env)
    folder = _readable_folder(workspace)
    if archive and not folder.found and not dry_run and not yes:
        _ask_to_archive(folder)
    for file, reason in {} if as_json else folder.ignored.items():
        say(f"{file} is left out: {reason[0].lower()}{reason[1:]}", err=True)
    with workspace.reached(profile) as prompts:
        require_labelling(prompts, labels)
        lock = require_same_project(folder, find_project(prompts.remote))
        with progress() as shown:
            comparing = shown.add("Comparing")
            planned = plan_push(
                folder,
                prompts,
                note=note,
                labels=labels or (),
                archives=archive,
                advance=comparing.advance,
            )
        if dry_run:
            done = _shown(iter(planned), planned, Bar(), as_json=as_json)
        else:
            with progress() as shown:
                pushing = shown.add("Pushing", total=len(planned))
                done = _shown(_performed(planned, folder, lock, prompts), planned, pushing, as_json=as_json)
    if dry_run and done and not as_json:
        say("Dry run: nothing was changed. Versions are the base versions.")
    if any(each.action is Action.CONFLICT for each in done):
        say("Conflicts were not changed. See promptuary diff, and pull --force or --mine.", err=True)
        raise typer.Exit(1)


def _performed(planned: Sequence[Push], folder: Folder, lock: Lock, prompts: RemotePrompts) -> Iterator[Push]:
    server = ServerParts(prompts)
    for number, each in enumerate(planned):
        if each.action in _NOTHING_TO_DO:
            yield each
            continue
        try:
            pushed, lock = perform(each, folder, lock, prompts, server)
        except Unreachable as error:
            rest = counted(len(planned) - number, "prompt")
            raise Unreachable(f"{error} {rest} from {each.name} on were not pushed; push again.") from None
        yield pushed
    if folder.parts or any(entry.references for entry in lock.entries.values()):
        write_parts(folder.path, keep_parts(folder, lock.entries.values(), server).values())


def _shown(steps: Iterator[Push], planned: Sequence[Push], pushing: Bar, *, as_json: bool) -> list[Push]:
    """Show each step as soon as it is done; JSON at the end, also where a step fails."""
    done: list[Push] = []
    width = max((len(each.action) for each in planned), default=0)
    try:
        for each in steps:
            done.append(each)
            pushing.advance()
            if not as_json:
                show_step(each, fields=_FIELDS, width=width)
            if each.action in _PUBLISHING:
                warn_of_push(each)
                warn_of_variables_in_push(each)
    except (KeyboardInterrupt, InvalidFile):
        number = sum(each.action not in _NOTHING_TO_DO for each in done)
        say(f"Stopped: {number} of {counted(len(planned), 'prompt')} were pushed. Push again to continue.", err=True)
        raise
    finally:
        if as_json or not planned:
            show_steps(done, as_json=as_json, fields=_FIELDS, nothing="Nothing was edited.")
    return done


def _ask_to_archive(folder: Folder) -> None:
    number = counted(len(folder.entries), "prompt")
    if not agrees(f"{folder.path} has no file of any prompt. Archive {number}?"):
        raise InvalidFile(f"{folder.path} has no file of any prompt. To archive {number}, add --yes.")


def _readable_folder(workspace: Workspace) -> Folder:
    folder, path = workspace.read(), workspace.path
    if folder.problems:
        problems = [f"{path / file}: {problem}" for file, problem in folder.problems.items()]
        if len(problems) == 1:
            raise InvalidFile(f"Nothing is pushed. {problems[0]}")
        for line in problems:
            say(line, err=True)
        raise InvalidFile(f"Nothing was pushed: {len(problems)} files are invalid.")
    if not folder.found and not folder.entries:
        raise InvalidFile(f"{path} has no prompts. Run promptuary pull.")
    return folder
