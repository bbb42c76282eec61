"""``promptuary push``: what was edited in files becomes versions."""

from typing import Annotated

import typer

from promptuary.cli.far import DEFAULT_FOLDER, FolderPath, ProfileName, reached_prompts, show_steps
from promptuary.cli.showing import AsJson, say
from promptuary.files import Folder, InvalidFile, read_folder
from promptuary.sync import Action, Push, perform, plan_push, require_same_server

_FIELDS = ("name", "file", "action", "version", "detail")


def push(
    folder_path: FolderPath = DEFAULT_FOLDER,
    note: Annotated[str | None, typer.Option(help="What changed, as history shows it.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would be done, and do nothing.")] = False,
    archive: Annotated[bool, typer.Option("--archive", help="Archive prompts whose files were deleted.")] = False,
    profile: ProfileName = None,
    as_json: AsJson = False,
) -> None:
    """Publish what was edited since the last pull, each on the version it was made from. New files create prompts."""
    folder = _readable_folder(folder_path)
    with reached_prompts(profile) as prompts:
        lock = require_same_server(folder, prompts.remote.profile)
        done: list[Push] = []
        for planned in plan_push(folder, prompts, note=note, archives=archive):
            if dry_run or planned.action in {Action.CONFLICT, Action.DELETED}:
                done.append(planned)
                continue
            pushed, lock = perform(planned, folder, lock, prompts)
            done.append(pushed)
    show_steps(done, as_json=as_json, fields=_FIELDS, nothing="Nothing was edited.")
    if dry_run and done and not as_json:
        say("Nothing was done. Versions are those that would be published on.")
    if any(each.action is Action.CONFLICT for each in done):
        say("Conflicts were left as they are, here and there. See promptuary diff, and pull --force or --mine.", err=True)
        raise typer.Exit(1)


def _readable_folder(path: FolderPath) -> Folder:
    folder = read_folder(path)
    if not folder.files:
        raise InvalidFile(f"{path} has no prompts. Run promptuary pull.")
    if folder.problems:
        file, problem = next(iter(folder.problems.items()))
        raise InvalidFile(f"Nothing is pushed. {path / file}: {problem}")
    return folder
